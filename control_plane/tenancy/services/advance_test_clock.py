"""Move test clocks towards their targets, one settled stop at a time.

A clock stops at every boundary that a participant names (a due invoice, the end
of an add-on window), and leaves it only when nobody has anything left to do at
that instant. A year can therefore be lived through quickly, and two runs give
the same totals.

Each step is one transaction that holds the clock's row: a worker killed in the
middle leaves the clock where it was, its successor settles again, and a second
worker passes over a clock that is held.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

import structlog

from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import SystemWork
from control_plane.tenancy.test_clocks import SandboxClock, TestClockRepository

ROUNDS = 400
"""How often the participants are asked within one claim before the clock waits for a tick."""

PAUSE_SECONDS = 0.05
"""Real time between two rounds while somebody is busy."""

log = structlog.get_logger()


class Participant(Protocol):
    """Whoever has work that depends on a tenant's time.

    A participant opens transactions of its own and may read the clock, but must
    not lock its row, which the step holds meanwhile.
    """

    async def next_boundary(self, tenant_id: TenantId, after: datetime) -> datetime | None:
        """Name the first instant after ``after`` at which there will be something to do."""

    async def settle(self, tenant_id: TenantId) -> bool:
        """Do what is due at the tenant's time; tell whether anything was or is still moving."""


class BoundaryBehind(RuntimeError):
    """A participant named a boundary that is not ahead: it would hold the clock for ever."""


class _Step(Enum):
    MOVED = auto()
    ARRIVED = auto()
    WAITING = auto()


@dataclass(frozen=True, slots=True)
class AdvanceTestClocks:
    """Takes every clock under way as far as it will go. Any number of workers may run it."""

    system: SystemWork
    participants: Sequence[Participant]
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    name: str = "advance-test-clocks"
    every_seconds: float = 0.2

    async def run(self) -> int:
        """Step the clocks in turn until each has arrived or must wait; return the steps made."""
        async with self.system() as session:
            under_way = list(await TestClockRepository(session).advancing())
        steps = 0
        while under_way:
            moved = [tenant for tenant in under_way if await self._try_step(tenant)]
            steps += len(moved)
            under_way = moved
        return steps

    async def _try_step(self, tenant_id: TenantId) -> bool:
        """Make one step; one tenant's failure is kept on its clock and stops nobody else."""
        try:
            return await self._step(tenant_id) is not _Step.WAITING
        except Exception as error:
            log.exception("test_clock_failed", tenant_id=format_id("ten", tenant_id))
            async with self.system() as session:
                await TestClockRepository(session).fail(
                    tenant_id, f"{type(error).__name__}: {error}"
                )
            return False

    async def _step(self, tenant_id: TenantId) -> _Step:
        async with self.system() as session:
            clocks = TestClockRepository(session)
            clock = await clocks.claim(tenant_id)
            if clock is None or not await self._settle(tenant_id):
                return _Step.WAITING
            if clock.now == clock.target:
                await clocks.arrive(tenant_id)
                return _Step.ARRIVED
            await clocks.move(tenant_id, await self._next_stop(clock))
            return _Step.MOVED

    async def _settle(self, tenant_id: TenantId) -> bool:
        """Ask everybody in turn, until a whole round finds nobody busy.

        Whoever is busy first has mostly just done its work: only who is busy again is waited for.
        """
        for done in range(ROUNDS):
            busy = [await participant.settle(tenant_id) for participant in self.participants]
            if not any(busy):
                return True
            if done:
                await self.pause(PAUSE_SECONDS)
        return False

    async def _next_stop(self, clock: SandboxClock) -> datetime:
        assert clock.target is not None  # noqa: S101 - a claimed clock is under way
        stops = [clock.target]
        for participant in self.participants:
            boundary = await participant.next_boundary(clock.tenant_id, clock.now)
            if boundary is None:
                continue
            if boundary <= clock.now:
                raise BoundaryBehind(
                    f"{type(participant).__name__}: {boundary} is not after {clock.now}"
                )
            stops.append(boundary)
        return min(stops)
