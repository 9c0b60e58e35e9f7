import asyncio
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from metering.domain.cloudevents import parse_events
from metering.domain.events import IngestStatus
from metering.errors import EventsUnreadable
from metering.services import ingest_usage
from tests.support.usage import CALLS, CATALOGUE, JANUARY, LINES, cloud_event


async def _total(store, tenant_id, meter=CALLS):
    return await store.total(tenant_id, meter, JANUARY, cutoff=await store.cutoff(), since=None)


def _body(*events) -> bytes:
    return json.dumps(list(events)).encode()


async def test_each_event_of_a_batch_is_answered_on_its_own(ingest, store, tenant_id):
    await ingest(tenant_id, _body(cloud_event("known")))

    results = await ingest(
        tenant_id,
        _body(
            cloud_event("new"),
            cloud_event("known"),
            cloud_event("known", subject="inbound"),
            cloud_event("odd", type="tallyard.unheard_of"),
            cloud_event("bare", data={}),
            cloud_event("late", time=...),
            5,
            cloud_event("new too"),
        ),
    )

    assert [(result.id, result.status, result.reason) for result in results] == [
        ("new", IngestStatus.ACCEPTED, None),
        ("known", IngestStatus.DUPLICATE, None),
        ("known", IngestStatus.CONFLICT, "event_conflict"),
        ("odd", IngestStatus.QUARANTINED, "unknown_meter"),
        ("bare", IngestStatus.REJECTED, "property_missing"),
        ("late", IngestStatus.REJECTED, "attribute_missing"),
        (None, IngestStatus.REJECTED, "event_not_object"),
        ("new too", IngestStatus.ACCEPTED, None),
    ]
    assert (await _total(store, tenant_id)).events == 3


async def test_a_large_batch_has_a_commit_of_its_own_and_the_same_answers(ingest, store, tenant_id):
    events = [cloud_event(f"evt-{n}", data={"lines": n}) for n in range(250)]
    events[7] = cloud_event("evt-8", data={"lines": 8})

    results = await ingest(tenant_id, _body(*events))

    assert [result.status for result in results].count(IngestStatus.ACCEPTED) == 249
    assert results[8].status is IngestStatus.DUPLICATE
    assert (await _total(store, tenant_id, LINES)).quantity == sum(range(250)) - 7


async def test_values_are_taken_like_json(ingest, store, tenant_id):
    (result,) = await ingest(tenant_id, [cloud_event(data={"lines": Decimal("0.1")})])

    assert result.status is IngestStatus.ACCEPTED
    assert (await _total(store, tenant_id, LINES)).quantity == Decimal("0.1")


async def test_a_single_event_is_taken_without_a_list(ingest, tenant_id):
    results = await ingest(tenant_id, json.dumps(cloud_event()).encode())

    assert [result.status for result in results] == [IngestStatus.ACCEPTED]


async def test_a_body_that_is_no_json_stores_nothing(ingest, store, tenant_id):
    with pytest.raises(EventsUnreadable):
        await ingest(tenant_id, _body(cloud_event())[:-1])

    assert (await _total(store, tenant_id)).events == 0


async def test_the_future_is_judged_on_the_real_clock_for_a_live_tenant(ingest, clock, tenant_id):
    soon = (clock.now() + timedelta(minutes=6)).isoformat()

    (result,) = await ingest(tenant_id, _body(cloud_event(time=soon)))

    assert (result.status, result.reason) == (IngestStatus.REJECTED, "time_in_future")


async def test_the_future_is_judged_on_its_test_clock_for_a_sandbox(
    ingest, admin, clock, tenant_id
):
    then = datetime(2031, 6, 18, tzinfo=UTC)
    admin.execute("UPDATE organisations SET sandbox = true WHERE id = %s", [tenant_id])
    admin.execute("INSERT INTO test_clocks (tenant_id, now_at) VALUES (%s, %s)", [tenant_id, then])

    results = await ingest(
        tenant_id,
        _body(
            cloud_event("now", time=then.isoformat()),
            cloud_event("ahead", time=(then + timedelta(hours=1)).isoformat()),
        ),
    )

    assert [result.reason for result in results] == [None, "time_in_future"]


async def test_a_meter_published_just_now_is_known_at_once(ingest, database, clock, tenant_id):
    body = _body(cloud_event("one", type="tallyard.outbound.returned", data={}))
    (before,) = await ingest(tenant_id, body)

    meter = """
  - code: returns
    event_type: tallyard.outbound.returned
    aggregation: count
    module: outbound
    unit: {en: calls, zh: 次}
    name: {en: Returns, zh: 退货}
plans:"""
    await ApplyCatalog(database, clock)(CATALOGUE.replace("\nplans:", meter))
    (after,) = await ingest(tenant_id, body)

    assert (before.reason, after.reason) == ("unknown_meter", None)


