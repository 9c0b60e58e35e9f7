"""One commit for the small deliveries of many connections."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from control_plane.kernel.ids import TenantId
from metering.domain.events import IngestResult, UsageEvent
from metering.errors import IngestInterrupted, IngestOverloaded

Commit: TypeAlias = Callable[[TenantId, Sequence[UsageEvent]], Awaitable[list[IngestResult]]]
"""Stores events of one tenant in a transaction of its own, and answers in order."""


@dataclass(slots=True)
class _Delivery:
    events: Sequence[UsageEvent]
    answer: "asyncio.Future[list[IngestResult]]"


@dataclass(slots=True)
class _Lane:
    waiting: deque[_Delivery] = field(default_factory=deque)
    runners: set["asyncio.Task[None]"] = field(default_factory=set)


@dataclass(slots=True)
class GroupCommit:
    """Merges what arrives for a tenant while previous groups are being committed.

    A delivery that finds none of its tenant's on the way is committed at once; the next
    waits ``linger_seconds`` for company, then a group of up to ``most_in_group`` events is
    committed. Nobody is answered before that commit. ``most_at_once`` groups of a tenant
    are on their way together: with two, what comes during a commit need not wait for its
    end. Groups never mix
    tenants, so that row-level security stays in force. At most ``most_waiting``
    events wait in this process.
    """

    commit: Commit
    linger_seconds: float = 0.001
    most_in_group: int = 1_000
    most_waiting: int = 20_000
    most_at_once: int = 1
    _lanes: dict[TenantId, _Lane] = field(default_factory=dict)
    _waiting: int = 0

    async def __call__(
        self, tenant_id: TenantId, events: Sequence[UsageEvent]
    ) -> list[IngestResult]:
        """Answer for these events once the group they joined is committed.

        Raises:
            IngestOverloaded: too many wait already; nothing was taken.
            Exception: whatever the group's commit raised; none of these events
                was acknowledged, and sending them again is safe.
        """
        if self._waiting + len(events) > self.most_waiting:
            raise IngestOverloaded(waiting=self._waiting)
        loop = asyncio.get_running_loop()
        delivery = _Delivery(events, loop.create_future())
        lane = self._lanes.setdefault(tenant_id, _Lane())
        lane.waiting.append(delivery)
        self._waiting += len(events)
        if len(lane.runners) < self.most_at_once:
            # An empty context: the group is nobody's request, and must not be
            # logged or traced as that of whoever happened to come first.
            linger = self.linger_seconds if lane.runners else 0
            run = self._run(tenant_id, lane, linger)
            lane.runners.add(loop.create_task(run, context=Context()))
        return await delivery.answer

    async def _run(self, tenant_id: TenantId, lane: _Lane, linger: float) -> None:
        try:
            await asyncio.sleep(linger)
            while lane.waiting:
                await self._commit_group(tenant_id, self._next_group(lane))
        finally:
            lane.runners.discard(cast("asyncio.Task[None]", asyncio.current_task()))
            if not lane.runners:
                del self._lanes[tenant_id]
                self._abandon(lane)

    def _next_group(self, lane: _Lane) -> list[_Delivery]:
        group = [lane.waiting.popleft()]
        size = len(group[0].events)
        while lane.waiting and size + len(lane.waiting[0].events) <= self.most_in_group:
            group.append(lane.waiting.popleft())
            size += len(group[-1].events)
        self._waiting -= size
        return group

    async def _commit_group(self, tenant_id: TenantId, group: list[_Delivery]) -> None:
        events = [event for delivery in group for event in delivery.events]
        try:
            results = await self.commit(tenant_id, events)
        except BaseException as error:
            failure = error if isinstance(error, Exception) else IngestInterrupted()
            _fail(group, failure)
            if failure is not error:
                raise
            return
        answered = iter(results)
        for delivery in group:
            own = [next(answered) for _ in delivery.events]
            if not delivery.answer.done():  # its caller may have gone away
                delivery.answer.set_result(own)

    def _abandon(self, lane: _Lane) -> None:
        self._waiting -= sum(len(delivery.events) for delivery in lane.waiting)
        _fail(lane.waiting, IngestInterrupted())


def _fail(deliveries: Sequence[_Delivery] | deque[_Delivery], error: Exception) -> None:
    for delivery in deliveries:
        if not delivery.answer.done():
            delivery.answer.set_exception(error)
