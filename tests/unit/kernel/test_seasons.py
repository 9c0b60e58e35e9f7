from datetime import timedelta

import pytest

from control_plane.kernel.calendar import Period, parse_instant
from control_plane.kernel.seasons import (
    SEASONS,
    CustomSeason,
    InvalidSeason,
    Season,
    SeasonOver,
    next_window,
    season_window,
)

SHANGHAI = "Asia/Shanghai"


def at(text):
    return parse_instant(f"{text}:00+08:00")


def window(start, end):
    return Period(at(start), at(end))


AUTUMN = window("2026-09-01T00:00", "2026-09-08T00:00")
WINTER = window("2027-01-01T00:00", "2027-01-08T00:00")
SALE = CustomSeason("sale", "Sale", "特卖", SHANGHAI, (AUTUMN, WINTER))
NEW_YEAR = Season("new_year", "New Year", "元旦", SHANGHAI, (12, 25), (1, 4))


def test_618_and_double_11_are_built_in():
    assert season_window(SEASONS["618"], 2026) == window("2026-05-20T00:00", "2026-06-21T00:00")
    assert season_window(SEASONS["double11"], 2026) == window(
        "2026-10-20T00:00", "2026-11-13T00:00"
    )


def test_a_season_over_new_year_ends_in_the_following_year():
    assert season_window(NEW_YEAR, 2026) == window("2026-12-25T00:00", "2027-01-04T00:00")
    assert next_window(NEW_YEAR, at("2027-01-03T23:59")) == season_window(NEW_YEAR, 2026)


@pytest.mark.parametrize(
    ("after", "year"),
    [("2026-01-10T00:00", 2026), ("2026-06-20T23:59", 2026), ("2026-06-21T00:00", 2027)],
)
def test_the_next_window_is_the_running_one_or_the_one_to_come(after, year):
    assert next_window(SEASONS["618"], at(after)) == season_window(SEASONS["618"], year)


def test_a_custom_season_has_the_windows_it_lists():
    assert season_window(SALE, 2027) == WINTER
    assert next_window(SALE, at("2026-01-01T00:00")) == AUTUMN
    assert next_window(SALE, AUTUMN.start + timedelta(days=1)) == AUTUMN
    assert next_window(SALE, AUTUMN.end) == WINTER


def test_a_custom_season_is_over_after_its_last_window():
    with pytest.raises(SeasonOver):
        next_window(SALE, WINTER.end)
    with pytest.raises(SeasonOver):
        season_window(SALE, 2028)


@pytest.mark.parametrize("days", [((2, 29), (3, 5)), ((5, 1), (6, 31)), ((13, 1), (1, 1))])
def test_days_that_do_not_exist_every_year_make_no_season(days):
    with pytest.raises(InvalidSeason):
        Season("odd", "Odd", "异", SHANGHAI, *days)


@pytest.mark.parametrize(
    "windows",
    [
        (),
        (Period(AUTUMN.start, AUTUMN.start),),
        (WINTER, AUTUMN),
        (AUTUMN, Period(AUTUMN.end - timedelta(seconds=1), WINTER.end)),
    ],
)
def test_custom_windows_must_be_there_in_order_and_apart(windows):
    with pytest.raises(InvalidSeason):
        CustomSeason("odd", "Odd", "异", SHANGHAI, windows)
