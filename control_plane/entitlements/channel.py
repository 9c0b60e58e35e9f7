"""What PostgreSQL tells every web process when a snapshot is committed."""

from uuid import UUID

from control_plane.kernel.ids import TenantId

CHANNEL = "tallyard_entitlements"


def notification(tenant_id: TenantId, revision: int) -> dict[str, str]:
    """Return the arguments of ``pg_notify`` that tell of a revision; it leaves with the commit."""
    return {"channel": CHANNEL, "payload": f"{tenant_id}:{revision}"}


def read_notification(payload: str) -> tuple[TenantId, int]:
    """Read what ``notification`` wrote.

    Raises:
        ValueError: somebody else wrote it.
    """
    tenant, _, revision = payload.partition(":")
    return TenantId(UUID(tenant)), int(revision)
