"""Half-open periods between two instants."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.instants import as_utc, instant_text, local_date, local_day_start

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)


class PeriodReversed(TallyardError):
    """A period would end before it starts."""

    code = "period_reversed"
    kind = ErrorKind.INVALID
    message = "A period cannot start at {start} and end at {end}."
    remedy = "Give an end that is not before the start."


class InstantOutsidePeriod(TallyardError):
    """An instant does not lie in the period it was compared with."""

    code = "instant_outside_period"
    kind = ErrorKind.INVALID
    message = "The time {at} is not between {start} (inclusive) and {end} (exclusive)."
    remedy = "Use a time within the period."


@dataclass(frozen=True, slots=True)
class Period:
    """The instants from ``start`` up to, not including, ``end``; both are kept in UTC.

    A period may be empty (``start == end``): a zone that skips a day has one such daily period.

    Raises:
        NaiveInstant: a bound carries no zone.
        PeriodReversed: ``end`` lies before ``start``.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", as_utc(self.start))
        object.__setattr__(self, "end", as_utc(self.end))
        if self.end < self.start:
            raise PeriodReversed(start=instant_text(self.start), end=instant_text(self.end))

    @property
    def length(self) -> timedelta:
        """The elapsed time from start to end."""
        return self.end - self.start

    def contains(self, at: datetime) -> bool:
        """Tell whether the instant lies in the period; its end does not."""
        return self.start <= at < self.end

    def intersect(self, other: "Period") -> "Period | None":
        """Return what both periods share, or None when they share no instant."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start, end) if start < end else None

    def fraction_after(self, at: datetime) -> Fraction:
        """Return the exact share of the period's elapsed time that lies at or after ``at``.

        Raises:
            InstantOutsidePeriod: ``at`` is not within the period.
        """
        self._require(at)
        return Fraction((self.end - at) // _MICROSECOND, self.length // _MICROSECOND)

    def days(self, zone: str) -> list[date]:
        """Return the local days whose last instant lies in the period, in order.

        A day belongs to the later state: the day on which a period starts is its own, the day on
        which it ends (other than at midnight) belongs to the next. Adjoining periods therefore
        share out every day exactly once. Days that the zone skipped do not count.
        """
        first, last = local_date(self.start, zone), local_date(self.end, zone)
        span = (first + _DAY * n for n in range((last - first).days))
        return [d for d in span if local_day_start(d, zone) < local_day_start(d + _DAY, zone)]

    def day_fraction_after(self, at: datetime, zone: str) -> Fraction:
        """Return the share of the period's local days from the day of ``at`` on, that day included.

        The day of the change thus belongs to the new state. A period of no days gives 0.

        Raises:
            InstantOutsidePeriod: ``at`` is not within the period.
        """
        self._require(at)
        days, changed_on = self.days(zone), local_date(at, zone)
        return Fraction(sum(day >= changed_on for day in days), len(days) or 1)

    def _require(self, at: datetime) -> None:
        if not self.contains(at):
            raise InstantOutsidePeriod(
                at=instant_text(at), start=instant_text(self.start), end=instant_text(self.end)
            )
