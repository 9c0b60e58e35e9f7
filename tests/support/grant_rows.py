"""A grant of a company's, for whoever tries to see or end another's."""

from decimal import Decimal

from control_plane.kernel.ids import TenantId, format_id
from tests.support.api import Site


async def keep_grant(site: Site, tenant_id: TenantId, word: str) -> dict[str, str]:
    """Keep it, and return its id by the name that routes give it."""
    grant = await site.application.grant_feature(
        tenant_id=tenant_id,
        feature="outbound.orders_per_day",
        value=Decimal(10),
        reason=f"{word} goodwill",
        actor="usr_1",
    )
    return {"grant_id": format_id("gra", grant.id)}
