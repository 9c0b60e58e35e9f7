"""Make a tenant's rollups again from its events."""

from dataclasses import dataclass

from sqlalchemy import text

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from metering.services.roll_usage import RollUsage
from metering.stores.rollups.sets import begin_sets, kept_sets

_UNFINISHED = text("UPDATE usage_rolling SET unfinished = true WHERE tenant_id = :tenant_id")


@dataclass(frozen=True, slots=True)
class RebuildRollups:
    """Begin every set of rollups anew; the old ones answer until the new ones are ready.

    What the retention policy dropped is in no event any more, and so in no new rollup.
    """

    work: UnitOfWork
    roll: RollUsage

    async def __call__(self, tenant_id: TenantId) -> int:
        """Build in bounded steps until all is ready, and return how many steps it took."""
        async with self.work(tenant_id) as session:
            sets = await kept_sets(session, tenant_id)
            definitions = list(dict.fromkeys(one.definition for one in sets))
            await begin_sets(session, tenant_id, definitions)
            await session.execute(_UNFINISHED, {"tenant_id": tenant_id})
        steps = 1
        while await self.roll(tenant_id):
            steps += 1
        return steps
