"""Making what runs what should run."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import structlog

from control_plane.kernel.clock import Clock
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import InstanceId, OutboxId, TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from provisioner.domain.instances import Observation, State
from provisioner.domain.plan import Action, Step, plan
from provisioner.errors import NotReady, PortTaken, ReconcileBusy, RuntimeUnavailable, StartFailed
from provisioner.models import InstanceRow
from provisioner.ports import Runtime
from provisioner.repository import InstanceRepository
from provisioner.services.purge_exports import PurgeExports
from provisioner.services.take_step import TakeStep
from provisioner.services.tenant_lock import TenantLock
from provisioner.services.update_records import UpdateRecords

MAX_PASSES = 12
READY_SECONDS = 30.0
HANDLER_PATIENCE_SECONDS = 20.0
_POLL_SECONDS = 0.1
_AT_ONCE = 4

log = structlog.get_logger()


@dataclass(slots=True)
class Outcome:
    """How a reconciliation ended.

    ``converged``: everything is as it should be. ``busy``: another executor was at it.
    ``moved`` counts what was changed; ``failures`` are by instance.
    """

    moved: int = 0
    busy: bool = False
    converged: bool = False
    failures: dict[InstanceId, TallyardError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Bring a tenant's instances to where its entitlements want them.

    Level-triggered: it looks at what is wanted and what is there, whatever happened before, and
    may therefore be killed at any point and run again. One instance's failure stops no other.
    When everything is as it should be, nothing is written.
    """

    work: UnitOfWork
    clock: Clock
    runtime: Runtime
    update_records: UpdateRecords
    take_step: TakeStep
    lock: TenantLock
    purge_exports: PurgeExports
    ready_seconds: float = READY_SECONDS

    async def __call__(self, tenant_id: TenantId, *, patience: float = 0) -> Outcome:
        """Reconcile until nothing is left to do, or what is left cannot be done now."""
        outcome = Outcome()
        async with self.lock(tenant_id, patience=patience) as held:
            if not held:
                outcome.busy = True
                return outcome
            outcome.moved += await self.update_records(tenant_id)
            for _ in range(MAX_PASSES):
                if not await self._pass(tenant_id, outcome):
                    break
            if outcome.converged:
                outcome.moved += await self.purge_exports(tenant_id)
        return outcome

    async def deliver(
        self, tenant_id: TenantId, payload: dict[str, object], delivery_id: OutboxId
    ) -> None:
        """Handle `INSTANCES_CHANGED` from the outbox.

        What fails is kept on the instance and tried again by the periodic job.

        Raises:
            ReconcileBusy: another executor is at it, and may have read what was before.
        """
        del payload, delivery_id  # the message only says whose instances to look at
        if (await self(tenant_id, patience=HANDLER_PATIENCE_SECONDS)).busy:
            raise ReconcileBusy(tenant=format_id("ten", tenant_id))

    async def _pass(self, tenant_id: TenantId, outcome: Outcome) -> bool:
        """Look once and do what that view asks for; tell whether to look again."""
        async with self.work(tenant_id) as session:
            rows = await InstanceRepository(session).active(tenant_id)
        mine = {row.ref.instance_id: row for row in rows if row.runtime == self.runtime.name}
        observed = await self._observe(tenant_id, mine, outcome)
        await self._note(tenant_id, mine.values(), observed)
        steps = plan((row.as_desired() for row in mine.values()), observed)
        todo = [step for step in steps if step.instance_id in mine.keys() - outcome.failures]
        _report_strays(steps)
        unknown = any(observed.of(each).state is State.UNKNOWN for each in mine)
        foreign = len(mine) < len(rows)
        outcome.converged = not (todo or outcome.failures or unknown or foreign)
        if not todo:
            return False
        await self._await_ready(tenant_id, await self._take(todo, mine, outcome), outcome)
        return True

    async def _observe(
        self, tenant_id: TenantId, mine: dict[InstanceId, InstanceRow], outcome: Outcome
    ) -> Observation:
        try:
            return await self.runtime.observe(tenant_id)
        except RuntimeUnavailable as error:
            log.warning(
                "runtime_unavailable", tenant_id=format_id("ten", tenant_id), reason=str(error)
            )
            outcome.failures.update(dict.fromkeys(mine, error))
            return Observation(complete=False)

    async def _take(
        self, steps: Sequence[Step], mine: dict[InstanceId, InstanceRow], outcome: Outcome
    ) -> list[InstanceRow]:
        """Do the steps, instances side by side; return those whose readiness is to be awaited."""
        by_instance: dict[InstanceId, list[Action]] = defaultdict(list)
        for step in steps:
            by_instance[step.instance_id].append(step.action)
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(instance_id: InstanceId, actions: list[Action]) -> bool:
            async with gate:
                return await self._take_all(mine[instance_id], actions, outcome)

        waits = await asyncio.gather(*(one(*item) for item in by_instance.items()))
        return [mine[each] for each, wait in zip(by_instance, waits, strict=True) if wait]

    async def _take_all(self, row: InstanceRow, actions: list[Action], outcome: Outcome) -> bool:
        """Do one instance's actions in order; true at the first that has to wait for readiness."""
        for action in actions:
            if action is Action.AWAIT_READY:
                return True
            try:
                await self.take_step(action, row)
            except PortTaken:
                outcome.moved += 1  # recorded under another port: the next pass makes it anew
                return False
            except TallyardError as error:
                await self._fail(row, error, outcome)
                return False
            outcome.moved += 1
            log.info("step", action=action, module=row.module, instance=row.ref.instance_text)
        return False

    async def _await_ready(
        self, tenant_id: TenantId, rows: Sequence[InstanceRow], outcome: Outcome
    ) -> None:
        """Wait while instances start; who does not become ready is left to the next run."""
        waiting = list(rows)
        for attempt in range(int(self.ready_seconds / _POLL_SECONDS) + 1):
            if not waiting:
                return
            if attempt:
                await asyncio.sleep(_POLL_SECONDS)
            observed = await self._observe(tenant_id, {}, outcome)
            states = {row.id: observed.of(row.ref.instance_id).state for row in waiting}
            for row in waiting:
                if states[row.id] in {State.STOPPED, State.UNHEALTHY}:
                    await self._fail(row, await self._why(row), outcome)
            waiting = [row for row in waiting if states[row.id] is State.STARTING]
        for row in waiting:
            seconds = round(self.ready_seconds)
            late = NotReady(instance=row.ref.instance_text, seconds=seconds)
            await self._fail(row, late, outcome)

    async def _why(self, row: InstanceRow) -> StartFailed:
        """Take the reason from the last line that the instance wrote."""
        lines = (await self.runtime.logs(row.ref, lines=5)).strip().splitlines()
        reason = lines[-1][:500] if lines else "it ended without a word"
        return StartFailed(instance=row.ref.instance_text, reason=reason)

    async def _note(
        self, tenant_id: TenantId, rows: Iterable[InstanceRow], observed: Observation
    ) -> None:
        """Record what was seen, where that is news."""
        seen = ((row, observed.of(row.ref.instance_id).state) for row in rows)
        news = [(row, state) for row, state in seen if row.is_news(state)]
        if not news:
            return
        async with self.work(tenant_id) as session:
            repository = InstanceRepository(session)
            for row, state in news:
                await repository.saw(row, state, at=self.clock.now())

    async def _fail(self, row: InstanceRow, error: TallyardError, outcome: Outcome) -> None:
        outcome.failures[row.ref.instance_id] = error
        log.warning("step_failed", instance=row.ref.instance_text, code=error.code, exc_info=error)
        async with self.work(row.ref.tenant_id) as session:
            await InstanceRepository(session).failed(row, str(error))


def _report_strays(steps: Iterable[Step]) -> None:
    for step in steps:
        if step.action is Action.REPORT_STRAY:
            log.warning("stray_instance", instance=format_id("ins", step.instance_id))
