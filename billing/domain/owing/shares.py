"""How much of a period a stretch of it is: by local days, or by seconds.

By days, a day belongs to the later state: a change on the 20th of a period that runs over October
leaves 12 of 31 days, the 20th included. What is measured are the days whose last instant lies in
the stretch, so adjoining stretches share out every day exactly once.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from control_plane.catalog.policies import Denominator, Policies, ProrationUnit
from control_plane.kernel.calendar import (
    Anchor,
    Interval,
    Period,
    local_date,
    local_day_start,
)

Unit = Literal["day", "second"]

_DAY = timedelta(days=1)
_MOST_SHIFT = timedelta(hours=6)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_SECONDS_PER_DAY = 86_400
_DAYS_PER_MONTH = 30
_MONTHS = {Interval.MONTH: 1, Interval.QUARTER: 3, Interval.HALF_YEAR: 6, Interval.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Share:
    """``numerator`` of the ``denominator`` local days, or seconds, of a period."""

    numerator: int
    denominator: int
    unit: Unit = "day"

    @property
    def fraction(self) -> Fraction:
        """The exact ratio."""
        return Fraction(self.numerator, self.denominator)

    @property
    def whole(self) -> bool:
        """Tell whether nothing is prorated."""
        return self.numerator == self.denominator


WHOLE = Share(1, 1)
"""All of a period, whatever its days."""


@dataclass(frozen=True, slots=True)
class Ruler:
    """Measures stretches of the periods of one grid, by the policies in force."""

    grid: Anchor
    policies: Policies

    @property
    def unit(self) -> Unit:
        """What is counted."""
        by_second = self.policies.proration_unit is ProrationUnit.SECOND
        return "second" if by_second else "day"

    def count(self, start: datetime, end: datetime) -> int:
        """Return how many days or whole seconds lie from one instant to another; none backwards."""
        if end <= start:
            return 0
        if self.unit == "second":
            return _seconds(end) - _seconds(start)
        return days_between(start, end, self.grid.zone)

    def place(self, period: Period, at: datetime) -> int:
        """Return how far into a period an instant is, counted as the denominator counts.

        A 30-day month has 30 days whatever its length: a 31st day adds nothing, and the last day of
        a shorter month adds what is missing.
        """
        passed, length = self.count(period.start, at), self.count(period.start, period.end)
        nominal = self._nominal()
        if nominal is None:
            return min(passed, length)
        return nominal if passed >= length else min(passed, nominal)

    def share(self, period: Period, start: datetime, end: datetime, of: Period) -> Share:
        """Return how much of ``of`` lies from start to end; both are stretches of ``period``.

        A period without days (its zone skipped them) counts as whole, if it is all there.
        """
        whole = self.place(period, of.end) - self.place(period, of.start)
        if whole == 0:
            empty = not self.count(period.start, period.end)
            covered = empty and start <= of.start and end >= of.end
            return Share(int(covered), 1, self.unit)
        first, last = max(start, of.start), min(end, of.end)
        some = 0 if last <= first else self.place(period, last) - self.place(period, first)
        return Share(some, whole, self.unit)

    def _nominal(self) -> int | None:
        """Return the nominal length of a period of 30-day months, None where it has none."""
        months = _MONTHS.get(self.grid.interval)
        if self.policies.denominator is Denominator.TRUE_LENGTH or months is None:
            return None
        days = _DAYS_PER_MONTH * months * self.grid.count
        return days * _SECONDS_PER_DAY if self.unit == "second" else days


def day_start(at: datetime, zone: str) -> datetime:
    """Return the first instant of the local day that an instant belongs to."""
    return local_day_start(local_date(at, zone), zone)


def next_day_start(at: datetime, zone: str) -> datetime:
    """Return the first instant after the local day that an instant belongs to."""
    return local_day_start(local_date(at, zone) + _DAY, zone)


@lru_cache(maxsize=65_536)
def days_between(start: datetime, end: datetime, zone: str) -> int:
    """Count the local days whose last instant lies from start to end, as `Period.days` lists them.

    Days that the zone skipped do not count.
    """
    first, last = local_date(start, zone), local_date(end, zone)
    days = (last - first).days
    if days <= 0:
        return 0
    elapsed = local_day_start(last, zone) - local_day_start(first, zone)
    if abs(elapsed - days * _DAY) < _MOST_SHIFT:
        return days  # no day can be missing: clocks alone never move that far
    return len(Period(start, end).days(zone))


def _seconds(at: datetime) -> int:
    return (at - _EPOCH) // _SECOND
