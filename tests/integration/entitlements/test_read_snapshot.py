"""Modules get the newest snapshot once, and a fresh word that it is the newest each time."""

from contextlib import AsyncExitStack

import pytest

from control_plane.entitlements.errors import SnapshotNotPublished
from control_plane.entitlements.repository import SnapshotRepository, newest_snapshot
from control_plane.kernel.ids import format_id
from control_plane.runtime.roles import Role
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.sdk.envelope import load_public_keys, verify
from control_plane.sdk.snapshot import parse_heartbeat, parse_snapshot
from tests.support.timelines import at, booked, started


@pytest.fixture
def read(parts, tenant_id):
    keys = load_public_keys(parts.signer.public_keys_text())
    tenant = format_id("ten", tenant_id)

    async def checked(have=None):
        envelope, heartbeat = await parts.read(tenant_id, have)
        snapshot = envelope and parse_snapshot(verify(envelope, keys), tenant=tenant)
        return snapshot, parse_heartbeat(verify(heartbeat, keys), tenant=tenant)

    return checked


async def test_nothing_published_yet_is_said_so(read):
    with pytest.raises(SnapshotNotPublished):
        await read()


async def test_a_module_without_or_behind_gets_the_newest_one(
    parts, keep, catalog, read, tenant_id
):
    await parts.publish(tenant_id)
    await keep(started(catalog.plan("growth").id))
    await parts.publish(tenant_id)

    for have in (None, 0, 1):
        snapshot, heartbeat = await read(have)
        assert (snapshot.revision, heartbeat.revision) == (2, 2)


async def test_a_module_that_has_it_gets_only_a_heartbeat_of_this_moment(
    parts, read, clock, tenant_id
):
    await parts.publish(tenant_id)
    clock.advance(hours=30)

    snapshot, heartbeat = await read(1)

    assert snapshot is None
    assert (heartbeat.revision, heartbeat.issued_at) == (1, clock.now())


async def test_each_tenant_reads_its_own_alone(parts, work, tenant_id, other_tenant_id):
    await parts.publish(other_tenant_id)
    await parts.publish(other_tenant_id)
    assert await newest_snapshot(work, tenant_id) is None
    await parts.publish(tenant_id)

    for owner in (other_tenant_id, tenant_id, other_tenant_id):
        async with work(owner) as session:
            kept = await SnapshotRepository(session).latest(owner)
        assert await newest_snapshot(work, owner) == kept


async def test_reading_waits_for_nobody_who_uses_the_pool(parts, settings, tenant_id, database):
    await parts.publish(tenant_id)
    engine = database.engine(Role.TENANT)
    async with AsyncExitStack() as all_of_them:
        for _ in range(2 * settings.pool_size):
            await all_of_them.enter_async_context(engine.connect())

        stored = await newest_snapshot(UnitOfWork(database), tenant_id)

    assert stored is not None


async def test_the_portal_sees_what_modules_decide_by(parts, keep, catalog, clock, tenant_id):
    timeline = started(catalog.plan("growth").id)
    await keep(booked(timeline, catalog.addon("peak_618").id, 10, 20, known=0))
    await parts.publish(tenant_id)
    clock.set(at(12))

    shown = await parts.show(tenant_id)

    orders = next(i for i in shown.items if i.feature.code == "outbound.orders_per_day")
    assert (shown.at, shown.revision) == (at(12), 1)
    assert (orders.granted, orders.limit, orders.valid_until) == (True, 550, at(20))
    assert [w.value for w in orders.windows] == [150, 550, 150]


async def test_the_portal_lists_what_was_not_bought_too(parts, keep, catalog, tenant_id, clock):
    await keep(started(catalog.plan("receiving").id))
    clock.set(at(1))

    shown = await parts.show(tenant_id)

    assert [(i.feature.code, i.granted) for i in shown.items] == [
        ("inbound", True),
        ("outbound", False),
        ("outbound.orders_per_day", False),
    ]
    assert shown.revision == 0
