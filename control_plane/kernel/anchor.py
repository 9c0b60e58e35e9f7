"""Anchors: from one instant, all the boundaries of a recurring period, for good."""

import calendar
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.instants import as_utc, resolve_local
from control_plane.kernel.period import Period
from control_plane.kernel.zones import load_zone


class Interval(StrEnum):
    """How far apart boundaries lie, in local calendar terms."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


_DAYS = {Interval.DAY: 1, Interval.WEEK: 7}
_MONTHS = {Interval.MONTH: 1, Interval.QUARTER: 3, Interval.HALF_YEAR: 6, Interval.YEAR: 12}
_MONTHS_PER_YEAR = 12
_MEAN_MONTH = timedelta(days=146_097) / 4_800  # 400 Gregorian years
_LONGEST_DAYS = {
    Interval.DAY: 1,
    Interval.WEEK: 7,
    Interval.MONTH: 31,
    Interval.QUARTER: 92,
    Interval.HALF_YEAR: 184,
    Interval.YEAR: 366,
}
_SHIFTS = timedelta(days=2)
"""No clock of any zone moves further than this."""


def longest(interval: Interval, count: int = 1) -> timedelta:
    """Return a length that no period reaches, whatever its months and its zone's shifts are."""
    return timedelta(days=_LONGEST_DAYS[interval] * count) + _SHIFTS


class InvalidCount(TallyardError):
    """A recurring period must span at least one interval."""

    code = "invalid_interval_count"
    kind = ErrorKind.INVALID
    message = "A period cannot span {count} intervals."
    remedy = "Use a whole number of at least 1."


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a recurring period began, and how it recurs: every ``count`` intervals.

    The n-th boundary is always the anchor plus n intervals on the local calendar of ``zone``, never
    previous + interval: clamped to the month's end and restored after (31 Jan → 28 Feb → 31 Mar).
    Skipped local times move forward, or ``backward``; repeated ones take the first, or the
    ``second``. The periods tile the line.

    Raises:
        NaiveInstant: ``at`` carries no zone.
        UnknownZone: ``zone`` is not in the pinned database.
        InvalidCount: ``count`` is below 1.
    """

    at: datetime
    zone: str
    interval: Interval
    count: int = 1
    second: bool = False
    backward: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", as_utc(self.at))
        load_zone(self.zone)
        if self.count < 1:
            raise InvalidCount(count=self.count, field="count")

    def boundary(self, n: int) -> datetime:
        """Return the n-th boundary in UTC; the 0-th is the anchor itself, negative ones precede."""
        if n == 0:  # said apart because the anchor may be the second of two equal local times
            return self.at
        return _boundary(self, n)

    def period(self, n: int) -> Period:
        """Return the n-th period, from the n-th boundary to the next."""
        return Period(self.boundary(n), self.boundary(n + 1))

    def index_at(self, at: datetime) -> int:
        """Return the number of the period that an instant lies in."""
        n = self._estimate(at)
        while self.boundary(n) > at:
            n -= 1
        while self.boundary(n + 1) <= at:
            n += 1
        return n

    def period_at(self, at: datetime) -> Period:
        """Return the period that an instant lies in."""
        return self.period(self.index_at(at))

    @property
    def longest(self) -> timedelta:
        """A length that none of its periods reaches."""
        return longest(self.interval, self.count)

    def _estimate(self, at: datetime) -> int:
        """Guess a period's number from elapsed time; never off by much."""
        if self.interval in _DAYS:
            length = timedelta(days=_DAYS[self.interval])
        else:
            length = _MEAN_MONTH * _MONTHS[self.interval]
        return (at - self.at) // (length * self.count)


@lru_cache(maxsize=65_536)
def _boundary(anchor: Anchor, n: int) -> datetime:
    """Return the boundary so many intervals away on the local calendar. Billing asks it often."""
    intervals = n * anchor.count
    wall = anchor.at.astimezone(load_zone(anchor.zone)).replace(tzinfo=None)
    if anchor.interval in _DAYS:
        moved = wall + timedelta(days=intervals * _DAYS[anchor.interval])
    else:
        moved = _add_months(wall, intervals * _MONTHS[anchor.interval])
    return resolve_local(moved, anchor.zone, second=anchor.second, backward=anchor.backward)


def _add_months(wall: datetime, months: int) -> datetime:
    """Move by whole months, clamping the day to the length of the month arrived at."""
    year, month = divmod(wall.year * _MONTHS_PER_YEAR + wall.month - 1 + months, _MONTHS_PER_YEAR)
    day = min(wall.day, calendar.monthrange(year, month + 1)[1])
    return wall.replace(year=year, month=month + 1, day=day)
