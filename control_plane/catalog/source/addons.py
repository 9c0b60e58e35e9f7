"""Reads what an add-on may have besides its price: ladders by lead time, and a deposit."""

from collections.abc import Mapping
from decimal import Decimal

from control_plane.catalog.domain import EarlyBird, Refund
from control_plane.catalog.source.amounts import read_amounts
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault
from control_plane.kernel.money import Money

LONGEST_LEAD_DAYS = 3_650
MOST_AT_A_TIME = 1_000_000


def read_early_bird(cursor: Cursor | None, prices: Mapping[str, Money]) -> tuple[EarlyBird, ...]:
    """Read early-bird steps, each with a price in every currency of ``prices``."""
    steps: list[EarlyBird] = []
    for item in cursor.items(empty=False) if cursor else ():
        fields = item.fields(required=("days_before", "prices"))
        days = _read_days(fields.get("days_before"), [step.days_before for step in steps])
        early = read_amounts(fields.get("prices"))
        if "prices" in fields:
            _check_currencies(fields["prices"], early, prices)
        steps.append(EarlyBird(days, early))
    return tuple(steps)


def _check_currencies(
    cursor: Cursor, early: Mapping[str, Money], prices: Mapping[str, Money]
) -> None:
    for code in prices.keys() - early.keys():
        cursor.report(Fault.EARLY_PRICE_MISSING, currency=code)
    for code in early.keys() - prices.keys():
        cursor.report(Fault.EARLY_PRICE_UNKNOWN, currency=code)


def read_cancellation(cursor: Cursor | None) -> tuple[Refund, ...]:
    """Read the steps of what is given back on cancelling, by days before the start."""
    steps: list[Refund] = []
    for item in cursor.items(empty=False) if cursor else ():
        fields = item.fields(required=("days_before", "refund"))
        days = _read_days(fields.get("days_before"), [step.days_before for step in steps])
        percent = fields["refund"].percentage() if "refund" in fields else Decimal(0)
        steps.append(Refund(days, percent))
    return tuple(steps)


def _read_days(cursor: Cursor | None, before: list[int]) -> int:
    if cursor is None:
        return 0
    days = cursor.whole(0, LONGEST_LEAD_DAYS)
    if before and days >= before[-1]:
        cursor.report(Fault.STEPS_NOT_FALLING, value=days, before=before[-1])
    return days
