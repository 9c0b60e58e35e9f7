"""Count what waited in quarantine, once a meter counts its type."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from control_plane.audit.record import record
from control_plane.catalog.domain import Meter
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from metering.domain.events import IngestResult, IngestStatus, UsageEvent
from metering.domain.judging import refuse
from metering.domain.quarantine import Replayed
from metering.errors import EventRefused, EventTooLate
from metering.errors_quarantine import QuarantinedTypeNotFound
from metering.ports import UsageStore
from metering.stores.quarantine import Quarantine, Waiting

MOST_AT_ONCE = 5_000

_SETTLED = {IngestStatus.ACCEPTED, IngestStatus.DUPLICATE}


@dataclass(frozen=True, slots=True)
class ReplayQuarantine:
    """Take quarantined events in as if they were sent now, in one transaction.

    What is counted, or was before, leaves the quarantine with it; what came too late goes to the
    refused events. What its meter rejects, or is in conflict with another event, stays with its
    reason. However often a replay is started or killed, each event counts once.
    """

    work: UnitOfWork
    store: UsageStore
    tenant_clock: TenantClock

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        actor: str,
        event_type: str | None = None,
        untried: bool = False,
    ) -> Replayed:
        """Replay up to `MOST_AT_ONCE` events whose type a meter counts.

        Args:
            tenant_id: whose events.
            actor: who asked for it, for the audit record.
            event_type: those of this type only.
            untried: those only that were not tried yet by the catalogue on sale.

        Raises:
            QuarantinedTypeNotFound: there are none of ``event_type``.
        """
        async with self.work(tenant_id) as session:
            quarantine = Quarantine(session, tenant_id)
            await quarantine.lock()
            if event_type is not None and not await quarantine.page(event_type, None, 1):
                raise QuarantinedTypeNotFound(value=event_type, field="type")
            catalog = CatalogRepository(session)
            revision = await catalog.revision()
            meters = _by_type(await catalog.meters(), event_type)
            found = await quarantine.replayable(
                meters, before=revision if untried else None, limit=MOST_AT_ONCE + 1
            )
            waiting, more = found[:MOST_AT_ONCE], len(found) > MOST_AT_ONCE
            if not waiting:
                return Replayed()
            now = await self.tenant_clock.now(session, tenant_id)
            results = await self._take_in(tenant_id, waiting, meters, now)
            done = await _settle(quarantine, waiting, results, revision)
            replayed = _replayed(done, more=more)
            await record(
                session,
                tenant_id,
                actor,
                "usage.quarantine_replayed",
                "organisation",
                format_id("ten", tenant_id),
                {"types": sorted({w.kept.event.type for w in waiting}), **done},
            )
        return replayed

    async def _take_in(
        self,
        tenant_id: TenantId,
        waiting: Sequence[Waiting],
        meters: Mapping[str, tuple[Meter, ...]],
        now: datetime,
    ) -> list[IngestResult]:
        """Judge, store and refuse, with results in the order of ``waiting``."""
        judged = [
            (event, refuse(event, meters=meters[event.type], now=now))
            for event in (w.kept.event for w in waiting)
        ]
        good = [event for event, refusal in judged if refusal is None]
        late = [(e, refusal) for e, refusal in judged if isinstance(refusal, EventTooLate)]
        stored = iter(await self.store.ingest(tenant_id, good))
        refused = iter(await self.store.keep_refused(tenant_id, late, now))
        return [
            next(stored)
            if refusal is None
            else next(refused)
            if isinstance(refusal, EventTooLate)
            else _rejected(event, refusal)
            for event, refusal in judged
        ]


def _rejected(event: UsageEvent, refusal: EventRefused) -> IngestResult:
    return IngestResult(event.source, event.id, IngestStatus.REJECTED, refusal)


def _by_type(
    meters: Mapping[str, Meter], event_type: str | None
) -> Mapping[str, tuple[Meter, ...]]:
    found: dict[str, tuple[Meter, ...]] = {}
    for meter in meters.values():
        if event_type in {None, meter.event_type}:
            found[meter.event_type] = (*found.get(meter.event_type, ()), meter)
    return found


async def _settle(
    quarantine: Quarantine,
    waiting: Sequence[Waiting],
    results: Sequence[IngestResult],
    revision: int,
) -> dict[str, int]:
    """Let go what is settled, note why the rest stays, and count both."""
    leaving: list[int] = []
    staying: dict[int, str] = {}
    done: Counter[str] = Counter()
    for one, result in zip(waiting, results, strict=True):
        late = isinstance(result.refusal, EventTooLate)
        if result.status in _SETTLED or late:
            leaving.append(one.seq)
            done["too_late" if late else result.status.value] += 1
        else:
            staying[one.seq] = result.reason or result.status.value
            done["kept"] += 1
    await quarantine.leave(leaving)
    await quarantine.stay(staying, revision)
    return dict(done)


def _replayed(done: Mapping[str, int], *, more: bool) -> Replayed:
    return Replayed(
        accepted=done.get("accepted", 0),
        duplicate=done.get("duplicate", 0),
        too_late=done.get("too_late", 0),
        kept=done.get("kept", 0),
        more=more,
    )
