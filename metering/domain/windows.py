"""Windows of a minute's to a year's length in a tenant's zone."""

from collections.abc import Iterator
from datetime import MAXYEAR, date, datetime, timedelta
from enum import StrEnum

from control_plane.kernel.calendar import local_date, local_day_start
from control_plane.kernel.period import Period

_DAY = timedelta(days=1)


class Window(StrEnum):
    """How long the windows of a usage series are. Weeks start on Monday, as ISO 8601 says."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_WITHIN_A_DAY = {Window.MINUTE: timedelta(minutes=1), Window.HOUR: timedelta(hours=1)}
_MONTHS = {Window.MONTH: 1, Window.QUARTER: 3, Window.YEAR: 12}
_SHORTEST = {
    **_WITHIN_A_DAY,
    Window.DAY: _DAY,
    Window.WEEK: _DAY * 7,
    Window.MONTH: _DAY * 31,
    Window.QUARTER: _DAY * 92,
    Window.YEAR: _DAY * 366,
}


def at_least(period: Period, window: Window) -> int:
    """Return a number of windows that a period surely has, or nearly: without counting them."""
    return period.length // _SHORTEST[window]


def windows(period: Period, window: Window, zone: str) -> tuple[Period, ...]:
    """Tile ``period`` with local days, weeks, months, quarters or years, or with parts of days.

    The first and the last window are cut to the period. A day on which clocks
    change has 23 or 25 hours; hours and minutes are counted from the local midnight, so
    they start on the full local hour except where a zone shifts by less.
    """
    starts: list[datetime] = [period.start]
    starts += [at for at in _boundaries(period, window, zone) if period.start < at < period.end]
    ends = [*starts[1:], period.end]
    return tuple(Period(start, end) for start, end in zip(starts, ends, strict=True))


def _boundaries(period: Period, window: Window, zone: str) -> Iterator[datetime]:
    """Yield where windows start, in order; an instant may come twice where a zone skips a day."""
    seen = period.start
    for day in _first_days(local_date(period.start, zone), window):
        midnight = local_day_start(day, zone)
        if midnight >= period.end:
            return
        if midnight > seen:
            yield midnight
        seen = max(seen, midnight)
        if window in _WITHIN_A_DAY:
            yield from _parts(midnight, local_day_start(day + _DAY, zone), _WITHIN_A_DAY[window])


def _parts(at: datetime, end: datetime, length: timedelta) -> Iterator[datetime]:
    while (at := at + length) < end:
        yield at


def _first_days(day: date, window: Window) -> Iterator[date]:
    """Yield the first days of windows without end, from the window that holds ``day`` on."""
    months = _MONTHS.get(window)
    if months is None:
        step = _DAY * 7 if window is Window.WEEK else _DAY
        first = day - _DAY * day.weekday() if window is Window.WEEK else day
        while True:
            yield first
            first += step
    month = (day.month - 1) // months * months
    while day.year + month // 12 <= MAXYEAR:
        yield date(day.year + month // 12, month % 12 + 1, 1)
        month += months
