"""A line's amount over the customer's cost centres, by their share of the usage."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from control_plane.kernel.money import Money, allocate


@dataclass(frozen=True, slots=True)
class CentreUsage:
    """What one cost centre used; ``centre`` is empty where events named none."""

    centre: str
    quantity: Decimal
    events: int


@dataclass(frozen=True, slots=True)
class Split:
    """A cost centre's share of one line."""

    centre: str
    quantity: Decimal
    amount: Money


def split_line(amount: Money, usage: Sequence[CentreUsage]) -> tuple[Split, ...]:
    """Spread a line over cost centres by quantity, largest remainder: the parts add up exactly.

    CNY 10.00 over 2, 1 and nothing named 0 is 6.67, 3.33 and 0.00. Where quantities add up to
    nothing, the number of events counts; without any event the whole is nobody's. Quantities below
    zero weigh nothing.
    """
    if not usage:
        return (Split("", Decimal(0), amount),)
    weights = [Fraction(max(entry.quantity, Decimal(0))) for entry in usage]
    if not any(weights):
        weights = [Fraction(entry.events) for entry in usage]
    if not any(weights):
        weights = [Fraction(1), *[Fraction(0)] * (len(usage) - 1)]
    parts = allocate(amount, weights)
    return tuple(
        Split(entry.centre, entry.quantity, part) for entry, part in zip(usage, parts, strict=True)
    )
