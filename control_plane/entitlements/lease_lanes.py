"""One transaction for the lease requests of many instances that arrive together."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from control_plane.entitlements.errors_leases import LeasesInterrupted, LeasesOverloaded
from control_plane.entitlements.lease_accounts import Answered, Asked
from control_plane.kernel.ids import TenantId

Run: TypeAlias = Callable[[TenantId, Sequence[Asked]], Awaitable[Answered]]
"""Does requests of one tenant in a transaction of its own, and answers in order."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    asked: Asked
    answer: "asyncio.Future[Answered]"


@dataclass(slots=True)
class _Lane:
    waiting: deque[_Waiting] = field(default_factory=deque)
    runners: set["asyncio.Task[None]"] = field(default_factory=set)


@dataclass(slots=True)
class LeaseLanes:
    """Merges what arrives for a tenant while what came before is being done.

    Nobody is answered before the commit. A group that fails is done again one by one, so that
    nobody pays for another's request. Groups never mix tenants.
    """

    run: Run
    most_together: int = 64
    most_waiting: int = 2_000
    most_at_once: int = 2
    _lanes: dict[TenantId, _Lane] = field(default_factory=dict)
    _waiting: int = 0

    async def __call__(self, tenant_id: TenantId, asked: Asked) -> Answered:
        """Answer one request once the group it joined is committed.

        Raises:
            LeasesOverloaded: too many wait already; nothing was done.
            Exception: whatever doing it alone raised; asking again is safe.
        """
        if self._waiting >= self.most_waiting:
            raise LeasesOverloaded(waiting=self._waiting)
        loop = asyncio.get_running_loop()
        waiting = _Waiting(asked, loop.create_future())
        lane = self._lanes.setdefault(tenant_id, _Lane())
        lane.waiting.append(waiting)
        self._waiting += 1
        if len(lane.runners) < self.most_at_once:
            # An empty context: the group is nobody's request, and joins nobody's transaction.
            lane.runners.add(loop.create_task(self._serve(tenant_id, lane), context=Context()))
        return await waiting.answer

    async def _serve(self, tenant_id: TenantId, lane: _Lane) -> None:
        try:
            while lane.waiting:
                count = min(len(lane.waiting), self.most_together)
                group = [lane.waiting.popleft() for _ in range(count)]
                self._waiting -= count
                await self._answer(tenant_id, group)
        finally:
            lane.runners.discard(cast("asyncio.Task[None]", asyncio.current_task()))
            if not lane.runners:
                self._lanes.pop(tenant_id, None)
                self._waiting -= len(lane.waiting)
                _fail(list(lane.waiting), LeasesInterrupted())

    async def _answer(self, tenant_id: TenantId, group: list[_Waiting]) -> None:
        try:
            said = await self.run(tenant_id, [one.asked for one in group])
        except Exception as error:  # noqa: BLE001 - it is each caller's, once it is alone
            if len(group) == 1:
                _fail(group, error)
                return
            for one in group:
                await self._answer(tenant_id, [one])
        except BaseException:
            _fail(group, LeasesInterrupted())
            raise
        else:
            for one, results in zip(group, said.results, strict=True):
                if not one.answer.done():  # its caller may have gone away
                    one.answer.set_result(Answered(said.at, (results,)))


def _fail(group: list[_Waiting], error: Exception) -> None:
    for one in group:
        if not one.answer.done():
            one.answer.set_exception(error)
