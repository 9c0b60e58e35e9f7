"""What every UsageStore must do with corrections and retractions. Part of one contract."""

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from control_plane.catalog.domain import Aggregation, Charge, ChargeKind, Filter, Text, Timing
from control_plane.kernel.ids import TenantId, new_id
from metering.domain.events import IngestStatus, UsageEvent
from metering.domain.usage import event_set_digest, inverted
from metering.domain.windows import Window
from metering.errors import AlreadyTakenBack, EventConflict
from metering.ports import UsageStore, Wanted
from tests.support.usage import CALLS, FEBRUARY, JANUARY, LINES, NOON, usage_event

ACCEPTED, DUPLICATE, CONFLICT = (
    IngestStatus.ACCEPTED,
    IngestStatus.DUPLICATE,
    IngestStatus.CONFLICT,
)
BELLA, RIVAL = TenantId(new_id()), TenantId(new_id())
HOUR = timedelta(hours=1)
EACH = Charge(
    code="lines",
    kind=ChargeKind.PER_UNIT,
    timing=Timing.ARREARS,
    name=Text("Lines", "行"),
    meter="outbound_lines",
    unit_price=Decimal(1),
)
SHARE = replace(EACH, kind=ChargeKind.PERCENTAGE, rate=Decimal(1), free_events=1)


def lines(id_: str, n: Any, **changes: Any) -> UsageEvent:
    return usage_event(id_, data={"lines": n, "amount": f"{n}.5", "zone": "east"}, **changes)


def retraction(id_: str, of: str, **changes: Any) -> UsageEvent:
    return usage_event(id_, retracts=of, data={}, **changes)


async def ingest(store, *events, tenant=BELLA):
    return [result.status for result in await store.ingest(tenant, events)]


async def total(store, meter=LINES, period=JANUARY, *, since=None, cutoff=None, tenant=BELLA):
    look = cutoff or await store.cutoff()
    return await store.total(tenant, meter, period, cutoff=look, since=since)


