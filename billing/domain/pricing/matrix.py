"""Matrix: the unit price depends on properties of the events.

Worked example: 0.10 for (east, cold), 0.06 for (east, dry), 0.08 for any other. 10, 20 and 5
units of (east, cold), (east, dry) and (west, dry) cost 1.00 + 1.20 + 0.40 = 2.60.
"""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from billing.domain.numbers import exact_text
from billing.domain.pricing.errors import MatrixPriceMissing
from billing.domain.pricing.parts import ZERO, Asked, Priced, Step
from billing.domain.pricing.quantities import convert
from metering.domain.usage import UsageGroup


def price_matrix(asked: Asked, cells: Sequence[UsageGroup]) -> Priced:
    """Price each combination of values by its cell, or by the default.

    Raises:
        MatrixPriceMissing: a combination has no cell, and the charge has no default price.
    """
    amount, billable, steps = ZERO, ZERO, list[Step]()
    for cell in cells:
        quantity, converted = convert(asked.charge, Fraction(cell.quantity))
        unit_price = _unit_price(asked, cell)
        cost = quantity * Fraction(unit_price)
        amount += cost
        billable += quantity
        steps += converted
        steps.append(
            {
                "step": "cell",
                "cell": named(asked.charge.dimensions, cell.values),
                "quantity": exact_text(quantity),
                "unit_price": exact_text(unit_price),
                "amount": exact_text(cost),
            }
        )
    return Priced(amount, tuple(steps), billable=billable)


def _unit_price(asked: Asked, cell: UsageGroup) -> Decimal:
    charge = asked.charge
    if charge.matrix is None:
        raise TypeError(f"matrix charge {charge.code} has no matrix")
    unit_price = charge.matrix.unit_price(cell.values[len(charge.group_by) :])
    if unit_price is None:
        raise MatrixPriceMissing(
            charge=charge.code, combination=named(charge.dimensions, cell.values)
        )
    return unit_price


def named(properties: Sequence[str], values: Sequence[str]) -> str:
    """Write a combination for people: ``region: east, class: cold``."""
    return ", ".join(f"{p}: {v}" for p, v in zip(properties, values, strict=True))
