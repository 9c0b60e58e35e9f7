"""Selling seasons: named windows that recur every year, and custom ones with dates of their own."""

from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from types import MappingProxyType

from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.instants import instant_text, local_date, local_day_start
from control_plane.kernel.period import Period

_COMMON_YEAR = 2023


class InvalidSeason(TallyardError):
    """A season's dates make no window."""

    code = "invalid_season"
    kind = ErrorKind.INVALID
    message = "The dates of the season “{season}” make no valid window."
    remedy = "Give dates that exist every year, or windows in order that do not overlap."


class SeasonOver(TallyardError):
    """A season has no window left to book."""

    code = "season_over"
    kind = ErrorKind.NOT_FOUND
    message = "The season “{season}” has no window for {when}."
    remedy = "Choose another season, or publish a catalogue with further windows."


@dataclass(frozen=True, slots=True)
class Season:
    """A window that recurs every year, from one local day up to, not including, another.

    ``start_month_day`` and ``end_month_day`` are (month, day) in ``zone``, both at midnight. An
    end that is not after the start lies in the following year.

    Raises:
        InvalidSeason: a day does not exist every year.
    """

    code: str
    name_en: str
    name_zh: str
    zone: str
    start_month_day: tuple[int, int]
    end_month_day: tuple[int, int]

    def __post_init__(self) -> None:
        for month, day in (self.start_month_day, self.end_month_day):
            try:
                date(_COMMON_YEAR, month, day)
            except ValueError:
                raise InvalidSeason(season=self.code) from None


@dataclass(frozen=True, slots=True)
class CustomSeason:
    """A season whose windows are listed one by one, in order and apart from each other.

    Raises:
        InvalidSeason: no windows, an empty one, or two that overlap or are out of order.
    """

    code: str
    name_en: str
    name_zh: str
    zone: str
    windows: tuple[Period, ...]

    def __post_init__(self) -> None:
        if not self.windows or not all(window.length for window in self.windows):
            raise InvalidSeason(season=self.code)
        if any(later.start < earlier.end for earlier, later in pairwise(self.windows)):
            raise InvalidSeason(season=self.code)


AnySeason = Season | CustomSeason

SEASONS = MappingProxyType(
    {
        season.code: season
        for season in (
            Season("618", "618 Shopping Festival", "618 大促", "Asia/Shanghai", (5, 20), (6, 21)),
            Season("double11", "Double 11", "双十一", "Asia/Shanghai", (10, 20), (11, 13)),
        )
    }
)
"""The seasons built in: 618 (20 May to 20 June) and Double 11 (20 October to 12 November)."""


def season_window(season: AnySeason, year: int) -> Period:
    """Return the window of a season that starts in a local year.

    Raises:
        SeasonOver: a custom season lists no window that starts in that year.
    """
    if isinstance(season, CustomSeason):
        for window in season.windows:
            if local_date(window.start, season.zone).year == year:
                return window
        raise SeasonOver(season=season.code, when=year)
    start, end = season.start_month_day, season.end_month_day
    end_year = year if end > start else year + 1
    return Period(
        local_day_start(date(year, *start), season.zone),
        local_day_start(date(end_year, *end), season.zone),
    )


def next_window(season: AnySeason, after: datetime) -> Period:
    """Return the first window that has not ended at ``after``: the running one, or the next.

    Raises:
        SeasonOver: all windows of a custom season have ended.
    """
    if isinstance(season, CustomSeason):
        for window in season.windows:
            if window.end > after:
                return window
        raise SeasonOver(season=season.code, when=instant_text(after))
    year = local_date(after, season.zone).year
    windows = (season_window(season, candidate) for candidate in (year - 1, year, year + 1))
    return next(window for window in windows if window.end > after)
