"""Percentage: a rate of the money that events carry, and a fee for each of them.

The first ``free_events`` events cost nothing and use up nothing. Of the rest, the first
``free_amount`` bears no rate; an event that lies in it entirely costs nothing at all. What an
event then costs (rate and fixed fee) is raised to ``event_min`` and capped at ``event_max``. A
short period has its share of both allowances, free events rounded up.

Worked example: 2 % and 0.10 per event, the first event free, 50.00 free, at least 0.30 each.
Events of 80, 40, 20 and 5: the 80 is free; the 40 lies in the free 50; of the 20 the last 10 are
free, so 0.20 + 0.10 = 0.30; the 5 costs 0.10 + 0.10 = 0.20, raised to 0.30. Together 0.60.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil

from billing.domain.numbers import exact_text
from billing.domain.pricing.parts import ZERO, Asked, Priced, Step
from metering.domain.usage import UsageGroup

PERCENT = 100


def price_percentage(asked: Asked, usage: UsageGroup) -> Priced:
    """Price an amount of money by its rate, event by event where events matter.

    Raises:
        TypeError: the charge needs the amount of each event, and they are not given.
    """
    charge = asked.charge
    if not charge.by_event:
        return _priced(asked, _Bill(usage.events, Fraction(usage.amount)), usage)
    if usage.amounts is None:
        raise TypeError(f"charge {charge.code} is priced by event, and has no amounts")
    return _priced(asked, _by_event(asked, usage.amounts), usage)


@dataclass(slots=True)
class _Bill:
    """Running sums over the events that are charged."""

    events: int = 0
    base: Fraction = ZERO
    free_events: int = 0
    bounded: Fraction = ZERO
    """What the bounds per event added (or, below zero, took away)."""


def _by_event(asked: Asked, amounts: Sequence[Decimal]) -> _Bill:
    charge, bill = asked.charge, _Bill()
    bill.free_events = min(len(amounts), ceil(charge.free_events * asked.prorated))
    left = Fraction(charge.free_amount) * asked.prorated
    for amount in amounts[bill.free_events :]:
        free = min(left, Fraction(amount))
        covered = left > 0 and free == amount
        left -= free
        if covered:
            bill.free_events += 1
            continue
        base = Fraction(amount) - free
        bill.events += 1
        bill.base += base
        bill.bounded += _bounded(asked, base)
    return bill


def _bounded(asked: Asked, base: Fraction) -> Fraction:
    charge = asked.charge
    exact = base * _rate(asked) + Fraction(charge.fixed_fee)
    cost = exact if charge.event_min is None else max(exact, Fraction(charge.event_min))
    if charge.event_max is not None:
        cost = min(cost, Fraction(charge.event_max))
    return cost - exact


def _rate(asked: Asked) -> Fraction:
    return Fraction(asked.charge.rate or 0) / PERCENT


def _priced(asked: Asked, bill: _Bill, usage: UsageGroup) -> Priced:
    charge = asked.charge
    rated = bill.base * _rate(asked)
    fees = bill.events * Fraction(charge.fixed_fee)
    steps: list[Step] = []
    if charge.free_events or charge.free_amount:
        steps.append(
            {
                "step": "free",
                "events": bill.free_events,
                "amount": exact_text(Fraction(usage.amount) - bill.base),
                "total": exact_text(usage.amount),
                **asked.shown_days,
            }
        )
    steps.append(
        {
            "step": "percentage",
            "base": exact_text(bill.base),
            "rate": exact_text(charge.rate or Decimal(0)),
            "amount": exact_text(rated),
        }
    )
    if charge.fixed_fee:
        steps.append(
            {
                "step": "event_fees",
                "events": bill.events,
                "fixed_fee": exact_text(charge.fixed_fee),
                "amount": exact_text(fees),
            }
        )
    if bill.bounded:
        steps.append({"step": "event_bounds", "amount": exact_text(bill.bounded)})
    return Priced(
        amount=rated + fees + bill.bounded,
        steps=tuple(steps),
        included=Fraction(usage.amount) - bill.base,
        billable=bill.base,
    )
