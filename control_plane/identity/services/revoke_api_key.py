"""Revoke an API key."""

from dataclasses import dataclass

from sqlalchemy import text

from control_plane.audit.record import record
from control_plane.identity.errors import ApiKeyNotFound
from control_plane.kernel.ids import ApiKeyId, TenantId, format_id
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import ENTITLEMENTS_CHANGED
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock

_REVOKE = text(
    "UPDATE api_keys SET revoked_at = :at "
    "WHERE tenant_id = :tenant_id AND id = :id AND revoked_at IS NULL RETURNING name"
)
_KNOWN = text("SELECT true FROM api_keys WHERE tenant_id = :tenant_id AND id = :id")


@dataclass(frozen=True, slots=True)
class RevokeApiKey:
    """End a key here at once, and at the modules with the next snapshot."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(self, *, tenant_id: TenantId, key_id: ApiKeyId, actor: str) -> None:
        """Revoke the key; one revoked before stays as it is.

        Raises:
            ApiKeyNotFound: no such key in this tenant.
        """
        which = {"tenant_id": tenant_id, "id": key_id}
        async with self.work(tenant_id) as session:
            now = await self.tenant_clock.now(session, tenant_id)
            name = await session.scalar(_REVOKE, {**which, "at": now})
            if name is None:
                if not await session.scalar(_KNOWN, which):
                    raise ApiKeyNotFound
                return
            await enqueue(session, tenant_id, ENTITLEMENTS_CHANGED, {})
            await record(
                session,
                tenant_id,
                actor,
                "api_key.revoked",
                "api_key",
                format_id("key", key_id),
                {"name": name},
            )
