"""Give a sandbox its own time."""

from dataclasses import dataclass
from datetime import datetime

from control_plane.audit.record import record
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.instants import as_utc
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import ENTITLEMENTS_CHANGED
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.errors import ClockExists, ClockNeedsSandbox
from control_plane.tenancy.repository import OrganisationRepository
from control_plane.tenancy.test_clocks import SandboxClock, TestClockRepository


@dataclass(frozen=True, slots=True)
class CreateTestClock:
    """Let a sandbox live at an instant of its own from now on. There is no way back."""

    work: UnitOfWork
    clock: Clock

    async def __call__(
        self, *, tenant_id: TenantId, actor: str, at: datetime | None = None
    ) -> SandboxClock:
        """Create the clock, standing at ``at`` (UTC), or at the real time without.

        Raises:
            ClockNeedsSandbox: the organisation is live.
            ClockExists: it has one.
        """
        start = self.clock.now() if at is None else as_utc(at)
        async with self.work(tenant_id) as session:
            organisation = await OrganisationRepository(session).get(tenant_id)
            if not organisation.sandbox:
                raise ClockNeedsSandbox
            if not await TestClockRepository(session).add(tenant_id, start):
                raise ClockExists
            await enqueue(session, tenant_id, ENTITLEMENTS_CHANGED, {})
            await record(
                session,
                tenant_id,
                actor,
                "test_clock.created",
                "test_clock",
                format_id("clk", tenant_id),
                {"at": start.isoformat()},
            )
        return SandboxClock(tenant_id, start, None)
