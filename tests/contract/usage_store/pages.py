"""What every UsageStore must do with many pages, and with many questions. Part of one contract."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from control_plane.catalog.domain import Aggregation, Charge, ChargeKind, Filter, Text, Timing
from control_plane.kernel.ids import TenantId, new_id
from control_plane.kernel.period import Period
from metering.domain.events import UsageEvent
from metering.ports import UsageStore, Wanted
from tests.support.usage import CALLS, FEBRUARY, JANUARY, LINES, usage_event

BELLA = TenantId(new_id())
FEBRUARY_1 = FEBRUARY.start
PER_UNIT = Charge(
    code="lines",
    kind=ChargeKind.PER_UNIT,
    timing=Timing.ARREARS,
    name=Text("Lines", "行"),
    meter="outbound_lines",
    unit_price=Decimal(1),
)


def in_order(events: Sequence[UsageEvent]) -> list[UsageEvent]:
    return sorted(events, key=lambda event: (event.time, event.source, event.id))


def spread(name: str, count: int, first, step: timedelta) -> list[UsageEvent]:
    """Events at a distance, three of them at each instant."""
    return [
        usage_event(f"{name}-{n:03}", time=first + n // 3 * step, data={"lines": n + 1})
        for n in range(count)
    ]


class PagesContract:
    alone_every = 1
    """Of the questions asked together, every how manieth is asked alone, too."""

    @pytest.mark.parametrize("limit", [1, 7, 50, 500])
    async def test_deep_pages_hold_late_events_once_and_in_order_whatever_arrives_meanwhile(
        self, store: UsageStore, limit
    ):
        hour = timedelta(hours=1)
        in_time = spread("in-time", 40, JANUARY.start, hour)
        late = spread("late", 45, JANUARY.start + timedelta(minutes=30), hour)
        own = spread("own", 60, FEBRUARY_1, hour)
        await store.ingest(BELLA, in_time)
        since = await store.cutoff()
        await store.ingest(BELLA, late)
        await store.ingest(BELLA, own)
        cutoff = await store.cutoff()

        seen: list[UsageEvent] = []
        after, pages = None, 0
        while True:
            page = await store.events(
                BELLA, LINES, FEBRUARY, cutoff=cutoff, since=since, after=after, limit=limit
            )
            assert len(page.events) <= limit
            seen += page.events
            pages += 1
            if pages <= 20:
                # Outside the cut-off, before and behind the place where the page ended.
                times = [seen[-1].time - hour, seen[-1].time + hour]
                await store.ingest(
                    BELLA, [usage_event(f"new-{pages}-{n}", time=t) for n, t in enumerate(times)]
                )
            if page.after is None:
                break
            after = page.after

        assert seen == in_order([*late, *own])
        assert pages == -(-len(seen) // limit)

    async def test_a_page_can_begin_among_the_late_and_end_among_the_others(
        self, store: UsageStore
    ):
        since = await store.cutoff()
        late = spread("late", 5, JANUARY.start, timedelta(hours=1))
        own = spread("own", 5, FEBRUARY_1, timedelta(hours=1))
        await store.ingest(BELLA, [*late, *own])
        asked = {"cutoff": await store.cutoff(), "since": since}

        first = await store.events(BELLA, LINES, FEBRUARY, after=None, limit=3, **asked)
        second = await store.events(BELLA, LINES, FEBRUARY, after=first.after, limit=4, **asked)
        third = await store.events(BELLA, LINES, FEBRUARY, after=second.after, limit=4, **asked)

        assert [e.id for e in second.events] == ["late-003", "late-004", "own-000", "own-001"]
        assert [e.id for e in third.events] == ["own-002", "own-003", "own-004"]
        assert third.after is None

    async def test_many_questions_at_once_are_answered_as_each_alone(self, store: UsageStore):
        zones = ["east", "west", None]
        days = timedelta(days=1)
        events = [
            usage_event(
                f"e{n}",
                time=JANUARY.start + n * days,
                data={"lines": f"{n}.5", "zone": zones[n % 3], "amount": "2.25"},
            )
            for n in range(40)
        ]
        await store.ingest(BELLA, events[:30])
        since = await store.cutoff()
        await store.ingest(BELLA, events[30:])
        await store.ingest(BELLA, [usage_event("late", time=JANUARY.start, data={"lines": 100})])
        cutoff = await store.cutoff()
        of_zone = replace(PER_UNIT, filters=(Filter("zone", ("east",)),))
        by_zone = replace(PER_UNIT, group_by=("zone",))
        share = replace(
            PER_UNIT, kind=ChargeKind.PERCENTAGE, rate=Decimal("0.1"), free_events=1, meter="calls"
        )
        meters = [LINES, CALLS, *(replace(LINES, aggregation=a) for a in Aggregation)]
        wanted = [
            Wanted(meter, period, looked, start, charge)
            for meter in meters
            for period in (JANUARY, FEBRUARY, Period(JANUARY.start, JANUARY.start + 3 * days))
            for looked, start in ((cutoff, None), (cutoff, since), (since, None))
            for charge in (PER_UNIT, of_zone, by_zone)
        ]
        wanted.append(Wanted(CALLS, JANUARY, cutoff, None, share))

        together = await store.measure_all(BELLA, wanted)

        alone = [
            await store.measure(
                BELLA, w.meter, w.period, cutoff=w.cutoff, since=w.since, charge=w.charge
            )
            for w in wanted[:: self.alone_every]
        ]
        assert together[:: self.alone_every] == alone
        assert len({(usage.quantity, usage.digest) for usage in together}) > 20

    async def test_nothing_asked_is_nothing_answered(self, store: UsageStore):
        assert await store.measure_all(BELLA, []) == []
