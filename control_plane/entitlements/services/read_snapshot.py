"""Use case: hand a module what it may do."""

from dataclasses import dataclass
from datetime import datetime

from control_plane.entitlements.errors import SnapshotNotPublished
from control_plane.entitlements.repository import newest_snapshot
from control_plane.entitlements.signer import Signer
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.sdk.envelope import Envelope
from control_plane.sdk.snapshot import Heartbeat


@dataclass(frozen=True, slots=True)
class ReadSnapshot:
    """Hand out the newest snapshot, and the word that it is the newest."""

    work: UnitOfWork
    signer: Signer
    clock: Clock

    async def __call__(
        self, tenant_id: TenantId, have: int | None = None
    ) -> tuple[Envelope | None, Envelope]:
        """Return the snapshot, unless ``have`` is its revision, and a fresh heartbeat.

        Raises:
            SnapshotNotPublished: nothing was published for the tenant yet.
        """
        snapshot, revision, issued_at = await self.newest(tenant_id)
        known = have is not None and have >= revision
        return None if known else snapshot, self.heartbeat(tenant_id, revision, issued_at)

    async def newest(self, tenant_id: TenantId) -> tuple[Envelope, int, datetime]:
        """Return the newest snapshot, its revision, and an instant at which it was the newest.

        Raises:
            SnapshotNotPublished: nothing was published for the tenant yet.
        """
        # The time is taken before the reading: a heartbeat of it never vouches for too much.
        issued_at = self.clock.now()
        latest = await newest_snapshot(self.work, tenant_id)
        if latest is None:
            raise SnapshotNotPublished
        return self.signer.renewed(latest.envelope), latest.revision, issued_at

    def heartbeat(self, tenant_id: TenantId, revision: int, issued_at: datetime) -> Envelope:
        """Sign that ``revision`` was the newest at ``issued_at``, a time before the reading."""
        message = Heartbeat(format_id("ten", tenant_id), revision, issued_at)
        return self.signer.sign(message.to_bytes())
