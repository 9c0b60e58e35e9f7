"""A tenant's snapshot: new when it says something new, one body a revision, never back."""

import asyncio
import json

import psycopg
import pytest
from sqlalchemy import text

from control_plane.entitlements.modules import entitled_modules
from control_plane.entitlements.repository import SnapshotRepository
from control_plane.entitlements.services.publish_snapshot import PublishSnapshot
from control_plane.entitlements.signer import Signer
from control_plane.kernel.calendar import Interval, Period
from control_plane.kernel.ids import InstanceId, OutboxId, new_id
from control_plane.runtime.topics import INSTANCES_CHANGED
from control_plane.subscriptions.domain import BookAddon, Cancel, ChangePlan
from control_plane.subscriptions.repository import SubscriptionRepository
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.errors import OrganisationNotFound
from tests.support.timelines import at, booked, cancelled, changed, started

ORDERS = "outbound.orders_per_day"


def revisions(admin, tenant_id):
    rows = admin.execute(
        "SELECT revision, payload FROM entitlement_snapshots WHERE tenant_id = %s ORDER BY 1",
        [tenant_id],
    )
    return [(revision, json.loads(bytes(payload))) for revision, payload in rows]


def instance_messages(admin, tenant_id):
    return admin.execute(
        "SELECT count(*) FROM outbox WHERE tenant_id = %s AND topic = %s",
        [tenant_id, INSTANCES_CHANGED],
    ).fetchone()[0]


async def test_the_snapshot_follows_from_what_was_bought(parts, catalog, keep, snapshot, tenant_id):
    timeline = booked(
        started(catalog.plan("growth").id), catalog.addon("peak_618").id, 100, 130, known=0
    )
    await keep(cancelled(timeline, 365, known=1))

    assert await parts.publish(tenant_id) == 1

    found = await snapshot()
    assert (found.revision, found.zone, found.test_clock_at) == (1, "Asia/Shanghai", None)
    assert [(w.start, w.end, w.value) for w in found.features[ORDERS].windows] == [
        (at(0), at(100), 150),
        (at(100), at(130), 550),
        (at(130), at(365), 150),
    ]


async def test_a_tenant_that_bought_nothing_has_a_snapshot_that_grants_nothing(
    parts, snapshot, tenant_id
):
    await parts.publish(tenant_id)

    found = await snapshot()
    assert set(found.features) == {"inbound", "outbound", ORDERS}
    assert all(grant.windows == () for grant in found.features.values())


async def test_no_new_revision_while_it_says_the_same(
    parts, catalog, keep, admin, clock, tenant_id
):
    await keep(started(catalog.plan("growth").id))
    await parts.publish(tenant_id)
    clock.advance(days=40)

    assert await parts.publish(tenant_id) == 1

    assert len(revisions(admin, tenant_id)) == 1
    assert instance_messages(admin, tenant_id) == 1


async def test_every_change_makes_the_next_revision_and_calls_for_instances(
    parts, catalog, keep, work, admin, tenant_id
):
    timeline = await keep(started(catalog.plan("growth").id))
    await parts.publish(tenant_id)
    window = Period(at(20), at(40))
    for action, effective_at in (
        (BookAddon(catalog.addon("peak_618").id, window), at(20)),
        (ChangePlan(catalog.plan("scale").id, Interval.MONTH), at(25)),
        (Cancel(), at(31)),
    ):
        async with work(tenant_id) as session:
            await SubscriptionRepository(session).append(
                tenant_id,
                timeline.subscription_id,
                action,
                effective_at=effective_at,
                known_at=at(1),
            )
        await parts.publish(tenant_id)

    assert [revision for revision, _ in revisions(admin, tenant_id)] == [1, 2, 3, 4]
    assert instance_messages(admin, tenant_id) == 4


async def test_the_outbox_delivers_a_change_as_often_as_it_likes(
    parts, catalog, keep, admin, tenant_id
):
    await keep(started(catalog.plan("growth").id))

    for _ in range(3):
        await parts.publish.deliver(tenant_id, {}, OutboxId(new_id()))

    assert len(revisions(admin, tenant_id)) == 1


async def test_publishers_at_once_never_fork_a_revision_or_go_back(
    parts, catalog, keep, work, admin, tenant_id
):
    """Eight publishers race with a stream of changes: each revision knows at least the last."""
    timeline = await keep(started(catalog.plan("growth").id))

    async def buy():
        for n in range(1, 13):
            async with work(tenant_id) as session:
                await SubscriptionRepository(session).append(
                    tenant_id,
                    timeline.subscription_id,
                    BookAddon(catalog.addon("peak_618").id, Period(at(n), at(400))),
                    effective_at=at(n),
                    known_at=at(0),
                )
            await asyncio.sleep(0)

    async def publish():
        return [await parts.publish(tenant_id) for _ in range(6)]

    _, *drawn = await asyncio.gather(buy(), *(publish() for _ in range(8)))
    await parts.publish(tenant_id)

    published = revisions(admin, tenant_id)
    assert [revision for revision, _ in published] == list(range(1, len(published) + 1))
    assert all(body["revision"] == revision for revision, body in published)
    peaks = [
        max(float(w["value"]) for w in body["features"][ORDERS]["windows"]) for _, body in published
    ]
    assert peaks == sorted(peaks)
    assert peaks[-1] == 150 + 12 * 400
    assert len(set(peaks)) == len(peaks)
    for own in drawn:
        assert own == sorted(own)


