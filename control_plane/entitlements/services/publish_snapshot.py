"""Use case: publish what a tenant may do."""

from dataclasses import dataclass, replace

from control_plane.entitlements.domain.build import build_snapshot, facts_digest
from control_plane.entitlements.gather import gather_facts
from control_plane.entitlements.repository import SnapshotRepository
from control_plane.entitlements.signer import Signer
from control_plane.entitlements.turning import turned
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import OutboxId, TenantId
from control_plane.notifications.webhooks.events import EventType, announce
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import INSTANCES_CHANGED
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.sdk.envelope import Envelope
from control_plane.sdk.snapshot import Snapshot, parse_snapshot
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class PublishSnapshot:
    """Build and sign a tenant's snapshot, when it says something new.

    One revision has one body for ever, and a higher revision is never built
    from older facts, however many publish at once.
    """

    work: UnitOfWork
    signer: Signer
    clock: Clock
    tenant_clock: TenantClock

    async def __call__(self, tenant_id: TenantId) -> int:
        """Return the revision that is the newest now.

        A test clock's time is part of what a snapshot says; the moment of issue
        is not. A new signing key asks for a new revision too.
        """
        async with self.work(tenant_id) as session:
            snapshots = SnapshotRepository(session)
            await snapshots.lock(tenant_id)
            latest = await snapshots.latest(tenant_id)
            reading = await self.tenant_clock.read(session, tenant_id)
            facts = await turned(session, await gather_facts(session, tenant_id, reading))
            revision = latest.revision if latest else 0
            snapshot = build_snapshot(facts, revision=revision + 1, issued_at=self.clock.now())
            said = (facts_digest(snapshot), self.signer.key_id)
            if latest is not None and said == (latest.facts_sha256, latest.envelope.key_id):
                return latest.revision
            envelope = self.signer.sign(snapshot.to_bytes())
            await snapshots.add(tenant_id, snapshot, envelope, present_at=reading.now)
            if latest is None or not _only_time_moved(latest.envelope, snapshot):
                await enqueue(session, tenant_id, INSTANCES_CHANGED, {})
                told = {"revision": snapshot.revision}
                changed = EventType.ENTITLEMENTS_CHANGED
                await announce(session, tenant_id, changed, told, at=reading.now)
            return snapshot.revision

    async def deliver(
        self, tenant_id: TenantId, payload: dict[str, object], delivery_id: OutboxId
    ) -> None:
        """Handle `ENTITLEMENTS_CHANGED` from the outbox."""
        del payload, delivery_id  # the message only says whose snapshot to look at
        await self(tenant_id)


def _only_time_moved(before: Envelope, after: Snapshot) -> bool:
    """Tell whether a test clock's step is all that is new: its advance reconciles by itself."""
    earlier = parse_snapshot(before.payload)
    moved = replace(
        earlier,
        revision=after.revision,
        issued_at=after.issued_at,
        test_clock_at=after.test_clock_at,
    )
    return moved == after
