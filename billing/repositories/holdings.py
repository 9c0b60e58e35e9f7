"""Whether a customer holds anything that lowers or settles invoices: mostly it does not."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId

HELD = """
    EXISTS (SELECT FROM coupon_redemptions
        WHERE tenant_id = :tenant_id AND ended_at IS NULL) AS coupons,
    EXISTS (SELECT FROM credit_grants
        WHERE tenant_id = :tenant_id AND free_minor > 0) AS credits,
    EXISTS (SELECT FROM wallet_topups
        WHERE tenant_id = :tenant_id AND free_minor > 0) AS prepaid,
    EXISTS (SELECT FROM credit_schedules
        WHERE tenant_id = :tenant_id AND next_at <= :at) AS granting"""
"""What a query selects that asks for `Holdings` among other things."""

_HOLDINGS = text(f"SELECT {HELD}")


@dataclass(frozen=True, slots=True)
class Holdings:
    """Of what kinds there is anything left: what there is none of need not be read."""

    coupons: bool
    credits: bool
    prepaid: bool
    granting: bool


async def holdings(session: AsyncSession, tenant_id: TenantId, at: datetime) -> Holdings:
    """Ask for all kinds at once; an answer holds as long as a read of the rows would.

    ``granting`` tells whether a credit comes again, or ends, up to ``at``.
    """
    row = (await session.execute(_HOLDINGS, {"tenant_id": tenant_id, "at": at})).one()
    return Holdings(row.coupons, row.credits, row.prepaid, row.granting)
