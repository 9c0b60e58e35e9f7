"""Ask a sandbox's clock to go to an instant."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from control_plane.audit.record import record
from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.instants import as_utc
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.errors import ClockAdvancing, ClockCannotGo
from control_plane.tenancy.test_clocks import SandboxClock, TestClockRepository

FARTHEST = timedelta(days=36_525)
"""A century at once: more than anyone lives through, and it still ends."""


@dataclass(frozen=True, slots=True)
class RequestClockAdvance:
    """Set a clock's target. The `AdvanceTestClocks` job takes it there, stop by stop."""

    work: UnitOfWork

    async def __call__(self, *, tenant_id: TenantId, to: datetime, actor: str) -> SandboxClock:
        """Start the clock towards ``to`` (UTC); asking for the same target again is harmless.

        Raises:
            ClockNotFound: the tenant has none.
            ClockCannotGo: ``to`` is not after the clock's time, or too far ahead.
            ClockAdvancing: it is on its way to another instant.
        """
        target = as_utc(to)
        async with self.work(tenant_id) as session:
            clocks = TestClockRepository(session)
            clock = await clocks.get(tenant_id)
            if clock.target == target:
                return clock
            _check(clock, target)
            if not await clocks.aim(tenant_id, target):
                now_there = await clocks.get(tenant_id)
                raise ClockAdvancing(target=(now_there.target or now_there.now).isoformat())
            await record(
                session,
                tenant_id,
                actor,
                "test_clock.advance_requested",
                "test_clock",
                format_id("clk", tenant_id),
                {"from": clock.now.isoformat(), "to": target.isoformat()},
            )
        return SandboxClock(tenant_id, clock.now, target)


def _check(clock: SandboxClock, target: datetime) -> None:
    if clock.target is not None:
        raise ClockAdvancing(target=clock.target.isoformat())
    if not clock.now < target <= clock.now + FARTHEST:
        raise ClockCannotGo(
            now=clock.now.isoformat(), to=target.isoformat(), days=FARTHEST.days, field="to"
        )
