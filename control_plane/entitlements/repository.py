"""Keeps snapshots, one revision after the other."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from control_plane.entitlements.channel import notification
from control_plane.entitlements.domain.build import facts_digest
from control_plane.entitlements.models import SnapshotRow
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import BOUND, UnitOfWork
from control_plane.sdk.envelope import Envelope
from control_plane.sdk.snapshot import Snapshot

# Found by the tenant that was set: until then there is nothing to look for.
_NEWEST = text(
    f"""
    WITH {BOUND}
    SELECT newest.* FROM bound CROSS JOIN LATERAL (
        SELECT revision, encode(payload, 'hex'), encode(signature, 'hex'), key_id, facts_sha256
        FROM entitlement_snapshots WHERE tenant_id = bound.tenant_id
        ORDER BY revision DESC LIMIT 1
    ) AS newest
    """  # noqa: S608 - built from our own text
)
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """A published snapshot, as signed."""

    revision: int
    envelope: Envelope
    facts_sha256: str


@dataclass(frozen=True, slots=True)
class SnapshotRepository:
    """The snapshots of the session's tenant, within one transaction."""

    session: AsyncSession

    async def lock(self, tenant_id: TenantId) -> None:
        """Let nobody else publish for the tenant before this transaction ends.

        What is read after this call is at least as new as what the last
        revision was built from, so revisions never go back.
        """
        await self.session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
            {"name": f"snapshots:{tenant_id}"},
        )

    async def revision(self, tenant_id: TenantId) -> int:
        """Return the newest revision, 0 when nothing was published."""
        newest = select(func.max(SnapshotRow.revision)).where(
            col(SnapshotRow.tenant_id) == tenant_id
        )
        return await self.session.scalar(newest) or 0

    async def latest(self, tenant_id: TenantId) -> StoredSnapshot | None:
        """Return the newest snapshot, None when nothing was published."""
        row = await self.session.scalar(
            select(SnapshotRow)
            .where(col(SnapshotRow.tenant_id) == tenant_id)
            .order_by(col(SnapshotRow.revision).desc())
            .limit(1)
        )
        return None if row is None else _stored(row)

    async def at(self, tenant_id: TenantId, present: datetime) -> StoredSnapshot | None:
        """Return the snapshot that was the newest at an instant of the tenant's own time."""
        row = await self.session.scalar(
            select(SnapshotRow)
            .where(
                col(SnapshotRow.tenant_id) == tenant_id,
                func.coalesce(col(SnapshotRow.present_at), col(SnapshotRow.issued_at)) <= present,
            )
            .order_by(col(SnapshotRow.revision).desc())
            .limit(1)
        )
        return None if row is None else _stored(row)

    async def add(
        self,
        tenant_id: TenantId,
        snapshot: Snapshot,
        envelope: Envelope,
        *,
        present_at: datetime | None = None,
    ) -> None:
        """Append a snapshot; a revision that exists already is refused by PostgreSQL.

        Every web process hears of it at the commit. ``present_at`` is the tenant's own time.
        """
        self.session.add(
            SnapshotRow(
                tenant_id=tenant_id,
                revision=snapshot.revision,
                payload=envelope.payload,
                signature=envelope.signature,
                key_id=envelope.key_id,
                facts_sha256=facts_digest(snapshot),
                issued_at=snapshot.issued_at,
                present_at=present_at,
            )
        )
        await self.session.flush()
        await self.session.execute(_NOTIFY, notification(tenant_id, snapshot.revision))


async def newest_snapshot(work: UnitOfWork, tenant_id: TenantId) -> StoredSnapshot | None:
    """Return the newest snapshot that is committed, in one round trip; None when there is none."""
    for row in await work.at_once(tenant_id, _NEWEST, {}):
        revision, payload, signature, key_id, facts = map(str, row)  # none of them is ever null
        envelope = Envelope(bytes.fromhex(payload), bytes.fromhex(signature), key_id)
        return StoredSnapshot(int(revision), envelope, facts)
    return None


def _stored(row: SnapshotRow) -> StoredSnapshot:
    envelope = Envelope(row.payload, row.signature, row.key_id)
    return StoredSnapshot(row.revision, envelope, row.facts_sha256)
