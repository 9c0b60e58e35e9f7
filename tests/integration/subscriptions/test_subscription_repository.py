"""Timelines in PostgreSQL: kept whole, appended one at a time, seen by their tenant alone."""

import asyncio

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.calendar import Interval, Period
from control_plane.kernel.ids import PlanVersionId, SubscriptionId, new_id
from control_plane.subscriptions.codec import action_kind
from control_plane.subscriptions.domain import (
    BookAddon,
    Cancel,
    ChangePlan,
    ChangeQuantity,
    Pause,
    Reactivate,
    SetTerms,
    Terms,
)
from control_plane.subscriptions.errors import SubscriptionEnded, SubscriptionNotFound
from control_plane.subscriptions.repository import SubscriptionRepository
from tests.support.catalogue import SMALL
from tests.support.timelines import at, booked, cancelled, changed, started


@pytest.fixture
async def catalog(database, clock):
    return (await ApplyCatalog(database, clock)(SMALL)).catalog


@pytest.fixture
async def subscription(catalog, work, tenant_id):
    timeline = started(catalog.plan("growth").id)
    async with work(tenant_id) as session:
        await SubscriptionRepository(session).add(tenant_id, timeline)
    return timeline


async def stored(work, tenant_id, subscription_id):
    async with work(tenant_id) as session:
        return await SubscriptionRepository(session).timeline(subscription_id)


async def test_a_timeline_of_every_action_reads_back_the_same(catalog, work, tenant_id):
    timeline = started(catalog.plan("growth").id, day=1.25, known=0.5)
    timeline = changed(timeline, catalog.plan("scale").id, 9, interval=Interval.YEAR)
    timeline = booked(timeline, catalog.addon("peak_618").id, 100, 131, known=10)
    timeline = cancelled(timeline, 200, known=12)

    async with work(tenant_id) as session:
        await SubscriptionRepository(session).add(tenant_id, timeline)

    assert await stored(work, tenant_id, timeline.subscription_id) == timeline


async def test_appending_gives_the_next_number_and_the_grown_timeline(
    catalog, subscription, work, tenant_id
):
    key = subscription.subscription_id
    window = Period(at(20), at(40))
    actions = [
        (ChangePlan(catalog.plan("scale").id, Interval.MONTH), at(10)),
        (BookAddon(catalog.addon("peak_618").id, window), at(20)),
        (Cancel(), at(31)),
    ]
    for action, effective_at in actions:
        async with work(tenant_id) as session:
            change = await SubscriptionRepository(session).append(
                tenant_id, key, action, effective_at=effective_at, known_at=at(1)
            )

    timeline = await stored(work, tenant_id, key)
    assert (change.seq, change.action) == (4, Cancel())
    assert [c.seq for c in timeline.changes] == [1, 2, 3, 4]
    assert timeline.ended_at == at(31)
    assert timeline.addon_bookings()[0].window == window


async def test_a_refused_change_stores_nothing(subscription, catalog, work, tenant_id):
    key = subscription.subscription_id
    async with work(tenant_id) as session:
        await SubscriptionRepository(session).append(
            tenant_id, key, Cancel(), effective_at=at(5), known_at=at(1)
        )

    with pytest.raises(SubscriptionEnded):
        async with work(tenant_id) as session:
            await SubscriptionRepository(session).append(
                tenant_id,
                key,
                ChangePlan(catalog.plan("scale").id, Interval.MONTH),
                effective_at=at(6),
                known_at=at(2),
            )

    assert len((await stored(work, tenant_id, key)).changes) == 2


async def test_changes_at_once_are_appended_one_after_the_other(
    catalog, subscription, work, tenant_id
):
    key = subscription.subscription_id

    async def change(n):
        async with work(tenant_id) as session:
            repository = SubscriptionRepository(session)
            action = ChangePlan(catalog.plan("scale").id, Interval.MONTH)
            return await repository.append(
                tenant_id, key, action, effective_at=at(n), known_at=at(n)
            )

    changes = await asyncio.gather(*(change(n) for n in range(1, 7)))

    assert sorted(c.seq for c in changes) == [2, 3, 4, 5, 6, 7]
    assert [c.seq for c in (await stored(work, tenant_id, key)).changes] == [1, 2, 3, 4, 5, 6, 7]


