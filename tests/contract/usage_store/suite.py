"""What every UsageStore must do. Subclasses give the ``store`` fixture."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from control_plane.kernel.ids import TenantId, new_id
from control_plane.kernel.period import Period
from metering.domain.events import IngestStatus
from metering.domain.windows import Window
from metering.errors import EventConflict, InvalidPageMark
from metering.ports import UsageStore
from tests.support.usage import CALLS, FEBRUARY, JANUARY, LINES, NOON, meter, usage_event

ACCEPTED, DUPLICATE, CONFLICT = (
    IngestStatus.ACCEPTED,
    IngestStatus.DUPLICATE,
    IngestStatus.CONFLICT,
)
BELLA, RIVAL = TenantId(new_id()), TenantId(new_id())


async def _ingest(store, *events, tenant=BELLA):
    return [result.status for result in await store.ingest(tenant, events)]


async def _total(store, meter_=LINES, period=JANUARY, *, since=None, cutoff=None, tenant=BELLA):
    cutoff = cutoff or await store.cutoff()
    return await store.total(tenant, meter_, period, cutoff=cutoff, since=since)


class UsageStoreContract:
    async def test_a_new_event_is_accepted_and_counted(self, store: UsageStore):
        assert await _ingest(store, usage_event(data={"lines": 3})) == [ACCEPTED]

        total = await _total(store)
        assert (total.quantity, total.events) == (Decimal(3), 1)

    async def test_the_same_event_again_is_a_duplicate_and_counts_once(self, store: UsageStore):
        await _ingest(store, usage_event())

        assert await _ingest(store, usage_event()) == [DUPLICATE]
        assert (await _total(store, CALLS)).quantity == 1

    async def test_another_body_under_the_same_id_is_a_conflict_and_the_first_stands(
        self, store: UsageStore
    ):
        await _ingest(store, usage_event(data={"lines": 3}))

        (result,) = await store.ingest(BELLA, [usage_event(data={"lines": 4})])

        assert result.status is CONFLICT
        assert isinstance(result.refusal, EventConflict)
        assert (await _total(store)).quantity == 3

    async def test_the_same_id_at_another_time_is_a_conflict(self, store: UsageStore):
        await _ingest(store, usage_event(time=NOON))

        assert await _ingest(store, usage_event(time=NOON - timedelta(days=60))) == [CONFLICT]
        assert (await _total(store, CALLS)).events == 1

    async def test_duplicates_and_conflicts_within_one_delivery_are_told_apart(
        self, store: UsageStore
    ):
        first, other = usage_event(data={"lines": 3}), usage_event(data={"lines": 9})

        assert await _ingest(store, first, first, other) == [ACCEPTED, DUPLICATE, CONFLICT]
        assert (await _total(store)).quantity == 3

    async def test_a_batch_of_100_with_one_duplicate_stores_99(self, store: UsageStore):
        await _ingest(store, usage_event("evt-50"))

        statuses = await _ingest(store, *[usage_event(f"evt-{n}") for n in range(100)])

        assert statuses.count(ACCEPTED) == 99
        assert statuses[50] is DUPLICATE
        assert (await _total(store, CALLS)).events == 100

    async def test_answers_come_in_the_order_of_delivery(self, store: UsageStore):
        events = [usage_event(f"evt-{n}") for n in (5, 1, 4, 2, 3)]

        results = await store.ingest(BELLA, events)

        assert [result.id for result in results] == [event.id for event in events]

    async def test_the_same_id_from_another_source_is_another_event(self, store: UsageStore):
        await _ingest(store, usage_event())

        assert await _ingest(store, usage_event(source="/instances/ins_2")) == [ACCEPTED]

    async def test_the_same_id_of_another_tenant_is_another_event(self, store: UsageStore):
        await _ingest(store, usage_event(data={"lines": 3}))

        assert await _ingest(store, usage_event(data={"lines": 8}), tenant=RIVAL) == [ACCEPTED]
        assert (await _total(store)).quantity == 3
        assert (await _total(store, tenant=RIVAL)).quantity == 8

    async def test_nothing_delivered_is_nothing_answered(self, store: UsageStore):
        assert await store.ingest(BELLA, []) == []

    async def test_no_events_add_up_to_zero_and_have_a_digest(self, store: UsageStore):
        total = await _total(store)

        assert (total.quantity, total.events) == (Decimal(0), 0)
        assert total.digest == ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")

    async def test_a_period_holds_its_start_and_not_its_end(self, store: UsageStore):
        await _ingest(
            store,
            usage_event("start", time=JANUARY.start),
            usage_event("last", time=JANUARY.end - timedelta(microseconds=1)),
            usage_event("end", time=JANUARY.end),
        )

        assert (await _total(store, CALLS, JANUARY)).events == 2
        assert (await _total(store, CALLS, FEBRUARY)).events == 1

    async def test_events_of_another_type_are_not_counted(self, store: UsageStore):
        await _ingest(store, usage_event(type="tallyard.inbound.receipt_posted"))

        assert (await _total(store, CALLS)).events == 0

    async def test_quantities_stay_exact_in_every_digit(self, store: UsageStore):
        thirds = "999999999999999999.000000000001"
        await _ingest(
            store,
            usage_event("text", data={"lines": thirds}),
            usage_event("small", data={"lines": "0.1"}),
            usage_event("other", data={"lines": "0.2"}),
        )

        total = await _total(store)
        assert str(total.quantity) == "999999999999999999.300000000001"

    async def test_a_property_that_is_no_quantity_adds_nothing(self, store: UsageStore):
        stated = [
            3,
            "4.5",
            "\uff11\uff12",
            "1e3",
            " 7",
            "",
            "NaN",
            "-1",
            -1,
            True,
            None,
            [5],
            {"a": 6},
        ]
        await _ingest(
            store, *[usage_event(f"e{n}", data={"lines": v}) for n, v in enumerate(stated)]
        )
        await _ingest(store, usage_event("none", data={}))

        total = await _total(store)
        assert (total.quantity, total.events) == (Decimal("7.5"), len(stated) + 1)

    async def test_the_digest_names_the_set_whatever_the_order_of_arrival(self, store: UsageStore):
        events = [usage_event(f"evt-{n}", data={"lines": n}) for n in range(40)]
        await _ingest(store, *events)
        await _ingest(store, *reversed(events), tenant=RIVAL)

        total, mirrored = await _total(store), await _total(store, tenant=RIVAL)
        assert total.digest == mirrored.digest

        await _ingest(store, usage_event("one-more"))
        assert (await _total(store)).digest != total.digest

    async def test_events_after_a_cutoff_are_outside_it_for_ever(self, store: UsageStore):
        await _ingest(store, usage_event("before"))
        cutoff = await store.cutoff()
        closed = await _total(store, CALLS, cutoff=cutoff)

        await _ingest(store, usage_event("after"))

        assert await _total(store, CALLS, cutoff=cutoff) == closed
        assert (await _total(store, CALLS)).events == 2

    async def test_what_came_late_is_counted_in_the_next_period_once(self, store: UsageStore):
        await _ingest(store, usage_event("in-time", data={"lines": 1}))
        january = await store.cutoff()
        await _ingest(store, usage_event("late", data={"lines": 10}))
        await _ingest(store, usage_event("feb", time=FEBRUARY.start, data={"lines": 100}))
        february = await store.cutoff()

        first = await _total(store, period=JANUARY, cutoff=january)
        second = await _total(store, period=FEBRUARY, cutoff=february, since=january)
        third = await _total(
            store,
            period=Period(FEBRUARY.end, FEBRUARY.end + timedelta(days=31)),
            since=february,
        )

        assert [first.quantity, second.quantity, third.quantity] == [1, 110, 0]

    async def test_an_early_event_waits_for_its_own_period(self, store: UsageStore):
        await _ingest(store, usage_event("early", time=FEBRUARY.start))
        january = await store.cutoff()

        assert (await _total(store, CALLS, JANUARY, cutoff=january)).events == 0
        assert (await _total(store, CALLS, FEBRUARY, since=january)).events == 1

    async def test_a_series_tiles_the_period_in_local_days_with_zeros(self, store: UsageStore):
        period = Period(datetime(2026, 1, 7, 16, tzinfo=UTC), datetime(2026, 1, 10, 16, tzinfo=UTC))
        await _ingest(
            store,
            usage_event("a", time=datetime(2026, 1, 8, 15, 59, tzinfo=UTC), data={"lines": 1}),
            usage_event("b", time=datetime(2026, 1, 8, 16, tzinfo=UTC), data={"lines": 2}),
            usage_event("c", time=datetime(2026, 1, 9, 12, tzinfo=UTC), data={"lines": "0.5"}),
        )

        points = await store.series(BELLA, LINES, period, Window.DAY, "Asia/Shanghai")

        assert [(p.quantity, p.events) for p in points] == [(1, 1), (Decimal("2.5"), 2), (0, 0)]
        assert points[0].start == period.start
        assert points[-1].end == period.end

    async def test_a_series_by_the_hour_counts_each_event_once(self, store: UsageStore):
        period = Period(NOON, NOON + timedelta(hours=3))
        times = [NOON, NOON + timedelta(minutes=59), NOON + timedelta(hours=2)]
        await _ingest(store, *[usage_event(f"e{n}", time=at) for n, at in enumerate(times)])

        points = await store.series(BELLA, CALLS, period, Window.HOUR, "Asia/Shanghai")

        assert [point.quantity for point in points] == [2, 0, 1]

    async def test_pages_give_every_counted_event_once_in_order(self, store: UsageStore):
        sent = [usage_event(f"evt-{n:02}", time=NOON + timedelta(hours=n % 3)) for n in range(23)]
        await _ingest(store, *sent)
        cutoff = await store.cutoff()
        await _ingest(store, usage_event("outside"))

        seen, after = [], None
        while True:
            page = await store.events(
                BELLA, LINES, JANUARY, cutoff=cutoff, since=None, after=after, limit=5
            )
            seen += page.events
            after = page.after
            if after is None:
                break

        assert seen == sorted(sent, key=lambda event: (event.time, event.source, event.id))

    async def test_events_come_back_as_they_were_sent(self, store: UsageStore):
        data = {"lines": 3, "nested": {"b": [1, "x", None, True], "a": "0.10"}, "名": "值"}
        sent = usage_event("evt-1", data=data, subject=...)
        await _ingest(store, sent)

        page = await store.events(
            BELLA, LINES, JANUARY, cutoff=await store.cutoff(), since=None, after=None, limit=10
        )

        assert page.events == (sent,)
        assert page.after is None

    async def test_late_events_are_on_the_pages_too(self, store: UsageStore):
        since = await store.cutoff()
        await _ingest(store, usage_event("late"))

        page = await store.events(
            BELLA,
            LINES,
            FEBRUARY,
            cutoff=await store.cutoff(),
            since=since,
            after=None,
            limit=10,
        )

        assert [event.id for event in page.events] == ["late"]

    @pytest.mark.parametrize("mark", ["nonsense!", "e30", "WzEsMl0", "", "é"])
    async def test_a_page_mark_of_somebody_elses_making_is_refused(self, store: UsageStore, mark):
        with pytest.raises(InvalidPageMark):
            await store.events(
                BELLA, LINES, JANUARY, cutoff="3:3:", since=None, after=mark, limit=1
            )

    async def test_a_property_name_needs_no_quoting(self, store: UsageStore):
        odd = """it's "odd" :name"""
        await _ingest(store, usage_event(data={odd: 2}))

        assert (await _total(store, meter(property_=odd))).quantity == 2
