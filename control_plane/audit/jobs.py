"""The sealing job: chains new audit entries by hash, tenant by tenant."""

from dataclasses import dataclass

from sqlalchemy import text

from control_plane.audit.domain import seal_hash
from control_plane.audit.repository import AuditRepository, Seal
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import SystemWork, set_tenant

BATCH = 500
TENANTS = 200

_WAITING = text("SELECT DISTINCT tenant_id FROM audit_unsealed LIMIT :most")
# One chain grows at one place: a second worker passes over a tenant being sealed.
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('audit-seal:' || :tenant_id, 0))")


@dataclass(frozen=True, slots=True)
class SealAudit:
    """Seals what was recorded since its last run.

    Sealing apart from recording keeps use cases of one tenant from waiting for
    each other; an entry is open to rewriting for the seconds in between only.
    """

    system: SystemWork
    name: str = "seal-audit"
    every_seconds: float = 5.0

    async def run(self) -> int:
        """Seal up to a batch for each waiting tenant and return how many entries that were."""
        async with self.system() as session:
            waiting = (await session.scalars(_WAITING, {"most": TENANTS})).all()
        sealed = 0
        for tenant_id in waiting:
            sealed += await self._seal(TenantId(tenant_id))
        return sealed

    async def _seal(self, tenant_id: TenantId) -> int:
        async with self.system() as session:
            await set_tenant(session, tenant_id)
            if not await session.scalar(_LOCK, {"tenant_id": str(tenant_id)}):
                return 0
            record = AuditRepository(session)
            seq, head = await record.last_seal(tenant_id)
            entries = await record.unsealed(tenant_id, BATCH)
            for entry in entries:
                seq += 1
                sealed = seal_hash(tenant_id, seq, head, entry)
                await record.add_seal(tenant_id, Seal(seq, head, sealed, entry))
                head = sealed
        return len(entries)
