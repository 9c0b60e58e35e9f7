"""When a plan change takes effect, and what the customer is told of the two prices."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from control_plane.catalog.domain import Grant, PlanVersion, Price
from control_plane.kernel.calendar import Anchor


class ChangeTiming(StrEnum):
    """When a plan change takes effect."""

    AT_ONCE = "at_once"
    AT_PERIOD_END = "at_period_end"


def change_timing(
    *,
    old: PlanVersion,
    old_price: Price,
    new: PlanVersion,
    new_price: Price,
    at: datetime,
    zone: str,
) -> ChangeTiming:
    """Answer at once if any limit or the daily-equivalent fee rises, else at the period's end."""
    dearer = daily_fee(new_price, at, zone) > daily_fee(old_price, at, zone)
    if dearer or any_grant_rises(old.grants, new.grants):
        return ChangeTiming.AT_ONCE
    return ChangeTiming.AT_PERIOD_END


def daily_fee(price: Price, at: datetime, zone: str) -> Fraction:
    """Return the flat fees of a price per local day, in minor units, over a period from ``at``."""
    days = Anchor(at=at, zone=zone, interval=price.interval).period(0).days(zone)
    return Fraction(price.fee.minor, len(days))


def any_grant_rises(old: Mapping[str, Grant], new: Mapping[str, Grant]) -> bool:
    """Tell whether anything is granted that was not, or any limit is higher."""
    return any(_size(grant) > _size(old.get(code)) for code, grant in new.items())


def _size(grant: Grant | None) -> Decimal:
    if grant is None:
        return Decimal(0)
    return Decimal(int(grant)) if isinstance(grant, bool) else grant
