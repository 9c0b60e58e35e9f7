"""The part of entitlements in advancing a tenant's test clock."""

from dataclasses import dataclass
from datetime import datetime

from control_plane.entitlements.repository import SnapshotRepository
from control_plane.entitlements.services.publish_snapshot import PublishSnapshot
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.sdk.snapshot import Snapshot, parse_snapshot


@dataclass(frozen=True, slots=True)
class EntitlementParticipant:
    """Stops the clock where a window opens or closes, and publishes what it says by then."""

    work: UnitOfWork
    publish: PublishSnapshot

    async def next_boundary(self, tenant_id: TenantId, after: datetime) -> datetime | None:
        """Return the first instant after ``after`` at which a granted window starts or ends."""
        async with self.work(tenant_id) as session:
            latest = await SnapshotRepository(session).latest(tenant_id)
        if latest is None:
            return None
        edges = (e for e in _edges(parse_snapshot(latest.envelope.payload)) if e > after)
        return min(edges, default=None)

    async def settle(self, tenant_id: TenantId) -> bool:
        """Publish where the snapshot is behind; True when that made a new revision."""
        async with self.work(tenant_id) as session:
            before = await SnapshotRepository(session).revision(tenant_id)
        return await self.publish(tenant_id) != before


def _edges(snapshot: Snapshot) -> set[datetime]:
    return {
        edge
        for grant in snapshot.features.values()
        for window in grant.windows
        for edge in (window.start, window.end)
        if edge is not None
    }
