"""Keep on a tenant's record that the vendor's staff opened its data."""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.audit.record import record
from control_plane.kernel.ids import TenantId

ONE_OPENING = timedelta(minutes=10)
"""A page that renews itself, or is turned over, within this time is one opening."""

_ON_RECORD = text(
    """
    SELECT EXISTS (
        SELECT 1 FROM (
            SELECT recorded_at, actor, action, object_id FROM audit_entries
            WHERE tenant_id = :tenant_id ORDER BY id DESC LIMIT 200
        ) AS latest
        WHERE actor = :actor AND action = :action AND object_id = :object_id
          AND recorded_at > now() - CAST(:since AS interval)
    )
    """
)


async def record_opening(
    session: AsyncSession, tenant_id: TenantId, actor: str, object_type: str, object_id: str
) -> None:
    """Record ``<object_type>.opened_by_staff`` once in ten minutes of real time.

    Call it in the transaction that reads the data: what nobody could open is not on record, and
    nothing leaves before the record is committed.

    Args:
        session: bound to the tenant.
        tenant_id: whose data was opened.
        actor: `Principal.actor` of the member of staff.
        object_type: what was opened, such as ``invoice``.
        object_id: the object's text id.
    """
    action = f"{object_type}.opened_by_staff"
    values = {
        "tenant_id": tenant_id,
        "actor": actor,
        "action": action,
        "object_id": object_id,
        "since": ONE_OPENING,
    }
    if not await session.scalar(_ON_RECORD, values):
        await record(session, tenant_id, actor, action, object_type, object_id)