class TakingBackContract:
    async def test_a_retraction_takes_an_event_out_and_adds_nothing(self, store: UsageStore):
        kept, wrong = lines("kept", 3), lines("wrong", 5)
        await ingest(store, kept, wrong)

        assert await ingest(store, retraction("undo", "wrong")) == [ACCEPTED]

        found = await total(store)
        assert (found.quantity, found.events, found.taken_back) == (3, 1, 0)
        assert found.digest == event_set_digest([kept.body_hash])
        assert (await total(store, CALLS)).quantity == 1

    async def test_a_correction_counts_in_place_of_what_it_corrects(self, store: UsageStore):
        right = lines("right", 4, corrects="wrong", time=NOON + HOUR)
        await ingest(store, lines("wrong", 5))
        await ingest(store, right)

        found = await total(store)
        assert (found.quantity, found.events) == (4, 1)
        assert found.digest == event_set_digest([right.body_hash])

    async def test_both_are_answered_like_events(self, store: UsageStore):
        right, undo = lines("right", 4, corrects="wrong"), retraction("undo", "other")

        assert await ingest(store, right, undo, right) == [ACCEPTED, ACCEPTED, DUPLICATE]
        assert await ingest(store, right, undo) == [DUPLICATE, DUPLICATE]
        assert await ingest(store, lines("right", 4), retraction("undo", "more")) == [CONFLICT] * 2

    async def test_an_event_is_taken_back_once(self, store: UsageStore):
        await ingest(store, lines("wrong", 5), retraction("undo", "wrong"))

        [again] = await store.ingest(BELLA, [lines("right", 4, corrects="wrong")])

        assert again.status is CONFLICT
        assert isinstance(again.refusal, AlreadyTakenBack)
        assert (await total(store)).events == 0
        # Its id was not used up.
        assert await ingest(store, lines("right", 4)) == [ACCEPTED]
        assert (await total(store)).quantity == 4

    async def test_of_one_delivery_the_first_in_order_takes_back(self, store: UsageStore):
        await ingest(store, lines("wrong", 5))

        answers = await ingest(
            store,
            lines("z-first", 4, corrects="wrong"),
            lines("a-second", 3, corrects="wrong"),
            lines("plain", 1),
        )

        assert answers == [ACCEPTED, CONFLICT, ACCEPTED]
        assert (await total(store)).quantity == 5

    async def test_one_that_is_in_conflict_itself_takes_nothing_back(self, store: UsageStore):
        await ingest(store, lines("wrong", 5), lines("used", 1))

        first, second = await store.ingest(
            BELLA, [retraction("used", "wrong"), lines("right", 4, corrects="wrong")]
        )

        assert isinstance(first.refusal, EventConflict)
        assert second.status is ACCEPTED
        assert (await total(store)).quantity == 5

    async def test_another_source_or_tenant_takes_nothing_back(self, store: UsageStore):
        await ingest(store, lines("wrong", 5))
        await ingest(store, lines("wrong", 7), tenant=RIVAL)

        await ingest(store, retraction("undo", "wrong", source="/elsewhere"))
        await ingest(store, retraction("undo", "wrong"), tenant=RIVAL)

        assert (await total(store)).quantity == 5
        assert (await total(store, tenant=RIVAL)).quantity == 0

    async def test_in_a_chain_what_is_not_taken_back_counts(self, store: UsageStore):
        first, second = lines("e1", 5), lines("e2", 4, corrects="e1")
        third, undo = lines("e3", 3, corrects="e2"), retraction("undo", "e3")
        await ingest(store, first)
        seen = [(await total(store)).quantity]
        for event in (second, third, undo):
            await ingest(store, event)
            seen.append((await total(store)).quantity)

        assert seen == [5, 4, 3, 0]  # what was taken back does not come back

    async def test_taking_back_a_retraction_brings_nothing_back(self, store: UsageStore):
        await ingest(store, lines("e1", 5), retraction("undo", "e1"), retraction("redo", "undo"))

        assert (await total(store)).quantity == 0

    async def test_the_order_of_arrival_does_not_matter(self, store: UsageStore):
        events = [lines(f"e{n}", n, time=NOON + n * HOUR) for n in range(8)]
        events += [lines(f"c{n}", 10 * n, corrects=f"e{n}") for n in (1, 3, 5)]
        events += [retraction("r0", "e0"), retraction("r3", "c3"), retraction("r9", "nothing")]
        found = []
        for seed in range(4):
            tenant = TenantId(new_id())
            order = random.Random(seed).sample(events, len(events))
            cut = seed * 4
            for part in (order[:cut], order[cut:]):
                assert set(await ingest(store, *part, tenant=tenant)) <= {ACCEPTED}
            found.append(await total(store, tenant=tenant))

        assert set(found) == {found[0]}
        assert found[0].quantity == 2 + 4 + 6 + 7 + 10 + 50
        assert found[0].events == 6

    @pytest.mark.parametrize(
        ("aggregation", "expected"),
        [
            (Aggregation.MAX, 7),
            (Aggregation.MIN, 2),
            (Aggregation.UNIQUE, 2),
            (Aggregation.LATEST, 7),
            (Aggregation.AVERAGE, Decimal("4.5")),
        ],
    )
    async def test_every_aggregation_leaves_out_what_is_taken_back(
        self, store: UsageStore, aggregation, expected
    ):
        meter = replace(LINES, aggregation=aggregation)
        await ingest(store, lines("a", 2), lines("b", 7, time=NOON + HOUR))
        await ingest(store, lines("least", 1), lines("most", 9, time=NOON + 2 * HOUR))
        await ingest(store, retraction("r1", "least"), retraction("r2", "most"))

        found = await total(store, meter)

        assert (found.quantity, found.events) == (expected, 2)

    async def test_a_level_that_is_taken_back_never_held(self, store: UsageStore):
        meter = replace(LINES, aggregation=Aggregation.WEIGHTED)
        at = JANUARY.end - 10 * timedelta(seconds=1)
        await ingest(store, lines("low", 2, time=JANUARY.end - 20 * timedelta(seconds=1)))
        await ingest(store, lines("wrong", 100, time=at), lines("right", 3, time=at, corrects="x"))
        looked = await store.cutoff()
        await ingest(store, retraction("undo", "wrong"))

        assert (await total(store, meter)).quantity == 2 * 10 + 3 * 10
        assert (await total(store, meter, cutoff=looked)).quantity != 2 * 10 + 3 * 10
        [point] = await store.series(BELLA, meter, JANUARY, Window.MONTH, "UTC")
        assert point.quantity == 2 * 10 + 3 * 10

    async def test_a_look_from_before_still_counts_what_was_taken_back(self, store: UsageStore):
        await ingest(store, lines("wrong", 5))
        before = await store.cutoff()
        closed = await total(store, cutoff=before)
        await ingest(store, retraction("undo", "wrong"))

        assert await total(store, cutoff=before) == closed
        assert (await total(store)).quantity == 0

    async def test_taken_back_after_a_close_is_off_the_next_period_once(self, store: UsageStore):
        wrong = lines("wrong", 5)
        own = lines("own", 1, time=FEBRUARY.start)
        late = lines("late", 2)
        await ingest(store, wrong, lines("kept", 3))
        january = await store.cutoff()
        await ingest(store, retraction("undo", "wrong"), own, late)
        february = await store.cutoff()

        first = await total(store, cutoff=january)
        second = await total(store, period=FEBRUARY, cutoff=february, since=january)
        counted = await total(store, CALLS, FEBRUARY, cutoff=february, since=january)

        assert (first.quantity, second.quantity, counted.quantity) == (8, -2, 1)
        assert (second.events, second.taken_back, counted.taken_back) == (1, 1, 1)
        hashes = [own.body_hash, late.body_hash, inverted(wrong.body_hash)]
        assert second.digest == event_set_digest(hashes)
        third = replace(FEBRUARY, start=FEBRUARY.end, end=FEBRUARY.end + 31 * 24 * HOUR)
        assert (await total(store, period=third, since=february)).events == 0

    async def test_what_no_look_counted_is_not_taken_off(self, store: UsageStore):
        await ingest(store, retraction("early", "first"))
        january = await store.cutoff()
        await ingest(store, lines("first", 5), lines("second", 7), retraction("undo", "second"))

        found = await total(store, period=FEBRUARY, since=january)

        assert (found.quantity, found.events, found.taken_back) == (0, 0, 0)

    @pytest.mark.parametrize("aggregation", [Aggregation.MAX, Aggregation.AVERAGE])
    async def test_what_cannot_be_taken_off_is_told(self, store: UsageStore, aggregation):
        meter = replace(LINES, aggregation=aggregation)
        own = lines("own", 1, time=FEBRUARY.start)
        await ingest(store, lines("wrong", 5))
        january = await store.cutoff()
        await ingest(store, retraction("undo", "wrong"), own)

        found = await total(store, meter, FEBRUARY, since=january)

        assert (found.quantity, found.events, found.taken_back) == (1, 1, 1)
        assert found.digest == event_set_digest([own.body_hash])

    async def test_groups_and_money_are_below_zero_where_they_were_taken_back(
        self, store: UsageStore
    ):
        await ingest(store, lines("wrong", 5), usage_event("west", data={"lines": 1}))
        january = await store.cutoff()
        await ingest(store, retraction("undo", "wrong"), retraction("undo-2", "west"))
        await ingest(store, usage_event("own", data={"lines": 4}, time=FEBRUARY.start))
        asked = {"cutoff": await store.cutoff(), "since": january}

        found = await store.measure(
            BELLA, LINES, FEBRUARY, charge=replace(EACH, group_by=("zone",)), **asked
        )
        meter = replace(CALLS, amount_property="amount")
        money = await store.measure(BELLA, meter, FEBRUARY, charge=SHARE, **asked)
        east = await store.measure(
            BELLA,
            LINES,
            FEBRUARY,
            charge=replace(EACH, filters=(Filter("zone", ("east",)),)),
            **asked,
        )

        groups = [(g.values, g.quantity, g.events) for g in found.groups]
        assert groups == [(("",), 3, 0), (("east",), -5, -1)]
        assert (found.quantity, found.events, found.taken_back) == (-2, -1, 2)
        assert (money.amount, money.amounts) == (Decimal("-5.5"), (Decimal("-5.5"),))
        assert (east.quantity, east.taken_back) == (-5, 1)
        together = await store.measure_all(
            BELLA,
            [
                Wanted(LINES, FEBRUARY, charge=EACH, **asked),
                Wanted(meter, FEBRUARY, charge=SHARE, **asked),
            ],
        )
        assert [usage.quantity for usage in together] == [-2, -1]
        assert together[1] == money

    async def test_pages_say_what_was_taken_back_and_what_corrects(self, store: UsageStore):
        wrong, right = lines("wrong", 5), lines("right", 4, corrects="wrong", time=NOON + HOUR)
        await ingest(store, wrong, lines("gone", 1), retraction("undo", "gone"))
        january = await store.cutoff()
        await ingest(store, right)
        cutoff = await store.cutoff()
        asked = {"cutoff": cutoff, "since": january, "limit": 1}

        first = await store.events(BELLA, LINES, FEBRUARY, after=None, **asked)
        second = await store.events(BELLA, LINES, FEBRUARY, after=first.after, **asked)

        assert (first.events, first.taken_back) == ((wrong,), {(wrong.source, "wrong")})
        assert (second.events, second.taken_back, second.after) == ((right,), frozenset(), None)

    async def test_a_series_shows_what_stands_now(self, store: UsageStore):
        await ingest(store, lines("wrong", 5), lines("kept", 3), retraction("undo", "wrong"))

        [point] = await store.series(BELLA, LINES, JANUARY, Window.MONTH, "UTC")

        assert (point.quantity, point.events) == (3, 1)
