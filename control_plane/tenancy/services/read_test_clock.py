"""Read a sandbox's test clock."""

from dataclasses import dataclass

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.test_clocks import SandboxClock, TestClockRepository


@dataclass(frozen=True, slots=True)
class ReadTestClock:
    """Tell where a test clock stands and where it is going."""

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId) -> SandboxClock:
        """Read the clock.

        Raises:
            ClockNotFound: the tenant has none.
        """
        async with self.work(tenant_id) as session:
            return await TestClockRepository(session).get(tenant_id)
