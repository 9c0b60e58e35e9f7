"""Purchase-order numbers of single subscriptions."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId


async def purchase_orders(session: AsyncSession, tenant_id: TenantId) -> dict[UUID, str]:
    """Return the numbers of those subscriptions that have one of their own."""
    rows = await session.execute(
        text(
            "SELECT subscription_id, purchase_order FROM subscription_orders "
            "WHERE tenant_id = :tenant_id"
        ),
        {"tenant_id": tenant_id},
    )
    return {row.subscription_id: row.purchase_order for row in rows}