async def test_a_publisher_that_had_to_wait_reads_what_happened_meanwhile(
    parts, catalog, keep, snapshot, work, admin, tenant_id
):
    async def somebody_waits():
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while not admin.execute(waiting).fetchone()[0]:
            await asyncio.sleep(0.01)

    async with work(tenant_id) as session:
        await SnapshotRepository(session).lock(tenant_id)
        waiting = asyncio.create_task(parts.publish(tenant_id))
        await asyncio.wait_for(somebody_waits(), 30)
        await asyncio.create_task(keep(started(catalog.plan("growth").id)))

    assert await waiting == 1
    assert (await snapshot()).features["outbound"].windows[0].start == at(0)


async def test_without_the_lock_a_second_body_for_a_revision_is_still_refused(
    parts, keep, catalog, snapshot, work, tenant_id
):
    await keep(started(catalog.plan("growth").id))
    await parts.publish(tenant_id)
    found = await snapshot()

    with pytest.raises(Exception, match="entitlement_snapshots_pkey"):
        async with work(tenant_id) as session:
            await SnapshotRepository(session).add(
                tenant_id, found, parts.signer.sign(found.to_bytes())
            )


async def test_a_change_that_is_rolled_back_reaches_no_snapshot(
    parts, keep, catalog, work, admin, tenant_id
):
    timeline = await keep(started(catalog.plan("growth").id))
    await parts.publish(tenant_id)

    with pytest.raises(RuntimeError, match="crash"):
        async with work(tenant_id) as session:
            await SubscriptionRepository(session).append(
                tenant_id, timeline.subscription_id, Cancel(), effective_at=at(1), known_at=at(1)
            )
            await parts.publish(tenant_id)
            raise RuntimeError("crash")

    assert [revision for revision, _ in revisions(admin, tenant_id)] == [1]
    assert await parts.publish(tenant_id) == 1


async def test_keys_and_service_tokens_travel_with_the_snapshot(
    parts, snapshot, admin, tenant_id, clock
):
    key, instance = new_id(), InstanceId(new_id())
    admin.execute(
        "INSERT INTO api_keys (tenant_id, id, name, prefix, hash, scopes, created_at, created_by,"
        " expires_at) VALUES (%s, %s, 'till', 'tyk_ab', %s, '{inventory:write}', now(), 'x', %s)",
        [tenant_id, key, "a" * 64, at(10)],
    )
    admin.execute(
        "INSERT INTO service_tokens (tenant_id, id, instance_id, module, hash, scopes, created_at)"
        " VALUES (%s, %s, %s, 'outbound', %s, '{ledger:post}', now())",
        [tenant_id, new_id(), instance, "b" * 64],
    )

    await parts.publish(tenant_id)

    found = await snapshot()
    assert [(k.hash, k.scopes, k.expires_at) for k in found.keys] == [
        ("a" * 64, {"inventory:write"}, at(10))
    ]
    assert [(s.module, s.hash, s.scopes) for s in found.services] == [
        ("outbound", "b" * 64, {"ledger:post"})
    ]
    admin.execute("UPDATE api_keys SET revoked_at = now()")
    assert await parts.publish(tenant_id) == 2
    assert (await snapshot()).keys == ()


async def test_a_new_signing_key_signs_a_new_revision(
    parts, work, clock, tmp_path, tenant_id, admin
):
    await parts.publish(tenant_id)
    fresh = Signer.load(tmp_path / "rotated.pem")

    again = PublishSnapshot(work, fresh, clock, TenantClock(clock))

    assert await again(tenant_id) == 2
    assert await again(tenant_id) == 2
    key_ids = admin.execute("SELECT key_id FROM entitlement_snapshots ORDER BY revision")
    assert [row[0] for row in key_ids] == [parts.signer.key_id, fresh.key_id]


async def test_a_tenant_that_is_not_there_is_refused(parts):
    with pytest.raises(OrganisationNotFound):
        await parts.publish(new_id())


async def test_one_tenant_never_sees_anothers_snapshot(
    parts, catalog, keep, work, tenant_id, other_tenant_id
):
    await keep(started(catalog.plan("growth").id))
    await parts.publish(tenant_id)
    await parts.publish(other_tenant_id)

    async with work(other_tenant_id) as session:
        assert await SnapshotRepository(session).latest(tenant_id) is None
        rows = await session.scalar(text("SELECT count(*) FROM entitlement_snapshots"))
    assert rows == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entitlement_snapshots SET revision = revision + 1",
        "DELETE FROM entitlement_snapshots",
        "TRUNCATE entitlement_snapshots",
    ],
)
async def test_a_published_snapshot_cannot_be_changed_by_anybody(
    parts, admin, tenant_id, statement
):
    await parts.publish(tenant_id)

    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        admin.execute(statement)


async def test_the_entitled_modules_are_those_of_the_plans_held_then(
    catalog, keep, work, tenant_id, other_tenant_id
):
    await keep(cancelled(changed(started(catalog.plan("growth").id), catalog.plan("receiving").id,
                                 10), 31, known=11))  # fmt: skip

    async def modules(day, owner=tenant_id):
        async with work(owner) as session:
            return await entitled_modules(session, owner, at(day))

    assert await modules(-1) == frozenset()
    assert await modules(0) == {"inbound", "outbound"}
    assert await modules(10) == {"inbound"}
    assert await modules(31) == frozenset()
    assert await modules(0, other_tenant_id) == frozenset()
