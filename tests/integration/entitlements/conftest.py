from types import SimpleNamespace

import pytest

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.entitlements.participant import EntitlementParticipant
from control_plane.entitlements.repository import SnapshotRepository
from control_plane.entitlements.services.list_entitlements import ListEntitlements
from control_plane.entitlements.services.publish_snapshot import PublishSnapshot
from control_plane.entitlements.services.read_snapshot import ReadSnapshot
from control_plane.entitlements.signer import Signer
from control_plane.kernel.ids import format_id
from control_plane.sdk.envelope import load_public_keys, verify
from control_plane.sdk.snapshot import parse_snapshot
from control_plane.subscriptions.repository import SubscriptionRepository
from control_plane.tenancy.clocks import TenantClock
from tests.support.catalogue import SMALL


@pytest.fixture
async def catalog(database, clock):
    return (await ApplyCatalog(database, clock)(SMALL)).catalog


@pytest.fixture
def parts(catalog, work, clock, settings):
    """The use cases of entitlements, put together as an application does."""
    signer = Signer.load(settings.signing_key_path)
    tenant_clock = TenantClock(clock)
    publish = PublishSnapshot(work, signer, clock, tenant_clock)
    return SimpleNamespace(
        signer=signer,
        publish=publish,
        read=ReadSnapshot(work, signer, clock),
        show=ListEntitlements(work, tenant_clock),
        participant=EntitlementParticipant(work, publish),
    )


@pytest.fixture
def keep(work, tenant_id):
    """Store a timeline made by hand."""

    async def store(timeline, owner=tenant_id):
        async with work(owner) as session:
            await SubscriptionRepository(session).add(owner, timeline)
        return timeline

    return store


@pytest.fixture
def snapshot(parts, work, tenant_id):
    """Read the newest snapshot, its signature checked."""

    async def newest():
        async with work(tenant_id) as session:
            stored = await SnapshotRepository(session).latest(tenant_id)
        keys = load_public_keys(parts.signer.public_keys_text())
        return parse_snapshot(verify(stored.envelope, keys), tenant=format_id("ten", tenant_id))

    return newest
