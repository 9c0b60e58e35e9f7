"""Compare a tenant's rollups with the events they claim to hold."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from metering.stores.rollups.checking import Difference, differences, rolled_days
from metering.stores.rollups.sets import RollupSet, kept_sets

_DAYS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class CheckRollups:
    """Add every bucket up again from its events. Safe in production: it only reads.

    Each set of rollups is held to its own snapshot, so events that arrive meanwhile make no
    difference. A day whose events were dropped by the retention policy cannot be compared, and is
    left out.
    """

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId) -> list[Difference]:
        """Return every bucket that differs; nothing when all agree."""
        found: list[Difference] = []
        async with self.work(tenant_id) as session:
            for one in await kept_sets(session, tenant_id):
                found += await self._set(session, tenant_id, one)
        return found

    async def _set(
        self, session: AsyncSession, tenant_id: TenantId, one: RollupSet
    ) -> list[Difference]:
        found: list[Difference] = []
        after: date | None = None
        while days := await rolled_days(session, tenant_id, one.rollup, after, _DAYS_AT_ONCE):
            for day in days:
                found += await differences(session, tenant_id, one, day)
            after = days[-1]
        return found