async def test_whoever_holds_the_tenant_decides_alone(work, tenant_id):
    order = []

    async def decide(name, pause):
        async with work(tenant_id) as session:
            await SubscriptionRepository(session).lock_tenant(tenant_id)
            order.append(f"{name} begins")
            await asyncio.sleep(pause)
            order.append(f"{name} ends")

    await asyncio.gather(decide("one", 0.05), decide("two", 0.05))

    assert [entry.split()[0] for entry in order] in (
        ["one", "one", "two", "two"],
        ["two", "two", "one", "one"],
    )


async def test_another_tenant_sees_locks_and_appends_nothing(
    subscription, work, other_tenant_id, tenant_id
):
    key = subscription.subscription_id
    async with work(other_tenant_id) as session:
        repository = SubscriptionRepository(session)
        assert await repository.timelines(other_tenant_id) == ()
        assert await repository.timelines(tenant_id) == ()
        for attempt in (
            repository.timeline(key),
            repository.lock(key),
            repository.append(other_tenant_id, key, Cancel(), effective_at=at(1), known_at=at(1)),
        ):
            with pytest.raises(SubscriptionNotFound, match="sub_"):
                await attempt


async def test_a_tenant_cannot_write_into_anothers_timeline(
    catalog, work, tenant_id, other_tenant_id
):
    timeline = started(catalog.plan("growth").id)

    with pytest.raises(Exception, match="row-level security"):
        async with work(other_tenant_id) as session:
            await SubscriptionRepository(session).add(tenant_id, timeline)


async def test_a_tenants_timelines_come_oldest_first(catalog, work, tenant_id):
    timelines = [started(catalog.plan("growth").id, day) for day in (5, 1, 3)]
    async with work(tenant_id) as session:
        for timeline in timelines:
            await SubscriptionRepository(session).add(tenant_id, timeline)

    async with work(tenant_id) as session:
        found = await SubscriptionRepository(session).timelines(tenant_id)

    assert found == tuple(timelines)


async def test_staff_read_every_tenants_timelines(subscription, staff, tenant_id):
    async with staff() as session:
        assert await SubscriptionRepository(session).timelines(tenant_id) == (subscription,)


async def test_a_plan_that_was_never_published_cannot_be_sold(work, tenant_id):
    with pytest.raises(IntegrityError, match="plan_version"):
        async with work(tenant_id) as session:
            await SubscriptionRepository(session).add(tenant_id, started(PlanVersionId(new_id())))


async def test_an_unknown_subscription_is_refused_by_name(work, tenant_id):
    with pytest.raises(SubscriptionNotFound, match="sub_"):
        await stored(work, tenant_id, SubscriptionId(new_id()))


@pytest.mark.parametrize("table", ["subscriptions", "subscription_changes"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}", "TRUNCATE {} CASCADE"],
)
async def test_history_cannot_be_rewritten_by_anybody(subscription, admin, table, statement):
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        admin.execute(statement.format(table))


@pytest.mark.parametrize(
    ("seq", "kind", "version"),
    [(1, "cancel", None), (2, "start", "plan"), (2, "change_plan", None), (2, "sleep", None)],
)
async def test_rows_that_make_no_timeline_are_refused_by_the_table(
    subscription, catalog, admin, tenant_id, seq, kind, version
):
    with pytest.raises((psycopg.errors.CheckViolation, psycopg.errors.UniqueViolation)):
        admin.execute(
            "INSERT INTO subscription_changes (tenant_id, id, subscription_id, seq, effective_at,"
            " known_at, kind, plan_version_id, details) "
            "VALUES (%s, %s, %s, %s, now(), now(), %s, %s, '{}')",
            [
                tenant_id,
                new_id(),
                subscription.subscription_id,
                seq,
                kind,
                catalog.plan("growth").id if version else None,
            ],
        )


@pytest.mark.parametrize(
    "action",
    [
        ChangeQuantity("seats", 3),
        Pause(),
        SetTerms(Terms(reason="pilot")),
        Cancel(),
        Reactivate(),
    ],
    ids=action_kind,
)
async def test_every_kind_of_change_is_kept(subscription, work, tenant_id, action):
    key = subscription.subscription_id
    async with work(tenant_id) as session:
        repository = SubscriptionRepository(session)
        if isinstance(action, Reactivate):
            await repository.append(tenant_id, key, Cancel(), effective_at=at(9), known_at=at(1))
        await repository.append(tenant_id, key, action, effective_at=at(3), known_at=at(1))

    assert (await stored(work, tenant_id, key)).changes[-1].action == action
