"""Take a module instance's tokens away."""

from dataclasses import dataclass

from sqlalchemy import text

from control_plane.audit.record import record
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import InstanceId, TenantId, format_id
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import ENTITLEMENTS_CHANGED
from control_plane.runtime.unit_of_work import UnitOfWork

_REVOKE = text(
    "UPDATE service_tokens SET revoked_at = :at WHERE tenant_id = :tenant_id "
    "AND instance_id = :instance_id AND revoked_at IS NULL RETURNING id"
)


@dataclass(frozen=True, slots=True)
class RevokeServiceTokens:
    """Revoke every token of an instance that is stopped or replaced."""

    work: UnitOfWork
    clock: Clock

    async def __call__(self, *, tenant_id: TenantId, instance_id: InstanceId) -> int:
        """Revoke them and return how many there were; none is no error."""
        async with self.work(tenant_id) as session:
            revoked = await session.scalars(
                _REVOKE,
                {"at": self.clock.now(), "tenant_id": tenant_id, "instance_id": instance_id},
            )
            tokens = [format_id("tok", token) for token in revoked]
            if not tokens:
                return 0
            await enqueue(session, tenant_id, ENTITLEMENTS_CHANGED, {})
            await record(
                session,
                tenant_id,
                "provisioner",
                "service_token.revoked",
                "instance",
                format_id("ins", instance_id),
                {"tokens": tokens},
            )
        return len(tokens)
