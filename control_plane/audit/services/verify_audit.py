"""Check that nobody rewrote the audit record."""

from dataclasses import dataclass

from control_plane.audit.domain import GENESIS, seal_hash
from control_plane.audit.repository import AuditRepository, Seal
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork

PAGE = 500


@dataclass(frozen=True, slots=True)
class AuditVerification:
    """What a check found. ``broken_at`` is the number of the first seal that does not fit."""

    sealed: int
    unsealed: int
    broken_at: int | None
    head: str

    @property
    def intact(self) -> bool:
        """Tell whether every seal fits its entry and its predecessor."""
        return self.broken_at is None


@dataclass(frozen=True, slots=True)
class VerifyAudit:
    """Compute a tenant's whole chain anew and compare.

    The chain shows any change before its head. Whoever must also notice that its
    end was cut off keeps ``head`` and ``sealed`` elsewhere.
    """

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId) -> AuditVerification:
        """Walk the chain from its beginning."""
        seq, head = 0, GENESIS
        async with self.work(tenant_id) as session:
            record = AuditRepository(session)
            unsealed = await record.count_unsealed(tenant_id)
            while page := await record.seals(tenant_id, after=seq, most=PAGE):
                for seal in page:
                    if not _fits(tenant_id, seal, seq, head):
                        return AuditVerification(seq, unsealed, seq + 1, head)
                    seq, head = seal.seq, seal.hash
            # A seal whose entry is gone is not in the pages: the chain must reach its last number.
            last, _ = await record.last_seal(tenant_id)
        return AuditVerification(seq, unsealed, None if last == seq else seq + 1, head)


def _fits(tenant_id: TenantId, seal: Seal, seq: int, head: str) -> bool:
    return (
        seal.seq == seq + 1
        and seal.previous_hash == head
        and seal.hash == seal_hash(tenant_id, seal.seq, head, seal.entry)
    )
