from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from control_plane.kernel.period import Period
from metering.domain.windows import Window, windows

_STARTS = st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=UTC)
)
_ZONES = st.sampled_from(
    ["Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "UTC"]
)


@given(_STARTS, st.integers(1, 10 * 86_400), st.sampled_from(Window), _ZONES)
def test_windows_tile_any_period_without_gap_or_overlap(start, seconds, window, zone):
    period = Period(start, start + timedelta(seconds=seconds))

    tiles = windows(period, window, zone)

    assert tiles[0].start == period.start
    assert tiles[-1].end == period.end
    assert all(a.end == b.start for a, b in pairwise(tiles))
    assert all(tile.length > timedelta(0) for tile in tiles)
    if window is Window.HOUR:
        assert all(tile.length <= timedelta(hours=1) for tile in tiles)
