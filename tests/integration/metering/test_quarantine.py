"""Events of unknown types are kept, bounded, and counted exactly once when a meter comes."""

import asyncio

import pytest
from sqlalchemy import event as sa_event
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from metering.domain.events import IngestStatus
from metering.domain.quarantine import Replayed
from metering.errors_quarantine import DiscardReasonInvalid, QuarantinedTypeNotFound
from metering.replaying import ReplayFittingQuarantine
from metering.services.discard_quarantined import DiscardQuarantined
from metering.services.list_quarantine import CountQuarantines, ListQuarantine
from metering.services.replay_quarantine import ReplayQuarantine
from tests.support.usage import CATALOGUE, JANUARY, cloud_event, meter

NAP = "tallyard.naps.taken"
NAPS = meter("naps", property_="minutes", event_type=NAP)
NAPS_METER = f"""
  - code: naps
    event_type: {NAP}
    aggregation: sum
    property: minutes
    module: outbound
    unit: {{en: minutes, zh: 分钟}}
    name: {{en: Naps, zh: 小睡}}
    late: reject_after
    late_days: 30
plans:"""


def nap(event_id, minutes=5, **changes):
    return cloud_event(event_id, type=NAP, data={"minutes": minutes}, **changes)


@pytest.fixture
def replay(work, ingest):
    return ReplayQuarantine(work, ingest)


@pytest.fixture
def listed(work, tenant_id):
    async def listing(**asked):
        return await ListQuarantine(work)(tenant_id=tenant_id, limit=100, **asked)

    return listing


@pytest.fixture
def publish(database, clock):
    async def apply():
        await ApplyCatalog(database, clock)(CATALOGUE.replace("\nplans:", NAPS_METER, 1))

    return apply


@pytest.fixture
def counted(store, tenant_id):
    async def total():
        cutoff = await store.cutoff()
        found = await store.total(tenant_id, NAPS, JANUARY, cutoff=cutoff, since=None)
        return int(found.quantity), found.events

    return total


def told(results):
    return [(r.id, r.status.value, r.reason) for r in results]


async def test_an_unknown_type_is_kept_once_and_costs_the_others_nothing(
    ingest, tenant_id, listed, counted
):
    batch = [nap("a"), cloud_event("known"), nap("a"), nap("a", minutes=6), nap("b")]

    first = await ingest(tenant_id, batch)
    again = await ingest(tenant_id, batch)

    apart = ("quarantined", "unknown_meter")
    expected = [("a", *apart), ("known", "accepted", None), ("a", *apart)]
    expected += [("a", "conflict", "event_conflict"), ("b", *apart)]
    assert told(first) == expected
    assert [r.status for r in again] == [
        IngestStatus.DUPLICATE if r.id == "known" else r.status for r in first
    ]
    page = await listed()
    assert [(q.event.id, q.event.data["minutes"]) for q in page.events] == [("b", 5), ("a", 5)]
    assert [(t.type, t.events, t.known) for t in page.types] == [(NAP, 2, False)]
    assert await counted() == (0, 0)


async def test_no_more_is_kept_than_the_bound_says(ingest, tenant_id, listed):
    ingest.most_quarantined = 3

    await ingest(tenant_id, [nap("a"), nap("b")])
    results = await ingest(tenant_id, [nap("b"), nap("c"), nap("d"), nap("d")])

    assert [r.reason for r in results] == ["unknown_meter"] * 2 + ["quarantine_full"] * 2
    assert results[2].status is IngestStatus.REJECTED
    assert (await listed()).waiting == 3


async def test_pages_follow_each_other_and_a_type_can_be_asked_for(work, ingest, tenant_id):
    await ingest(tenant_id, [nap(f"n{i}") for i in range(5)] + [cloud_event("x", type="other")])
    pages = ListQuarantine(work)

    first = await pages(tenant_id=tenant_id, event_type=NAP, limit=3)
    rest = await pages(tenant_id=tenant_id, event_type=NAP, limit=3, after=first.after)

    assert [q.event.id for q in (*first.events, *rest.events)] == ["n4", "n3", "n2", "n1", "n0"]
    assert rest.after is None
    assert [t.events for t in rest.types] == [1, 5]


