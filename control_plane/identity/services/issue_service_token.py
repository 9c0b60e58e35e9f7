"""Give a module instance its token."""

from collections.abc import Collection
from dataclasses import dataclass

from control_plane.audit.record import record
from control_plane.identity.models import ServiceTokenRow
from control_plane.identity.secret_texts import SERVICE_TOKEN, new_secret, secret_hash
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import InstanceId, ServiceTokenId, TenantId, format_id, new_id
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import ENTITLEMENTS_CHANGED
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class IssueServiceToken:
    """Mint a token bound to tenant, instance and scopes.

    Tokens issued before stay valid until `RevokeServiceTokens`, so that an
    instance can change over without a gap.
    """

    work: UnitOfWork
    clock: Clock

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        instance_id: InstanceId,
        module: str,
        scopes: Collection[str] = (),
    ) -> str:
        """Store the token's hash and return its secret, which cannot be read again.

        ``scopes`` are what it may ask of other services, such as ``ledger:post``.
        """
        token_id, secret = ServiceTokenId(new_id()), new_secret(SERVICE_TOKEN)
        async with self.work(tenant_id) as session:
            session.add(
                ServiceTokenRow(
                    tenant_id=tenant_id,
                    id=token_id,
                    instance_id=instance_id,
                    module=module,
                    hash=secret_hash(secret),
                    scopes=sorted(scopes),
                    created_at=self.clock.now(),
                )
            )
            await session.flush()
            await enqueue(session, tenant_id, ENTITLEMENTS_CHANGED, {})
            await record(
                session,
                tenant_id,
                "provisioner",
                "service_token.issued",
                "instance",
                format_id("ins", instance_id),
                {"module": module, "token": format_id("tok", token_id), "scopes": sorted(scopes)},
            )
        return secret
