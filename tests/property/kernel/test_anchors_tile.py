"""Periods tile the line: no gap, no overlap, in any zone, for more than fifty years."""

import calendar
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from control_plane.kernel.calendar import (
    Anchor,
    Interval,
    load_zone,
    local_date,
    local_day_start,
    resolve_local,
    zone_names,
)

HARD_ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",  # midnight was skipped
    "America/Havana",  # midnight happens twice
    "America/St_Johns",  # clocks changed at 00:01
    "Australia/Lord_Howe",  # half an hour of daylight saving
    "Pacific/Apia",  # skipped 30 December 2011
    "Pacific/Kwajalein",  # skipped 21 August 1993
    "Africa/Casablanca",  # leaves daylight saving for Ramadan
    "Asia/Kathmandu",  # 5:45
    "Asia/Tehran",
    "Africa/Cairo",
    "Antarctica/Troll",  # two hours of daylight saving
)
YEARS = 55
PER_YEAR = {
    Interval.DAY: 366,
    Interval.WEEK: 53,
    Interval.MONTH: 12,
    Interval.QUARTER: 4,
    Interval.HALF_YEAR: 2,
    Interval.YEAR: 1,
}

zones = st.one_of(st.sampled_from(HARD_ZONES), st.sampled_from(sorted(zone_names())))
instants = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2060, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)
anchors = st.builds(
    Anchor,
    at=instants,
    zone=zones,
    interval=st.sampled_from(Interval),
    count=st.integers(1, 14),
    second=st.booleans(),
    backward=st.booleans(),
)


@pytest.mark.parametrize("zone", HARD_ZONES)
@pytest.mark.parametrize("interval", list(Interval))
@pytest.mark.parametrize("day", [29, 30, 31])
def test_periods_tile_fifty_five_years_from_every_late_day_of_a_month(zone, interval, day):
    wall = datetime(1988, 1, day, 0, 30)  # noqa: DTZ001 - a wall-clock time, resolved below
    anchor = Anchor(resolve_local(wall, zone), zone, interval)
    boundaries = [anchor.boundary(n) for n in range(PER_YEAR[interval] * YEARS + 1)]

    assert boundaries[0] == anchor.at
    assert boundaries == sorted(boundaries)
    empty = sum(a == b for a, b in pairwise(boundaries))
    skips_a_day = zone in {"Pacific/Apia", "Pacific/Kwajalein"}
    assert empty == (1 if skips_a_day and interval is Interval.DAY else 0)
    assert boundaries[-1] - boundaries[0] > timedelta(days=365 * YEARS - 1)


@pytest.mark.parametrize("day", [29, 30, 31])
@pytest.mark.parametrize("zone", HARD_ZONES)
def test_monthly_boundaries_fall_on_the_anchor_day_or_the_end_of_the_month(zone, day):
    wall = datetime(2000, 1, day, 12, 0)  # noqa: DTZ001 - a wall-clock time, resolved below
    anchor = Anchor(resolve_local(wall, zone), zone, Interval.MONTH)

    for n in range(12 * YEARS):
        local = anchor.boundary(n).astimezone(load_zone(zone))
        assert (local.year - 2000) * 12 + local.month - 1 == n
        expected = min(day, calendar.monthrange(local.year, local.month)[1])
        if (zone, local.year, local.month, expected) == ("Pacific/Apia", 2011, 12, 30):
            expected = 31  # the 30th was skipped, so its boundary moves forward
        assert local.day == expected
        assert (local.hour, local.minute) == (12, 0)


@given(anchors, st.integers(-100, 100))
def test_each_period_ends_where_the_next_begins(anchor, n):
    assert anchor.period(n).end == anchor.period(n + 1).start


@given(anchors, instants)
@example(
    Anchor(datetime(2011, 12, 28, 10, tzinfo=UTC), "Pacific/Apia", Interval.DAY),
    datetime(2011, 12, 30, 10, tzinfo=UTC),
)
def test_every_instant_lies_in_exactly_the_period_found_for_it(anchor, at):
    n = anchor.index_at(at)

    assert anchor.period(n).contains(at)
    assert anchor.period_at(at) == anchor.period(n)
    assert not anchor.period(n - 1).contains(at)
    assert not anchor.period(n + 1).contains(at)


@given(anchors, st.integers(-50, 50))
def test_adjoining_periods_share_out_every_local_day_once(anchor, n):
    first, second = anchor.period(n), anchor.period(n + 1)
    first_days, second_days = first.days(anchor.zone), second.days(anchor.zone)

    assert not set(first_days) & set(second_days)
    days = [*first_days, *second_days]
    assert days == sorted(set(days))
    between = (local_date(second.end, anchor.zone) - local_date(first.start, anchor.zone)).days
    assert between - 1 <= len(days) <= between  # one less where the zone skipped a day


@given(zones, instants)
def test_an_instant_lies_in_the_local_day_it_belongs_to(zone, at):
    day = local_date(at, zone)

    assert local_day_start(day, zone) <= at < local_day_start(day + timedelta(days=1), zone)


@settings(max_examples=200)
@given(anchors, instants)
def test_the_day_fraction_falls_from_one_to_zero(anchor, at):
    period = anchor.period_at(at)

    fraction = period.day_fraction_after(at, anchor.zone)

    assert 0 <= fraction <= 1
    assert period.day_fraction_after(period.start, anchor.zone) in {0, 1}
    assert period.fraction_after(period.start) == 1