async def test_a_replay_counts_what_a_meter_takes_and_keeps_the_rest_with_its_reason(
    ingest, replay, publish, tenant_id, listed, store, admin
):
    await ingest(
        tenant_id,
        [
            nap("good", minutes="2.5"),
            nap("wrong", minutes="many"),
            nap("old", time="2025-01-01T00:00:00Z"),
            nap("sent-again"),
            nap("taken"),
            nap("undone"),
            nap("undoing", retracts="undone"),
            cloud_event("x", type="still.unknown"),
        ],
    )
    assert await replay(tenant_id=tenant_id, actor="usr_1") == Replayed()
    await publish()
    await ingest(tenant_id, [nap("sent-again"), nap("taken", minutes=9)])

    done = await replay(tenant_id=tenant_id, actor="usr_1")

    assert done == Replayed(accepted=3, duplicate=1, too_late=1, kept=2)
    kept = [(q.event.id, q.refusal) for q in (await listed(event_type=NAP)).events]
    assert kept == [("taken", "event_conflict"), ("wrong", "property_not_quantity")]
    refused = await store.refused(tenant_id, after=None, limit=10)
    assert [(r.event.id, r.reason) for r in refused.refused] == [("old", "event_too_late")]
    assert (await listed()).waiting == 3
    quantity = admin.execute(
        "SELECT sum((data->>'minutes')::numeric), count(*) FROM usage_events WHERE type = %s", [NAP]
    ).fetchone()
    assert [float(quantity[0]), quantity[1]] == [2.5 + 5 + 9 + 5, 4]
    audit = admin.execute(
        "SELECT actor, details FROM audit_entries WHERE action = 'usage.quarantine_replayed'"
    ).fetchall()
    assert audit == [
        ("usr_1", {"types": [NAP], "accepted": 3, "duplicate": 1, "too_late": 1, "kept": 2})
    ]


async def test_only_the_type_that_is_named_is_replayed(ingest, replay, publish, tenant_id, listed):
    await ingest(tenant_id, [nap("a")])
    await publish()

    with pytest.raises(QuarantinedTypeNotFound):
        await replay(tenant_id=tenant_id, actor="usr_1", event_type="another.type")

    assert (await listed()).waiting == 1
    assert (await listed()).types[0].known


@pytest.mark.parametrize("killed_before", [4, 8, "commit"])
async def test_a_replay_that_is_killed_counts_nothing_and_the_next_one_everything_once(
    database, ingest, replay, publish, tenant_id, listed, counted, admin, killed_before
):
    await ingest(tenant_id, [nap(f"n{i}") for i in range(20)])
    await publish()
    seen = 0
    engine = database.engine("tenant").sync_engine

    def kill(connection):
        pid = connection.connection.driver_connection.info.backend_pid
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    def before_statement(connection, *_):
        nonlocal seen
        seen += 1
        if seen == killed_before:
            kill(connection)

    name = "commit" if killed_before == "commit" else "before_cursor_execute"
    listener = kill if killed_before == "commit" else before_statement
    sa_event.listen(engine, name, listener)
    with pytest.raises(DBAPIError):
        await replay(tenant_id=tenant_id, actor="usr_1")
    sa_event.remove(engine, name, listener)

    assert ((await listed()).waiting, await counted()) == (20, (0, 0))
    done = await asyncio.gather(*[replay(tenant_id=tenant_id, actor="usr_1") for _ in range(3)])
    assert sum(d.accepted for d in done) == 20
    assert ((await listed()).waiting, await counted()) == (0, (100, 20))


async def test_a_catalogue_with_a_fitting_meter_replays_by_itself_and_tries_each_event_once(
    system, ingest, replay, publish, tenant_id, listed, counted, work
):
    job = ReplayFittingQuarantine(system, replay)
    await ingest(tenant_id, [nap("a"), nap("b", minutes="many")])
    assert await job.run() == 0

    await publish()

    assert await job.run() == 1
    assert await counted() == (5, 1)
    (left,) = (await listed()).events
    async with work(tenant_id) as session:
        tried = text("SELECT tried_at FROM usage_quarantine")
        before = await session.scalar(tried)
    assert await job.run() == 0
    async with work(tenant_id) as session:
        assert await session.scalar(tried) == before
    assert (left.event.id, left.refusal) == ("b", "property_not_quantity")


async def test_discarding_needs_a_reason_and_is_on_record(
    work, staff, ingest, tenant_id, listed, admin
):
    discard = DiscardQuarantined(work)
    await ingest(tenant_id, [nap("a"), nap("b"), cloud_event("x", type="other")])
    counts = await CountQuarantines(staff)(limit=10)
    assert [(c.tenant_id, c.kind.type, c.kind.events) for c in counts] == [
        (tenant_id, NAP, 2),
        (tenant_id, "other", 1),
    ]

    for reason in ("", "  ", "x" * 501):
        with pytest.raises(DiscardReasonInvalid):
            await discard(tenant_id=tenant_id, event_type=NAP, reason=reason, actor="usr_1")
    done = await discard(tenant_id=tenant_id, event_type=NAP, reason=" a test ", actor="usr_1")

    assert (done, (await listed()).waiting) == (2, 1)
    with pytest.raises(QuarantinedTypeNotFound):
        await discard(tenant_id=tenant_id, event_type=NAP, reason="again", actor="usr_1")
    audit = admin.execute(
        "SELECT details FROM audit_entries WHERE action = 'usage.quarantine_discarded'"
    ).fetchall()
    assert audit == [({"type": NAP, "events": 2, "reason": "a test"},)]
