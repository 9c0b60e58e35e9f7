"""Whether a customer holds anything that lowers or settles invoices: mostly it does not."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId

_HOLDINGS = text(
    """
    SELECT EXISTS (SELECT FROM coupon_redemptions
            WHERE tenant_id = :tenant_id AND ended_at IS NULL) AS coupons,
        EXISTS (SELECT FROM credit_grants
            WHERE tenant_id = :tenant_id AND free_minor > 0) AS credits,
        EXISTS (SELECT FROM wallet_topups
            WHERE tenant_id = :tenant_id AND free_minor > 0) AS prepaid
    """
)


@dataclass(frozen=True, slots=True)
class Holdings:
    """Of what kinds there is anything left: what there is none of need not be read."""

    coupons: bool
    credits: bool
    prepaid: bool


async def holdings(session: AsyncSession, tenant_id: TenantId) -> Holdings:
    """Ask for all kinds at once; an answer holds as long as a read of the rows would."""
    row = (await session.execute(_HOLDINGS, {"tenant_id": tenant_id})).one()
    return Holdings(row.coupons, row.credits, row.prepaid)
