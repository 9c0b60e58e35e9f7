"""Revoke an API key."""

from dataclasses import dataclass
from functools import partial

from sqlalchemy import text

from control_plane.audit.record import record
from control_plane.identity.errors import ApiKeyNotFound
from control_plane.identity.known_keys import KnownKeys
from control_plane.kernel.ids import ApiKeyId, TenantId, format_id
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import ENTITLEMENTS_CHANGED
from control_plane.runtime.unit_of_work import UnitOfWork, once_committed
from control_plane.tenancy.clocks import TenantClock

_REVOKE = text(
    "UPDATE api_keys SET revoked_at = :at "
    "WHERE tenant_id = :tenant_id AND id = :id AND revoked_at IS NULL RETURNING name, hash"
)
_KNOWN = text("SELECT true FROM api_keys WHERE tenant_id = :tenant_id AND id = :id")


@dataclass(frozen=True, slots=True)
class RevokeApiKey:
    """End a key here at once, in other processes within a second, and at the modules likewise."""

    work: UnitOfWork
    tenant_clock: TenantClock
    known: KnownKeys

    async def __call__(self, *, tenant_id: TenantId, key_id: ApiKeyId, actor: str) -> None:
        """Revoke the key; one revoked before stays as it is.

        Raises:
            ApiKeyNotFound: no such key in this tenant.
        """
        which = {"tenant_id": tenant_id, "id": key_id}
        async with self.work(tenant_id) as session:
            now = await self.tenant_clock.now(session, tenant_id)
            revoked = (await session.execute(_REVOKE, {**which, "at": now})).one_or_none()
            if revoked is None:
                if not await session.scalar(_KNOWN, which):
                    raise ApiKeyNotFound
                return
            once_committed(session, partial(self.known.forget, revoked.hash))
            await enqueue(session, tenant_id, ENTITLEMENTS_CHANGED, {})
            await record(
                session,
                tenant_id,
                actor,
                "api_key.revoked",
                "api_key",
                format_id("key", key_id),
                {"name": revoked.name},
            )
