"""Seasons come back every year, in order, without overlapping themselves."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from control_plane.kernel.calendar import load_zone
from control_plane.kernel.seasons import SEASONS, Season, next_window, season_window

month_days = st.tuples(st.integers(1, 12), st.integers(1, 28))
seasons = st.one_of(
    st.sampled_from(list(SEASONS.values())),
    st.builds(
        Season,
        code=st.just("any"),
        name_en=st.just("Any"),
        name_zh=st.just("任意"),
        zone=st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/Berlin"]),
        start_month_day=month_days,
        end_month_day=month_days,
    ),
)
instants = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2080, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)


@given(seasons, st.integers(1990, 2080))
def test_a_season_starts_every_year_on_its_day_at_local_midnight(season, year):
    window = season_window(season, year)
    start = window.start.astimezone(load_zone(season.zone))

    assert (start.year, start.month, start.day) == (year, *season.start_month_day)
    assert (start.hour, start.minute) == (0, 0)
    assert window.end <= season_window(season, year + 1).start


@given(seasons, instants)
def test_the_next_window_is_the_first_that_has_not_ended(season, after):
    window = next_window(season, after)
    year = window.start.astimezone(load_zone(season.zone)).year

    assert window.end > after
    assert season_window(season, year - 1).end <= after
    assert season_window(season, year) == window
