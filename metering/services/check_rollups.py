"""Compare a tenant's rollups with the events they claim to hold."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from metering.stores.rollups.checking import Difference, differences, rolled_days
from metering.stores.rollups.sets import RollupSet, kept_sets

_DAYS_AT_ONCE = 100
_SHARE = 2

_CHECKED = text("SELECT checked_day FROM usage_rollup_sets WHERE rollup = :rollup")
_LATER = text("UPDATE usage_rollup_sets SET checked_day = :day WHERE rollup = :rollup")


@dataclass(frozen=True, slots=True)
class CheckRollups:
    """Add buckets up again from their events, day by day. Safe in production.

    Each set of rollups is held to its own snapshot, so events that arrive meanwhile make no
    difference. A day at a time is compared in a transaction, during which the tenant's rolling
    waits. Days whose events are gone, by the retention policy, are left out.
    """

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId) -> list[Difference]:
        """Return every bucket that differs; nothing when all agree."""
        async with self.work(tenant_id) as session:
            rollups = [one.rollup for one in await kept_sets(session, tenant_id)]
        found: list[Difference] = []
        for rollup in rollups:
            for day in await self._days(tenant_id, rollup):
                async with self.work(tenant_id) as session:
                    found += await _compared(session, tenant_id, rollup, day)
        return found

    async def some(self, tenant_id: TenantId) -> list[Difference]:
        """Check a few days of every set, others at each call; a day that differs comes again."""
        found: list[Difference] = []
        async with self.work(tenant_id) as session:
            for one in await kept_sets(session, tenant_id):
                found += await _share(session, tenant_id, one)
        return found

    async def _days(self, tenant_id: TenantId, rollup: int) -> list[date]:
        days: list[date] = []
        async with self.work(tenant_id) as session:
            while page := await rolled_days(
                session, tenant_id, rollup, days[-1] if days else None, _DAYS_AT_ONCE
            ):
                days += page
        return days


async def _compared(
    session: AsyncSession, tenant_id: TenantId, rollup: int, day: date
) -> list[Difference]:
    sets = [one for one in await kept_sets(session, tenant_id) if one.rollup == rollup]
    return [found for one in sets for found in await differences(session, tenant_id, one, day)]


async def _share(session: AsyncSession, tenant_id: TenantId, one: RollupSet) -> list[Difference]:
    after: date | None = await session.scalar(_CHECKED, {"rollup": one.rollup})
    days = await rolled_days(session, tenant_id, one.rollup, after, _SHARE)
    if not days and after is not None:  # from the first one again
        after, days = None, await rolled_days(session, tenant_id, one.rollup, None, _SHARE)
    found: list[Difference] = []
    for day in days:
        found += await differences(session, tenant_id, one, day)
        if found:
            break
        after = day
    await session.execute(_LATER, {"rollup": one.rollup, "day": after})
    return found
