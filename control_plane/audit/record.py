"""Write an audit entry in the transaction of what it tells of."""

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.canonical import canonical_json
from control_plane.kernel.ids import AuditId, TenantId, new_id
from control_plane.runtime.writes import Write

_INSERT = text(
    "INSERT INTO audit_entries "
    "(tenant_id, id, actor, action, object_type, object_id, details) "
    "VALUES (:tenant_id, :id, :actor, :action, :object_type, :object_id, "
    "CAST(:details AS jsonb))"
)


async def record(
    session: AsyncSession,
    tenant_id: TenantId,
    actor: str,
    action: str,
    object_type: str,
    object_id: str,
    details: Mapping[str, object] | None = None,
) -> AuditId:
    """Record that ``actor`` did ``action`` to an object, committed with the deed itself.

    Its time is the transaction's, in real time; instants on a tenant's own clock
    belong into ``details``.

    Args:
        session: the use case's transaction, bound to the tenant.
        tenant_id: whose record it is.
        actor: `Principal.actor`, or the name of a job.
        action: a past fact, such as ``subscription.started``.
        object_type: what it happened to, such as ``subscription``.
        object_id: the object's text id.
        details: JSON without floats and without secrets: amounts as minor units
            or texts, instants as texts.
    """
    entry_id = AuditId(new_id())
    write = entry(tenant_id, actor, action, object_type, object_id, details, entry_id=entry_id)
    await session.execute(write.statement, write.values)
    return entry_id


def entry(
    tenant_id: TenantId,
    actor: str,
    action: str,
    object_type: str,
    object_id: str,
    details: Mapping[str, object] | None = None,
    *,
    entry_id: AuditId | None = None,
) -> Write:
    """Return what `record` writes, for a use case that sends many writes together."""
    return Write(
        _INSERT,
        {
            "tenant_id": tenant_id,
            "id": entry_id or AuditId(new_id()),
            "actor": actor,
            "action": action,
            "object_type": object_type,
            "object_id": object_id,
            "details": canonical_json(dict(details or {})).decode(),
        },
    )
