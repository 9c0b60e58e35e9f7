"""Audit entries and their seals. The session is bound to the tenant."""

from dataclasses import dataclass
from datetime import UTC
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.audit.domain import GENESIS, AuditEntry
from control_plane.kernel.ids import AuditId, TenantId

_PAGE = text(
    """
    SELECT e.id, e.recorded_at, e.actor, e.action, e.object_type, e.object_id, e.details
    FROM audit_entries e
    WHERE e.tenant_id = :tenant_id
      AND (CAST(:before AS uuid) IS NULL OR e.id < :before)
      AND (CAST(:object_id AS text) IS NULL OR e.object_id = :object_id)
    ORDER BY e.id DESC LIMIT :most
    """
)
_UNSEALED = text(
    """
    SELECT e.id, e.recorded_at, e.actor, e.action, e.object_type, e.object_id, e.details
    FROM audit_unsealed u JOIN audit_entries e ON e.tenant_id = u.tenant_id AND e.id = u.entry_id
    WHERE u.tenant_id = :tenant_id ORDER BY e.recorded_at, e.id LIMIT :most
    """
)
_SEALED = text(
    """
    SELECT e.id, e.recorded_at, e.actor, e.action, e.object_type, e.object_id, e.details,
        s.seq, s.previous_hash, s.hash
    FROM audit_seals s JOIN audit_entries e ON e.tenant_id = s.tenant_id AND e.id = s.entry_id
    WHERE s.tenant_id = :tenant_id AND s.seq > :after ORDER BY s.seq LIMIT :most
    """
)


@dataclass(frozen=True, slots=True)
class Seal:
    """One link of the chain, with the entry it seals."""

    seq: int
    previous_hash: str
    hash: str
    entry: AuditEntry


@dataclass(frozen=True, slots=True)
class AuditRepository:
    """Reads the record, and chains it for the sealing job."""

    session: AsyncSession

    async def page(
        self, tenant_id: TenantId, *, before: AuditId | None, object_id: str | None, most: int
    ) -> tuple[AuditEntry, ...]:
        """Read up to ``most`` entries older than ``before``, newest first."""
        rows = await self.session.execute(
            _PAGE,
            {"tenant_id": tenant_id, "before": before, "object_id": object_id, "most": most},
        )
        return tuple(_entry(row) for row in rows)

    async def unsealed(self, tenant_id: TenantId, most: int) -> tuple[AuditEntry, ...]:
        """Read up to ``most`` entries that wait for their seal, oldest first."""
        rows = await self.session.execute(_UNSEALED, {"tenant_id": tenant_id, "most": most})
        return tuple(_entry(row) for row in rows)

    async def count_unsealed(self, tenant_id: TenantId) -> int:
        """Count the entries that wait for their seal."""
        count = await self.session.scalar(
            text("SELECT count(*) FROM audit_unsealed WHERE tenant_id = :tenant_id"),
            {"tenant_id": tenant_id},
        )
        return int(count or 0)

    async def last_seal(self, tenant_id: TenantId) -> tuple[int, str]:
        """Return number and hash of the newest seal; 0 and `GENESIS` before the first."""
        result = await self.session.execute(
            text(
                "SELECT seq, hash FROM audit_seals WHERE tenant_id = :tenant_id "
                "ORDER BY seq DESC LIMIT 1"
            ),
            {"tenant_id": tenant_id},
        )
        row = result.one_or_none()
        return (0, GENESIS) if row is None else (row[0], row[1])

    async def seals(self, tenant_id: TenantId, *, after: int, most: int) -> tuple[Seal, ...]:
        """Read up to ``most`` seals with numbers over ``after``, in order."""
        rows = await self.session.execute(
            _SEALED, {"tenant_id": tenant_id, "after": after, "most": most}
        )
        return tuple(Seal(row.seq, row.previous_hash, row.hash, _entry(row)) for row in rows)

    async def add_seal(self, tenant_id: TenantId, seal: Seal) -> None:
        """Store a seal and take its entry off the queue."""
        await self.session.execute(
            text(
                "INSERT INTO audit_seals (tenant_id, seq, entry_id, previous_hash, hash) "
                "VALUES (:tenant_id, :seq, :entry_id, :previous_hash, :hash)"
            ),
            {
                "tenant_id": tenant_id,
                "seq": seal.seq,
                "entry_id": seal.entry.id,
                "previous_hash": seal.previous_hash,
                "hash": seal.hash,
            },
        )
        await self.session.execute(
            text(
                "DELETE FROM audit_unsealed WHERE tenant_id = :tenant_id AND entry_id = :entry_id"
            ),
            {"tenant_id": tenant_id, "entry_id": seal.entry.id},
        )


def _entry(row: Row[*tuple[Any, ...]]) -> AuditEntry:
    return AuditEntry(
        id=AuditId(row.id),
        recorded_at=row.recorded_at.astimezone(UTC),
        actor=row.actor,
        action=row.action,
        object_type=row.object_type,
        object_id=row.object_id,
        details=row.details,
    )
