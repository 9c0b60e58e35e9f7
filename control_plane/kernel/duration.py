"""Durations as people say them: months and days of a calendar, hours and minutes of a clock."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from control_plane.kernel.anchor import Anchor, Interval
from control_plane.kernel.errors import ErrorKind, TallyardError

_TEXT = re.compile(
    r"P(?=.)(?:([0-9]{1,4})Y)?(?:([0-9]{1,5})M)?(?:([0-9]{1,6})W)?(?:([0-9]{1,6})D)?"
    r"(?:T(?=.)(?:([0-9]{1,7})H)?(?:([0-9]{1,8})M)?(?:([0-9]{1,9})S)?)?",
    re.ASCII,
)
_MONTHS_PER_YEAR = 12
_DAYS_PER_WEEK = 7


class InvalidDuration(TallyardError):
    """A text is not a duration, or one of nothing."""

    code = "invalid_duration"
    kind = ErrorKind.INVALID
    message = "“{value}” is not a duration of more than nothing."
    remedy = "Write it as in ISO 8601, such as P30D, P6M, P5Y or PT12H."


@dataclass(frozen=True, slots=True)
class Duration:
    """So many months, then so many days, on the local calendar; then so much elapsed time."""

    months: int = 0
    days: int = 0
    elapsed: timedelta = timedelta(0)

    def __str__(self) -> str:
        seconds = int(self.elapsed.total_seconds())
        return f"P{self.months}M{self.days}DT{seconds}S"

    def after(self, at: datetime, zone: str) -> datetime:
        """Return the instant this much later, in UTC.

        Months keep the day of the month, or its last (31 Jan and one month: 28 Feb); months and
        days keep the local time of day.

        Raises:
            UnknownZone: ``zone`` is not in the pinned database.
            InvalidDuration: the calendar ends before.
        """
        try:
            by_months = Anchor(at, zone, Interval.MONTH).boundary(self.months)
            return Anchor(by_months, zone, Interval.DAY).boundary(self.days) + self.elapsed
        except (OverflowError, ValueError):
            raise InvalidDuration(value=str(self)) from None


def parse_duration(text: str) -> Duration:
    """Read an ISO 8601 duration of whole numbers (ISO 8601-1:2019, 5.5.2), such as ``P1Y6M``.

    Raises:
        InvalidDuration: not such a text, or nothing at all (``P0D``).
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise InvalidDuration(value=text[:40])
    years, months, weeks, days, hours, minutes, seconds = (
        int(part or 0) for part in match.groups()
    )
    duration = Duration(
        months=years * _MONTHS_PER_YEAR + months,
        days=weeks * _DAYS_PER_WEEK + days,
        elapsed=timedelta(hours=hours, minutes=minutes, seconds=seconds),
    )
    if duration == Duration():
        raise InvalidDuration(value=text)
    return duration
