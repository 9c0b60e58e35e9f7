"""What every UsageStore must aggregate, filter and group. Part of the one contract."""

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from control_plane.catalog.domain import (
    Aggregation,
    Charge,
    ChargeKind,
    Filter,
    Matrix,
    Text,
    Timing,
)
from control_plane.kernel.ids import TenantId, new_id
from control_plane.kernel.period import Period
from metering.domain.aggregating import aggregate, grouped, weigh
from metering.domain.usage import Usage
from metering.domain.windows import Window
from metering.ports import UsageStore
from tests.support.usage import FEBRUARY, JANUARY, LINES, NOON, usage_event

BELLA = TenantId(new_id())
PER_UNIT = Charge(
    code="lines",
    kind=ChargeKind.PER_UNIT,
    timing=Timing.ARREARS,
    name=Text("Lines", "行"),
    meter="outbound_lines",
    unit_price=Decimal(1),
)
SECOND = timedelta(seconds=1)


def aggregated(aggregation: Aggregation):
    return replace(LINES, aggregation=aggregation)


async def measured(store, charge=PER_UNIT, meter=LINES, period=JANUARY, *, cutoff=None, since=None):
    cutoff = cutoff or await store.cutoff()
    return await store.measure(BELLA, meter, period, cutoff=cutoff, since=since, charge=charge)


async def _send(store, *data):
    """Send events a second apart, each with some data."""
    events = [usage_event(f"e{n}", time=NOON + n * SECOND, data=d) for n, d in enumerate(data)]
    await store.ingest(BELLA, events)
    return events


