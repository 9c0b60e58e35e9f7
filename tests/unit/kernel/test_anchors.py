from datetime import datetime

import pytest

from control_plane.kernel.calendar import (
    Anchor,
    Interval,
    InvalidCount,
    NaiveInstant,
    UnknownZone,
    instant_text,
    load_zone,
    parse_instant,
)

SHANGHAI = "Asia/Shanghai"
BERLIN = "Europe/Berlin"


def anchor(local, zone=SHANGHAI, interval=Interval.MONTH, count=1):
    return Anchor(
        datetime.fromisoformat(local).replace(tzinfo=load_zone(zone)), zone, interval, count
    )


def local_days(anchor, *numbers):
    zone = load_zone(anchor.zone)
    return [anchor.boundary(n).astimezone(zone).date().isoformat() for n in numbers]


def test_months_clamp_to_their_end_and_are_restored_after():
    assert local_days(anchor("2026-01-31T00:00"), 0, 1, 2, 3, 13, 25) == [
        *("2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2027-02-28", "2028-02-29")
    ]


def test_a_leap_day_comes_back_in_leap_years():
    yearly = anchor("2024-02-29T09:00", interval=Interval.YEAR)

    assert local_days(yearly, 0, 1, 4) == ["2024-02-29", "2025-02-28", "2028-02-29"]


@pytest.mark.parametrize(
    ("interval", "count", "third"),
    [
        (Interval.DAY, 1, "2026-02-02"),
        (Interval.DAY, 10, "2026-03-01"),
        (Interval.WEEK, 1, "2026-02-20"),
        (Interval.WEEK, 2, "2026-03-13"),
        (Interval.MONTH, 1, "2026-04-30"),
        (Interval.MONTH, 2, "2026-07-30"),
        (Interval.QUARTER, 1, "2026-10-30"),
        (Interval.HALF_YEAR, 1, "2027-07-30"),
        (Interval.YEAR, 1, "2029-01-30"),
        (Interval.YEAR, 2, "2032-01-30"),
    ],
)
def test_every_interval_is_counted_from_the_anchor(interval, count, third):
    assert local_days(anchor("2026-01-30T00:00", interval=interval, count=count), 3) == [third]


def test_boundaries_run_backwards_too():
    assert local_days(anchor("2026-01-31T00:00"), -1, -2) == ["2025-12-31", "2025-11-30"]


def test_local_time_is_kept_when_the_clocks_change():
    daily = anchor("2026-03-28T09:00", BERLIN, Interval.DAY)

    assert [instant_text(daily.boundary(n)) for n in (0, 1, 2)] == [
        "2026-03-28T08:00:00Z",
        "2026-03-29T07:00:00Z",
        "2026-03-30T07:00:00Z",
    ]


def test_a_skipped_local_time_moves_forward_for_that_boundary_alone():
    daily = anchor("2026-03-28T02:30", BERLIN, Interval.DAY)

    assert instant_text(daily.boundary(1)) == "2026-03-29T01:30:00Z"
    assert instant_text(daily.boundary(2)) == "2026-03-30T00:30:00Z"


def test_a_repeated_local_time_is_the_first_unless_the_anchor_itself_is_the_second():
    monthly = anchor("2026-09-25T02:30", BERLIN)
    second = Anchor(parse_instant("2026-10-25T01:30:00Z"), BERLIN, Interval.MONTH)

    assert instant_text(monthly.boundary(1)) == "2026-10-25T00:30:00Z"
    assert instant_text(second.boundary(0)) == "2026-10-25T01:30:00Z"


def test_the_period_at_an_instant_is_the_one_that_contains_it():
    monthly = anchor("2026-01-31T00:00")
    march = monthly.period(2)

    assert monthly.index_at(march.start) == 2
    assert monthly.period_at(march.end) == monthly.period(3)
    assert monthly.period_at(march.start) == march
    assert monthly.index_at(parse_instant("2025-12-31T15:00:00Z")) == -1
    assert monthly.index_at(parse_instant("2095-06-15T00:00:00Z")) == 69 * 12 + 4


def test_the_day_that_a_zone_skipped_is_an_empty_period_that_holds_no_instant():
    daily = anchor("2011-12-28T00:00", "Pacific/Apia", Interval.DAY)

    assert not daily.period(2).length
    assert daily.index_at(daily.boundary(2)) == 3


def test_the_interval_may_come_as_plain_text():
    assert anchor("2026-01-31T00:00", interval="month").boundary(1) == parse_instant(
        "2026-02-27T16:00:00Z"
    )


@pytest.mark.parametrize("count", [0, -1])
def test_a_period_of_no_intervals_is_refused(count):
    with pytest.raises(InvalidCount):
        anchor("2026-01-31T00:00", count=count)


def test_an_anchor_needs_a_zone_that_exists_and_an_instant_that_is_one():
    with pytest.raises(UnknownZone):
        Anchor(parse_instant("2026-01-31T00:00:00Z"), "Mars/Olympus", Interval.MONTH)
    with pytest.raises(NaiveInstant):
        Anchor(datetime(2026, 1, 31), SHANGHAI, Interval.MONTH)  # noqa: DTZ001 - under test


def test_two_long_months_are_not_over_before_they_are():
    start = anchor("2026-07-01T00:00")
    last = parse_instant("2026-08-31T15:59:59Z")  # one second before September, local time

    assert start.index_at(last) == 1, "61 days are more than two mean months"


@pytest.mark.parametrize("zone", [SHANGHAI, BERLIN, "Pacific/Apia", "Asia/Manila"])
@pytest.mark.parametrize("interval", Interval)
@pytest.mark.parametrize("count", [1, 3])
def test_no_period_is_as_long_as_its_longest(zone, interval, count):
    grid = anchor("1844-12-31T23:30", zone, interval, count)

    lengths = {grid.period(n).length for n in range(-60, 900)}

    assert max(lengths) < grid.longest
