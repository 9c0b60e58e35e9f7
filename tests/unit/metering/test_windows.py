from datetime import UTC, datetime, timedelta

from control_plane.kernel.period import Period
from metering.domain.windows import Window, windows


def _at(*when) -> datetime:
    return datetime(*when, tzinfo=UTC)


def test_days_are_local_days_cut_to_the_period():
    tiles = windows(Period(_at(2026, 1, 8, 3), _at(2026, 1, 9, 17)), Window.DAY, "Asia/Shanghai")

    assert [tile.start for tile in tiles] == [
        _at(2026, 1, 8, 3),
        _at(2026, 1, 8, 16),
        _at(2026, 1, 9, 16),
    ]
    assert tiles[-1].end == _at(2026, 1, 9, 17)


def test_a_day_on_which_clocks_go_back_has_25_hours():
    berlin = Period(_at(2026, 10, 24, 22), _at(2026, 10, 25, 23))

    tiles = windows(berlin, Window.HOUR, "Europe/Berlin")

    assert len(tiles) == 25
    assert {tile.length for tile in tiles} == {timedelta(hours=1)}


def test_a_day_on_which_clocks_go_forward_has_23_hours():
    berlin = Period(_at(2026, 3, 28, 23), _at(2026, 3, 29, 22))

    assert len(windows(berlin, Window.DAY, "Europe/Berlin")) == 1
    assert len(windows(berlin, Window.HOUR, "Europe/Berlin")) == 23


def test_hours_of_a_zone_with_a_half_hour_start_at_its_own_full_hours():
    kolkata = Period(_at(2026, 1, 8, 18, 30), _at(2026, 1, 8, 20, 30))

    assert [tile.start.minute for tile in windows(kolkata, Window.HOUR, "Asia/Kolkata")] == [30, 30]


def test_a_moment_within_one_window_is_one_tile():
    period = Period(_at(2026, 1, 8, 3, 10), _at(2026, 1, 8, 3, 20))

    assert windows(period, Window.HOUR, "Asia/Shanghai") == (period,)


def test_weeks_start_on_monday_and_quarters_on_the_first_of_january_april_july_and_october():
    year = Period(_at(2026, 1, 8), _at(2026, 12, 31, 16))

    weeks = windows(year, Window.WEEK, "Asia/Shanghai")
    quarters = windows(year, Window.QUARTER, "Asia/Shanghai")

    assert weeks[1].start == _at(2026, 1, 11, 16)  # Monday the 12th, as it begins in Shanghai
    assert [tile.start for tile in quarters] == [
        _at(2026, 1, 8),
        _at(2026, 3, 31, 16),
        _at(2026, 6, 30, 16),
        _at(2026, 9, 30, 16),
    ]


def test_the_last_year_there_is_has_windows_too():
    last = Period(_at(9999, 6, 1), _at(9999, 12, 1))

    assert windows(last, Window.YEAR, "UTC") == (last,)
