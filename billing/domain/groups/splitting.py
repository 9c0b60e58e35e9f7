"""A line's amount over the customer's cost centres, by their share of the usage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from control_plane.kernel.exact import quantity_text
from control_plane.kernel.money import Money, allocate

MOST_CENTRES = 200
"""How many cost centres of one line are named; what the others used counts as nobody's."""


@dataclass(frozen=True, slots=True)
class CentreUsage:
    """What one cost centre used; ``centre`` is empty where events named none.

    ``quantity`` is None where a whole line is the centre's, whatever it charges for.
    """

    centre: str
    quantity: Decimal | None = None
    events: int = 0


@dataclass(frozen=True, slots=True)
class Split:
    """A cost centre's share of one line; on credit notes it goes back to the centre."""

    centre: str
    quantity: Decimal | None
    amount: Money

    def body(self) -> dict[str, Any]:
        """Return the share as a document's body holds it; the amount is net, in minor units."""
        quantity = None if self.quantity is None else quantity_text(self.quantity)
        return {
            "cost_centre": self.centre,
            "quantity": quantity,
            "net_minor": self.amount.minor,
        }

    @classmethod
    def from_body(cls, said: Mapping[str, Any], zero: Money) -> "Split":
        """Read back what `body` gave, in the currency of ``zero``."""
        quantity = None if said["quantity"] is None else Decimal(said["quantity"])
        return cls(said["cost_centre"], quantity, Money(said["net_minor"], zero.currency))


def split_line(amount: Money, usage: Sequence[CentreUsage]) -> tuple[Split, ...]:
    """Spread a line over cost centres by quantity, largest remainder: the parts add up exactly.

    CNY 10.00 over 2, 1 and nothing named 0 is 6.67, 3.33 and 0.00. Where quantities add up to
    nothing, the number of events counts; without any event the whole is the first one's. Quantities
    below zero weigh nothing.
    """
    if not usage:
        return ()
    weights = [Fraction(max(entry.quantity or Decimal(0), Decimal(0))) for entry in usage]
    if not any(weights):
        weights = [Fraction(entry.events) for entry in usage]
    if not any(weights):
        weights = [Fraction(1), *[Fraction(0)] * (len(usage) - 1)]
    parts = allocate(amount, weights)
    return tuple(
        Split(entry.centre, entry.quantity, part) for entry, part in zip(usage, parts, strict=True)
    )


def split_back(
    amount: Money, charged: Sequence[Split], already: Mapping[str, int]
) -> tuple[Split, ...]:
    """Spread what is taken back of a line over its centres, by what is left charged to each.

    ``already`` is what earlier credit notes gave back, by centre, in minor units. No centre gets
    back more than it was charged, and the note that takes the rest leaves none with anything.
    """
    left = [max(share.amount.minor - already.get(share.centre, 0), 0) for share in charged]
    if not any(left):
        return ()
    return tuple(
        Split(share.centre, None, part)
        for share, part in zip(charged, allocate(amount, left), strict=True)
        if part.minor
    )
