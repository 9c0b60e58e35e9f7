"""Purchase-order numbers of single subscriptions."""

from datetime import datetime
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


async def keep_purchase_order(
    session: AsyncSession, tenant_id: TenantId, subscription_id: UUID, number: str, at: datetime
) -> None:
    """Keep a subscription's number in place of any it had; the subscription may start after."""
    await session.execute(
        text(
            "INSERT INTO subscription_orders VALUES (:tenant_id, :subscription_id, :number, :at) "
            "ON CONFLICT (tenant_id, subscription_id) DO UPDATE "
            "SET purchase_order = EXCLUDED.purchase_order, updated_at = EXCLUDED.updated_at"
        ),
        {"tenant_id": tenant_id, "subscription_id": subscription_id, "number": number, "at": at},
    )
