"""One commit for the small deliveries of many connections."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from control_plane.kernel.ids import TenantId
from metering.domain.events import IngestResult, UsageEvent
from metering.errors import IngestInterrupted, IngestOverloaded

Commit: TypeAlias = Callable[[TenantId, Sequence[UsageEvent]], Awaitable[list[IngestResult]]]
"""Stores events of one tenant in a transaction of its own, and answers in order."""

_KEPT: Final = 0.95  # of what was usual, by the next group
_COMPANY: Final = 2


class _Delivery(NamedTuple):
    events: Sequence[UsageEvent]
    answer: "asyncio.Future[list[IngestResult]]"


@dataclass(slots=True)
class _Lane:
    """A tenant's deliveries: those that wait, and the groups that are being committed.

    ``usual`` is how many deliveries there were together, lately.
    """

    tenant_id: TenantId
    waiting: deque[_Delivery] = field(default_factory=deque)
    groups: int = 0
    under_way: int = 0
    usual: float = 0.0
    forming: bool = False
    timer: asyncio.TimerHandle | None = None

    @property
    def in_company(self) -> bool:
        """Whether enough wait for a group: half of those that there usually are."""
        return len(self.waiting) >= max(_COMPANY, self.usual / 2)


@dataclass(slots=True)
class GroupCommit:
    """Merges what arrives for a tenant while previous groups are being committed.

    A delivery that finds none of its tenant's on the way is committed at once. The next ones wait
    until they are half as many as there usually are together, but no longer than
    ``linger_seconds`` once another group may begin: a group costs the database as much as a dozen
    events. One has up to ``most_in_group`` events. ``most_at_once`` groups of a tenant are on their
    way together: with two, what comes during a commit need not wait for its end. Groups never mix
    tenants, so that row-level security stays in force. At most ``most_waiting`` events wait in this
    process.
    """

    commit: Commit
    linger_seconds: float = 0.004
    most_in_group: int = 1_000
    most_waiting: int = 20_000
    most_at_once: int = 1
    _lanes: dict[TenantId, _Lane] = field(default_factory=dict)
    _waiting: int = 0
    _running: set["asyncio.Task[None]"] = field(default_factory=set)

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
        delivery = _Delivery(events, asyncio.get_running_loop().create_future())
        lane = self._lanes.get(tenant_id)
        if lane is None:
            lane = self._lanes[tenant_id] = _Lane(tenant_id)
        lane.waiting.append(delivery)
        self._waiting += len(events)
        if lane.groups < self.most_at_once and not lane.forming:
            self._look(lane)
        return await delivery.answer

    def _look(self, lane: _Lane) -> None:
        """Form a group of those that wait, or see to it that one is formed soon."""
        loop = asyncio.get_running_loop()
        # An empty context: the group is nobody's request, and must not be
        # logged or traced as that of whoever happened to come first.
        if not lane.groups or lane.in_company:
            lane.forming = True
            loop.call_soon(self._form, lane, context=Context())  # who comes now is in it, too
        elif lane.timer is None:
            lane.timer = loop.call_later(self.linger_seconds, self._form, lane, context=Context())

    def _form(self, lane: _Lane) -> None:
        lane.forming = False
        if lane.timer is not None:
            lane.timer.cancel()
            lane.timer = None
        if lane.groups == self.most_at_once or not lane.waiting:
            return
        lane.usual = max(len(lane.waiting) + lane.under_way, lane.usual * _KEPT)
        group = self._next_group(lane)
        lane.groups += 1
        lane.under_way += len(group)
        task = asyncio.get_running_loop().create_task(self._run(lane.tenant_id, group))
        self._running.add(task)
        task.add_done_callback(partial(self._ended, lane, group))
        if lane.waiting and lane.groups < self.most_at_once:
            self._look(lane)

    def _ended(self, lane: _Lane, group: list[_Delivery], task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        lane.groups -= 1
        lane.under_way -= len(group)
        _fail(group, IngestInterrupted())  # nobody, unless it was stopped before it began
        if lane.waiting and not task.cancelled():
            self._look(lane)
        elif not lane.groups:
            self._leave(lane)

    def _next_group(self, lane: _Lane) -> list[_Delivery]:
        group = [lane.waiting.popleft()]
        size = len(group[0].events)
        while lane.waiting and size + len(lane.waiting[0].events) <= self.most_in_group:
            group.append(lane.waiting.popleft())
            size += len(group[-1].events)
        self._waiting -= size
        return group

    async def _run(self, tenant_id: TenantId, group: list[_Delivery]) -> None:
        events = [event for delivery in group for event in delivery.events]
        try:
            results = await self.commit(tenant_id, events)
        except BaseException as error:
            failure = error if isinstance(error, Exception) else IngestInterrupted()
            _fail(group, failure)
            if failure is not error:
                raise
            return
        begin = 0
        for delivery in group:
            end = begin + len(delivery.events)
            if not delivery.answer.done():  # its caller may have gone away
                delivery.answer.set_result(results[begin:end])
            begin = end

    def _leave(self, lane: _Lane) -> None:
        """Forget a lane that nothing is under way in; who waits there is told to send again."""
        del self._lanes[lane.tenant_id]
        self._waiting -= sum(len(delivery.events) for delivery in lane.waiting)
        _fail(lane.waiting, IngestInterrupted())
        lane.waiting.clear()


def _fail(deliveries: Iterable[_Delivery], error: Exception) -> None:
    for delivery in deliveries:
        if not delivery.answer.done():
            delivery.answer.set_exception(error)