class AggregationContract:
    @pytest.mark.parametrize(
        ("aggregation", "quantity"),
        [
            (Aggregation.COUNT, "6"),
            (Aggregation.SUM, "13.5"),
            (Aggregation.MAX, "7"),
            (Aggregation.MIN, "0.5"),
            (Aggregation.LATEST, "3"),
            (Aggregation.AVERAGE, "3.375"),
            (Aggregation.UNIQUE, "4"),
        ],
    )
    async def test_an_aggregation_takes_what_events_state(
        self, store: UsageStore, aggregation, quantity
    ):
        stated = (7, "3", "0.5", 3, "n/a", None)
        await _send(store, *[{"lines": value} for value in stated])

        cutoff = await store.cutoff()
        total = await store.total(
            BELLA, aggregated(aggregation), JANUARY, cutoff=cutoff, since=None
        )

        assert (total.quantity, total.events) == (Decimal(quantity), 6)

    @pytest.mark.parametrize("aggregation", Aggregation)
    async def test_no_events_are_a_quantity_of_zero(self, store: UsageStore, aggregation):
        usage = await measured(store, meter=aggregated(aggregation))

        assert (usage.quantity, usage.events, usage.groups) == (0, 0, ())

    async def test_an_average_has_twelve_decimals_rounded_half_away(self, store: UsageStore):
        await _send(store, {"lines": 1}, {"lines": 0}, {"lines": 1})

        usage = await measured(store, meter=aggregated(Aggregation.AVERAGE))

        assert str(usage.quantity) == "0.666666666667"

    async def test_a_level_holds_from_its_event_to_the_next_and_from_before_the_period(
        self, store: UsageStore
    ):
        minute = Period(NOON, NOON + timedelta(minutes=1))
        times = {"before": -timedelta(days=300), "half": timedelta(seconds=30, microseconds=1)}
        await store.ingest(
            BELLA,
            [
                usage_event("older", time=NOON - timedelta(days=301), data={"lines": 99}),
                *(usage_event(i, time=NOON + t, data={"lines": 2}) for i, t in times.items()),
                usage_event("odd", time=NOON + 40 * SECOND, data={"lines": "none"}),
                usage_event("up", time=NOON + 50 * SECOND, data={"lines": "0.5"}),
                usage_event("end", time=minute.end, data={"lines": 1000}),
            ],
        )

        usage = await measured(store, meter=aggregated(Aggregation.WEIGHTED), period=minute)

        assert (usage.quantity, usage.events) == (105, 3)

    async def test_of_levels_at_one_instant_the_last_one_holds(self, store: UsageStore):
        await store.ingest(
            BELLA,
            [usage_event(i, time=NOON, data={"lines": n}) for n, i in enumerate(["c", "a", "b"])],
        )

        ten = Period(NOON, NOON + 10 * SECOND)
        usage = await measured(store, meter=aggregated(Aggregation.WEIGHTED), period=ten)

        assert usage.quantity == 0  # "c", the last by id, says 0

    async def test_weighted_periods_add_up_to_the_whole(self, store: UsageStore):
        await _send(store, {"lines": 3}, {"lines": "1.25"}, {"lines": 8})
        whole = Period(NOON, NOON + 10 * SECOND)
        cut = NOON + timedelta(seconds=1, microseconds=333_333)
        weighted = aggregated(Aggregation.WEIGHTED)

        parts = [
            (await measured(store, meter=weighted, period=part)).quantity
            for part in (Period(whole.start, cut), Period(cut, whole.end))
        ]

        assert sum(parts) == (await measured(store, meter=weighted, period=whole)).quantity
        assert sum(parts) == Decimal("68.25")

    async def test_a_late_level_is_outside_an_earlier_cutoff(self, store: UsageStore):
        await _send(store, {"lines": 1})
        cutoff = await store.cutoff()
        weighted = aggregated(Aggregation.WEIGHTED)
        before = await measured(store, meter=weighted, cutoff=cutoff)
        await store.ingest(BELLA, [usage_event("late", time=NOON, data={"lines": 50})])

        assert await measured(store, meter=weighted, cutoff=cutoff) == before
        assert (await measured(store, meter=weighted)).quantity != before.quantity

    async def test_filters_of_meter_and_charge_both_decide(self, store: UsageStore):
        await _send(
            store,
            {"lines": 1, "region": "east", "cold": True},
            {"lines": 10, "region": "east", "cold": False},
            {"lines": 100, "region": "west", "cold": True},
            {"lines": 1000, "cold": True},
            {"lines": 10_000, "region": "east", "cold": ["true"]},
        )
        east = LINES.narrowed((Filter("region", ("east", "north")),))
        not_cold = replace(PER_UNIT, filters=(Filter("cold", ("true",), exclude=True),))

        assert (await measured(store, meter=east)).quantity == 10_011
        assert (await measured(store, not_cold, east)).quantity == 10_010
        assert (await measured(store, not_cold)).events == 2

    async def test_a_filtered_meter_pages_only_what_it_counts(self, store: UsageStore):
        await _send(store, {"lines": 1, "n": 1}, {"lines": 2, "n": "0.50"}, {"lines": 3, "n": 0.5})
        half = LINES.narrowed((Filter("n", ("0.5",)),))

        page = await store.events(
            BELLA, half, JANUARY, cutoff=await store.cutoff(), since=None, after=None, limit=5
        )
        points = await store.series(BELLA, half, JANUARY, Window.DAY, "UTC")

        assert [event.data["lines"] for event in page.events] == [3]
        assert sum(point.quantity for point in points) == 3

    async def test_groups_share_out_the_events_by_their_values(self, store: UsageStore):
        await _send(
            store,
            {"lines": 1, "region": "west"},
            {"lines": "2.5", "region": "east", "cold": True},
            {"lines": 4, "region": "east", "cold": True},
            {"lines": 8, "region": None},
            {"lines": 16, "region": 7},
        )

        usage = await measured(store, replace(PER_UNIT, group_by=("region", "cold")))

        assert [(g.values, g.quantity, g.events) for g in usage.groups] == [
            (("", ""), 8, 1),
            (("7", ""), 16, 1),
            (("east", "true"), Decimal("6.5"), 2),
            (("west", ""), 1, 1),
        ]
        assert (usage.quantity, usage.events) == (Decimal("31.5"), 5)

    async def test_a_matrix_groups_by_its_dimensions_after_those_asked_for(self, store: UsageStore):
        await _send(store, {"lines": 1, "a": "x", "b": "y", "c": "z"})
        matrix = Matrix(("c", "a"), ())

        usage = await measured(store, replace(PER_UNIT, group_by=("b",), matrix=matrix))

        assert [group.values for group in usage.groups] == [("y", "z", "x")]

    async def test_groups_keep_levels_of_their_own(self, store: UsageStore):
        await store.ingest(
            BELLA,
            [
                usage_event("a", time=NOON - SECOND, data={"lines": 3, "site": "A"}),
                usage_event("b", time=NOON - SECOND, data={"lines": 5, "site": "B"}),
                usage_event("c", time=NOON + SECOND, data={"lines": 1, "site": "B"}),
            ],
        )
        ten = Period(NOON, NOON + 10 * SECOND)

        usage = await measured(
            store, replace(PER_UNIT, group_by=("site",)), aggregated(Aggregation.WEIGHTED), ten
        )

        assert [(g.values, g.quantity, g.events) for g in usage.groups] == [
            (("A",), 30, 0),
            (("B",), 14, 1),
        ]

    async def test_what_came_late_is_measured_too(self, store: UsageStore):
        since = await store.cutoff()
        await _send(store, {"lines": 5, "region": "east"})

        usage = await measured(
            store, replace(PER_UNIT, group_by=("region",)), period=FEBRUARY, since=since
        )

        assert (usage.quantity, [group.quantity for group in usage.groups]) == (5, [5])

    @pytest.mark.parametrize("aggregation", Aggregation)
    async def test_many_events_give_what_the_rule_gives(self, store: UsageStore, aggregation):
        draw = random.Random(aggregation.value)
        events = [
            usage_event(
                f"e{n}",
                time=NOON + timedelta(microseconds=draw.randrange(-(10**9), 10**10)),
                data={
                    "lines": f"{draw.randrange(10**6)}.{draw.randrange(10**6):06}",
                    "site": draw.choice(["A", "B", "C"]),
                },
            )
            for n in range(120)
        ]
        await store.ingest(BELLA, events)
        meter, period = aggregated(aggregation), Period(NOON, NOON + timedelta(hours=2))
        inside = [event for event in events if period.contains(event.time)]

        def quantity(of):
            if aggregation is Aggregation.WEIGHTED:
                return weigh(of, meter, period)
            return aggregate([e for e in of if e in inside], meter)

        usage = await measured(store, replace(PER_UNIT, group_by=("site",)), meter, period)

        assert (usage.quantity, usage.events) == (quantity(events), len(inside))
        assert {g.values: g.quantity for g in usage.groups} == {
            values: quantity(of) for values, of in grouped(events, ("site",)).items()
        }
        assert Usage.from_body(usage.body()) == usage

    @pytest.mark.parametrize("aggregation", Aggregation)
    async def test_a_series_aggregates_window_by_window(self, store: UsageStore, aggregation):
        await _send(store, {"lines": 4}, {"lines": 9}, {"lines": 4})
        meter, period = aggregated(aggregation), Period(NOON, NOON + timedelta(hours=2))
        cutoff = await store.cutoff()

        points = await store.series(BELLA, meter, period, Window.HOUR, "UTC")

        for point in points:
            window = Period(point.start, point.end)
            total = await store.total(BELLA, meter, window, cutoff=cutoff, since=None)
            assert (point.quantity, point.events) == (total.quantity, total.events)
