"""Which modules a tenant may run: what the provisioner makes true."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.ids import TenantId
from control_plane.sdk.snapshot import Standing
from control_plane.standing.repository import StandingRepository
from control_plane.subscriptions.repository import SubscriptionRepository

ENDED = frozenset({Standing.RETAINED, Standing.PURGED})
"""The standings in which no service runs."""


async def entitled_modules(
    session: AsyncSession, tenant_id: TenantId, at: datetime
) -> frozenset[str]:
    """Return the modules that the tenant's subscriptions hold at an instant.

    Whoever has not paid for so long that its data are kept as exports alone may run none.
    """
    if (await StandingRepository(session).read(tenant_id)).standing in ENDED:
        return frozenset()
    timelines = await SubscriptionRepository(session).timelines(tenant_id)
    held = [plan for timeline in timelines if (plan := timeline.plan_at(at)) is not None]
    versions = await CatalogRepository(session).plan_versions(held)
    return frozenset(module for version in versions.values() for module in version.modules)
