from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from control_plane.kernel.calendar import (
    InstantOutsidePeriod,
    NaiveInstant,
    Period,
    PeriodReversed,
    parse_instant,
)

SHANGHAI = "Asia/Shanghai"
BERLIN = "Europe/Berlin"


def period(start, end):
    return Period(parse_instant(f"{start}:00Z"), parse_instant(f"{end}:00Z"))


JANUARY = period("2025-12-31T16:00", "2026-01-31T16:00")


def test_a_period_contains_its_start_and_not_its_end():
    assert JANUARY.contains(JANUARY.start)
    assert JANUARY.contains(JANUARY.end - timedelta(microseconds=1))
    assert not JANUARY.contains(JANUARY.end)
    assert not JANUARY.contains(JANUARY.start - timedelta(microseconds=1))


def test_a_period_keeps_utc_whatever_zone_it_was_given_in():
    given = Period(
        datetime.fromisoformat("2026-01-01T00:00+08:00"),
        datetime.fromisoformat("2026-02-01T00:00+08:00"),
    )

    assert given == JANUARY
    assert given.start.tzinfo is UTC
    assert given.length == timedelta(days=31)


def test_a_period_may_be_empty_and_then_contains_nothing():
    empty = Period(JANUARY.start, JANUARY.start)

    assert not empty.contains(JANUARY.start)
    assert empty.days(SHANGHAI) == []


def test_a_period_that_ends_before_it_starts_is_refused():
    with pytest.raises(PeriodReversed):
        Period(JANUARY.end, JANUARY.start)


def test_a_period_between_times_without_zone_is_refused():
    with pytest.raises(NaiveInstant):
        Period(datetime(2026, 1, 1), datetime(2026, 2, 1))  # noqa: DTZ001 - the mistake under test


def test_periods_share_what_lies_in_both():
    later = period("2026-01-15T00:00", "2026-03-01T00:00")

    assert JANUARY.intersect(later) == Period(later.start, JANUARY.end)
    assert later.intersect(JANUARY) == Period(later.start, JANUARY.end)


def test_periods_that_only_touch_share_nothing():
    assert JANUARY.intersect(Period(JANUARY.end, JANUARY.end + timedelta(days=1))) is None


def test_the_fraction_after_an_instant_is_exact():
    assert JANUARY.fraction_after(JANUARY.start) == 1
    assert JANUARY.fraction_after(JANUARY.start + timedelta(days=1)) == Fraction(30, 31)
    assert JANUARY.fraction_after(JANUARY.end - timedelta(microseconds=1)) == Fraction(
        1, 31 * 86_400 * 1_000_000
    )


@pytest.mark.parametrize("at", [JANUARY.end, JANUARY.start - timedelta(microseconds=1)])
def test_an_instant_outside_has_no_fraction(at):
    with pytest.raises(InstantOutsidePeriod):
        JANUARY.fraction_after(at)
    with pytest.raises(InstantOutsidePeriod):
        JANUARY.day_fraction_after(at, SHANGHAI)


def test_a_local_month_holds_its_local_days():
    days = JANUARY.days(SHANGHAI)

    assert (len(days), days[0], days[-1]) == (31, date(2026, 1, 1), date(2026, 1, 31))


def test_the_day_on_which_a_period_ends_belongs_to_the_next():
    first = period("2026-01-10T02:00", "2026-01-12T02:00")
    second = period("2026-01-12T02:00", "2026-01-13T02:00")

    assert first.days(SHANGHAI) == [date(2026, 1, 10), date(2026, 1, 11)]
    assert second.days(SHANGHAI) == [date(2026, 1, 12)]


def test_days_of_23_and_25_hours_count_as_days():
    spring = period("2026-03-28T23:00", "2026-03-29T22:00")
    autumn = period("2026-10-24T22:00", "2026-10-25T23:00")

    assert spring.days(BERLIN) == [date(2026, 3, 29)]
    assert autumn.days(BERLIN) == [date(2026, 10, 25)]


def test_a_day_that_a_zone_skipped_does_not_count():
    days = period("2011-12-29T10:00", "2012-01-01T10:00").days("Pacific/Apia")

    assert days == [date(2011, 12, 29), date(2011, 12, 31), date(2012, 1, 1)]


@pytest.mark.parametrize("hour", [0, 9, 23])
def test_the_day_of_a_change_belongs_to_the_new_state(hour):
    changed_at = parse_instant("2026-01-10T16:00:00Z") + timedelta(hours=hour)  # 11 January

    assert JANUARY.day_fraction_after(changed_at, SHANGHAI) == Fraction(21, 31)


def test_a_change_on_the_closing_day_leaves_no_day_to_the_new_state():
    month = period("2026-01-10T02:00", "2026-02-10T02:00")

    assert month.day_fraction_after(parse_instant("2026-02-10T01:00:00Z"), SHANGHAI) == 0


def test_a_period_within_one_day_has_no_day_to_share():
    hour = period("2026-01-10T02:00", "2026-01-10T03:00")

    assert hour.day_fraction_after(hour.start, SHANGHAI) == 0