async def test_single_events_of_many_connections_share_commits(ingest, store, admin, tenant_id):
    await ingest(tenant_id, _body(cloud_event("first")))

    answers = await asyncio.gather(
        *[ingest(tenant_id, _body(cloud_event(f"evt-{n % 50}"))) for n in range(100)]
    )

    statuses = [result.status for (result,) in answers]
    assert statuses.count(IngestStatus.ACCEPTED) == 50
    assert statuses.count(IngestStatus.DUPLICATE) == 50
    (commits,) = admin.execute(
        "SELECT count(DISTINCT xmin::text) FROM usage_identities WHERE tenant_id = %s", [tenant_id]
    ).fetchone()
    assert 2 <= commits < 10
    assert (await _total(store, tenant_id)).events == 51


async def test_tenants_that_send_at_once_keep_their_own_events(
    ingest, store, tenant_id, other_tenant_id
):
    tenants = [tenant_id, other_tenant_id]

    await asyncio.gather(
        *[ingest(tenants[n % 2], _body(cloud_event(f"evt-{n // 2}"))) for n in range(40)]
    )

    assert [(await _total(store, tenant)).events for tenant in tenants] == [20, 20]


async def test_merged_events_do_not_join_the_transaction_of_a_caller(
    ingest, work, store, tenant_id
):
    with pytest.raises(ZeroDivisionError):
        async with work(tenant_id):
            (result,) = await ingest(tenant_id, _body(cloud_event()))
            raise ZeroDivisionError

    assert result.status is IngestStatus.ACCEPTED
    assert (await _total(store, tenant_id)).events == 1


async def test_usage_that_is_too_old_for_its_meter_is_refused_with_a_reason_and_kept(
    ingest, store, tenant_id, clock
):
    def scan(id_, days):
        time = (clock.now() - timedelta(days=days)).isoformat()
        return cloud_event(id_, type="tallyard.outbound.scanned", time=time)

    in_time = scan("in time", 29)
    await ingest(tenant_id, _body(in_time))
    clock.advance(days=10)

    results = await ingest(
        tenant_id, _body(in_time, scan("new", 29), scan("old", 31), cloud_event("other"))
    )

    assert [(r.status, r.reason) for r in results] == [
        (IngestStatus.DUPLICATE, None),
        (IngestStatus.ACCEPTED, None),
        (IngestStatus.REJECTED, "event_too_late"),
        (IngestStatus.ACCEPTED, None),
    ]
    page = await store.refused(tenant_id, after=None, limit=10)
    assert [(kept.event.id, kept.refused_at) for kept in page.refused] == [("old", clock.now())]


BROKEN = b"{"
NO_EVENT = b"[5]"
_SMALL = [_body(cloud_event("good")), BROKEN, NO_EVENT, _body(cloud_event("other"))]


def _together(ingest, tenant_id):
    return asyncio.gather(*(ingest(tenant_id, body) for body in _SMALL), return_exceptions=True)


async def test_small_deliveries_of_one_commit_are_answered_each_on_its_own(
    ingest, store, tenant_id
):
    counted, groups = [], []
    ingest.count = counted.extend
    commit = ingest._group.commit

    async def committed(tenant_id, sent):
        groups.append(len(sent))
        return await commit(tenant_id, sent)

    ingest._group.commit = committed
    good, broken, rejected, other = await _together(ingest, tenant_id)

    assert groups == [4]
    assert isinstance(broken, EventsUnreadable)
    assert [(r.id, r.status) for r in [*good, *rejected, *other]] == [
        ("good", IngestStatus.ACCEPTED),
        (None, IngestStatus.REJECTED),
        ("other", IngestStatus.ACCEPTED),
    ]
    assert counted == [r.status for r in [*good, *rejected, *other]]
    assert (await _total(store, tenant_id)).events == 2
    assert ingest.room.held == 0


async def test_a_commit_that_fails_is_told_to_those_who_had_events_in_it(ingest, tenant_id):
    async def failing(*_):
        raise ConnectionError("gone")

    ingest.at_once = failing
    good, broken, rejected, other = await _together(ingest, tenant_id)

    assert isinstance(good, ConnectionError)
    assert isinstance(other, ConnectionError)
    assert isinstance(broken, EventsUnreadable)
    assert [r.status for r in rejected] == [IngestStatus.REJECTED]
    assert ingest.room.held == 0


async def test_a_fault_in_reading_one_delivery_is_that_ones_alone(ingest, tenant_id, monkeypatch):
    def faulty(body):
        if body == BROKEN:
            raise ZeroDivisionError("of ours")
        return parse_events(body)

    monkeypatch.setattr(ingest_usage, "parse_events", faulty)
    good, broken, _, other = await _together(ingest, tenant_id)

    assert isinstance(broken, ZeroDivisionError)
    assert [good[0].status, other[0].status] == [IngestStatus.ACCEPTED] * 2
