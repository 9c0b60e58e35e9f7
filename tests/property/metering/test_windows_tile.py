from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from control_plane.kernel.calendar import local_date
from control_plane.kernel.period import Period
from metering.domain.windows import Window, at_least, windows

_STARTS = st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=UTC)
)
_ZONES = st.sampled_from(
    ["Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "UTC"]
)


_LONGEST = {Window.MINUTE: 7_200, Window.HOUR: 5 * 86_400, Window.DAY: 40 * 86_400}


@given(_STARTS, st.fractions(0, 1), st.sampled_from(Window), _ZONES)
def test_windows_tile_any_period_without_gap_or_overlap(start, share, window, zone):
    seconds = int(share * (_LONGEST.get(window, 3 * 366 * 86_400) - 1)) + 1
    period = Period(start, start + timedelta(seconds=seconds))

    tiles = windows(period, window, zone)

    assert tiles[0].start == period.start
    assert tiles[-1].end == period.end
    assert all(a.end == b.start for a, b in pairwise(tiles))
    assert all(tile.length > timedelta(0) for tile in tiles)
    assert len(tiles) >= at_least(period, window)
    if window in {Window.MINUTE, Window.HOUR}:
        longest = timedelta(minutes=1 if window is Window.MINUTE else 60)
        assert all(tile.length <= longest for tile in tiles)
    else:
        inner = [local_date(tile.start, zone) for tile in tiles[1:]]
        assert all(_FIRST_DAY[window](day) for day in inner)


_FIRST_DAY = {
    Window.DAY: lambda _: True,
    Window.WEEK: lambda day: day.weekday() == 0,
    Window.MONTH: lambda day: day.day == 1,
    Window.QUARTER: lambda day: day.day == 1 and day.month in {1, 4, 7, 10},
    Window.YEAR: lambda day: (day.month, day.day) == (1, 1),
}
