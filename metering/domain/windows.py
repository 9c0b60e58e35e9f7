"""Windows of a day's or an hour's length in a tenant's zone."""

from datetime import datetime, timedelta
from enum import StrEnum

from control_plane.kernel.calendar import local_date, local_day_start
from control_plane.kernel.period import Period

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


class Window(StrEnum):
    """How long the windows of a usage series are."""

    HOUR = "hour"
    DAY = "day"


def windows(period: Period, window: Window, zone: str) -> tuple[Period, ...]:
    """Tile ``period`` with local days, or with the hours of those days.

    The first and the last window are cut to the period. A day on which clocks
    change has 23 or 25 hours; hours are counted from the local midnight, so
    they start on the full local hour except where a zone shifts by less.
    """
    starts: list[datetime] = [period.start]
    starts += [at for at in _boundaries(period, window, zone) if period.start < at < period.end]
    ends = [*starts[1:], period.end]
    return tuple(Period(start, end) for start, end in zip(starts, ends, strict=True))


def _boundaries(period: Period, window: Window, zone: str) -> list[datetime]:
    found: list[datetime] = []
    day = local_date(period.start, zone)
    while (midnight := local_day_start(day, zone)) < period.end:
        found.append(midnight)
        day += _DAY
        if window is Window.HOUR:
            at, next_midnight = midnight + _HOUR, local_day_start(day, zone)
            while at < next_midnight:
                found.append(at)
                at += _HOUR
    return found
