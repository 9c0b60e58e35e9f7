"""When a tenant is told of its usage: thresholds of a limit, and a forecast. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from control_plane.kernel.period import Period
from metering.domain.usage import UsagePoint

FORECAST = "forecast"
"""The mark of the forecast, beside the percentages."""

EARLIEST = Fraction(1, 10)
"""The share of a period that must be over before anything is forecast from it."""

SHORTEST = timedelta(days=1)
"""Shorter periods are over before a forecast helps anybody."""

_HUNDRED = 100
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """What a tenant wants to be told, and which of its members by mail.

    ``thresholds`` are percentages of the limit, rising.
    """

    thresholds: tuple[int, ...] = (50, 80, 100)
    forecast: bool = True
    mail_roles: tuple[str, ...] = ("owner", "admin")


@dataclass(frozen=True, slots=True)
class Found:
    """Something to tell: a threshold in percent that was reached, or the whole units forecast."""

    mark: str
    forecast: Decimal | None = None


def reached(used: Decimal, limit: Decimal, thresholds: Sequence[int]) -> list[Found]:
    """Return the thresholds that the usage has reached, or gone beyond."""
    if limit <= 0:
        return []
    share = Fraction(used) * _HUNDRED / Fraction(limit)
    return [Found(str(percent)) for percent in thresholds if share >= percent]


def forecast(
    points: Sequence[UsagePoint], period: Period, *, since: datetime, at: datetime, used: Decimal
) -> Fraction | None:
    """Return what will be used by the period's end, if it goes on as it went so far.

    The pace is that of the windows that are over, from ``since`` (when the feature was first
    granted in the period) on; it is added for the time that is left. None where too little of
    the period is over, or the period is too short.
    """
    begun = max(since, period.start)
    whole = [point for point in points if begun <= point.start and point.end <= at]
    if not whole or period.length < SHORTEST:
        return None
    elapsed, all_of_it = whole[-1].end - whole[0].start, period.end - begun
    if _ratio(elapsed, all_of_it) < EARLIEST:
        return None
    counted = sum((Fraction(point.quantity) for point in whole), Fraction(0))
    return Fraction(used) + counted * _ratio(period.end - at, elapsed)


def forecast_exceeds(expected: Fraction | None, used: Decimal, limit: Decimal) -> list[Found]:
    """Return the forecast where it lies beyond a limit that is not reached yet."""
    if expected is None or limit <= 0 or used >= limit or expected <= limit:
        return []
    return [Found(FORECAST, Decimal(math.ceil(expected)))]


def _ratio(part: timedelta, whole: timedelta) -> Fraction:
    return Fraction(part // _MICROSECOND, whole // _MICROSECOND)
