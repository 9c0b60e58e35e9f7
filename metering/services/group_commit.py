"""One commit for the small deliveries of many connections."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Generic, TypeAlias, TypeVar

from control_plane.kernel.ids import TenantId
from metering.errors import IngestInterrupted, IngestOverloaded

D = TypeVar("D")
A = TypeVar("A")

Commit: TypeAlias = Callable[[TenantId, Sequence[D]], Awaitable[Sequence[A | Exception]]]
"""Stores deliveries of one tenant in a transaction of its own, and answers each, in order.

An answer that is an exception is raised to that one's caller; one that it raises, to all.
"""

_Delivery: TypeAlias = tuple[D, int, asyncio.Future[A]]
"""What was delivered, how many events it has, and the answer."""

_KEPT: Final = 0.95  # of what was usual, by the next group
_COMPANY: Final = 2


@dataclass(slots=True)
class _Lane(Generic[D, A]):
    """A tenant's deliveries: those that wait, and the groups that are being committed.

    ``usual`` is how many deliveries there were together, lately.
    """

    tenant_id: TenantId
    waiting: deque[_Delivery[D, A]] = field(default_factory=deque)
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
class GroupCommit(Generic[D, A]):
    """Merges what arrives for a tenant while previous groups are being committed.

    A delivery that finds none of its tenant's on the way is committed at once. The next ones wait
    until they are half as many as there usually are together, but no longer than
    ``linger_seconds`` once another group may begin: a group costs the database as much as a dozen
    events. One has up to ``most_in_group`` events. ``most_at_once`` groups of a tenant are on their
    way together: with two, what comes during a commit need not wait for its end. Groups never mix
    tenants, so that row-level security stays in force. At most ``most_waiting`` events wait in this
    process.
    """

    commit: Commit[D, A]
    linger_seconds: float = 0.004
    most_in_group: int = 1_000
    most_waiting: int = 20_000
    most_at_once: int = 1
    _lanes: dict[TenantId, _Lane[D, A]] = field(default_factory=dict)
    _waiting: int = 0
    _running: set["asyncio.Task[None]"] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, tenant_id: TenantId, delivered: D, size: int) -> A:
        """Answer a delivery of ``size`` events once the group it joined is committed.

        Raises:
            IngestOverloaded: too many wait already; nothing was taken.
            Exception: whatever the commit said of this delivery, or raised; none of its events
                was acknowledged, and sending them again is safe.
        """
        if self._waiting + size > self.most_waiting:
            raise IngestOverloaded(waiting=self._waiting)
        if (loop := self._loop) is None:
            loop = self._loop = asyncio.get_running_loop()
        answer: asyncio.Future[A] = loop.create_future()
        lane = self._lanes.get(tenant_id)
        if lane is None:
            lane = self._lanes[tenant_id] = _Lane(tenant_id)
        lane.waiting.append((delivered, size, answer))
        self._waiting += size
        if lane.groups < self.most_at_once and not lane.forming:
            self._look(lane)
        try:
            return await answer
        finally:
            del answer  # it would hold an error, and that one this frame, until somebody collects

    def _look(self, lane: _Lane[D, A]) -> None:
        """Form a group of those that wait, or see to it that one is formed soon."""
        loop = asyncio.get_running_loop()
        # An empty context: the group is nobody's request, and must not be
        # logged or traced as that of whoever happened to come first.
        if not lane.groups or lane.in_company:
            lane.forming = True
            loop.call_soon(self._form, lane, context=Context())  # who comes now is in it, too
        elif lane.timer is None:
            lane.timer = loop.call_later(self.linger_seconds, self._form, lane, context=Context())

    def _form(self, lane: _Lane[D, A]) -> None:
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

    def _ended(
        self, lane: _Lane[D, A], group: list[_Delivery[D, A]], task: "asyncio.Task[None]"
    ) -> None:
        self._running.discard(task)
        lane.groups -= 1
        lane.under_way -= len(group)
        _fail(group, IngestInterrupted())  # nobody, unless it was stopped before it began
        if lane.waiting and not task.cancelled():
            self._look(lane)
        elif not lane.groups:
            self._leave(lane)

    def _next_group(self, lane: _Lane[D, A]) -> list[_Delivery[D, A]]:
        group = [lane.waiting.popleft()]
        size = group[0][1]
        while lane.waiting and size + lane.waiting[0][1] <= self.most_in_group:
            group.append(lane.waiting.popleft())
            size += group[-1][1]
        self._waiting -= size
        return group

    async def _run(self, tenant_id: TenantId, group: list[_Delivery[D, A]]) -> None:
        try:
            answers = await self.commit(tenant_id, [delivered for delivered, _, _ in group])
        except BaseException as error:
            failure = error if isinstance(error, Exception) else IngestInterrupted()
            _fail(group, failure)
            if failure is not error:
                raise
            return
        for (_, _, told), answer in zip(group, answers, strict=True):
            if told.done():  # its caller has gone away
                continue
            if isinstance(answer, Exception):
                told.set_exception(answer)
            else:
                told.set_result(answer)

    def _leave(self, lane: _Lane[D, A]) -> None:
        """Forget a lane that nothing is under way in; who waits there is told to send again."""
        del self._lanes[lane.tenant_id]
        self._waiting -= sum(size for _, size, _ in lane.waiting)
        _fail(lane.waiting, IngestInterrupted())
        lane.waiting.clear()


def _fail(deliveries: Iterable[_Delivery[D, A]], error: Exception) -> None:
    for _, _, answer in deliveries:
        if not answer.done():
            answer.set_exception(error)
