"""From what was measured to what is charged: unit conversion, then the included quantity.

Worked example: 5,400,000,000 bytes, divided by 10^9 and rounded up, are 6 GB; with 2 GB
included, 4 are left to be charged.
"""

from fractions import Fraction
from math import ceil, floor

from billing.domain.numbers import exact_text
from billing.domain.pricing.parts import ZERO, Asked, Step
from control_plane.catalog.domain import Charge, ConversionRounding


def convert(charge: Charge, quantity: Fraction) -> tuple[Fraction, tuple[Step, ...]]:
    """Return a measured quantity in the unit that is priced."""
    conversion = charge.conversion
    if conversion is None:
        return quantity, ()
    exact = quantity / Fraction(conversion.divide_by)
    match conversion.rounding:
        case ConversionRounding.UP:
            converted = Fraction(ceil(exact))
        case ConversionRounding.DOWN:
            converted = Fraction(floor(exact))
        case ConversionRounding.NONE:
            converted = exact
    return converted, (
        {
            "step": "converted",
            "from": exact_text(quantity),
            "divide_by": exact_text(conversion.divide_by),
            "rounding": conversion.rounding.value,
            "quantity": exact_text(converted),
        },
    )


def deduct_included(
    asked: Asked, quantity: Fraction
) -> tuple[Fraction, Fraction, tuple[Step, ...]]:
    """Return what is included, what is left to be charged, and the step that says so.

    The included quantity shrinks with a short period.
    """
    charge = asked.charge
    included = Fraction(charge.included) * asked.prorated
    billable = max(ZERO, quantity - included)
    if not charge.included:
        return included, billable, ()
    return (
        included,
        billable,
        (
            {
                "step": "included",
                "allowance": exact_text(charge.included),
                **asked.shown_days,
                "included": exact_text(included),
                "billable": exact_text(billable),
            },
        ),
    )


def to_charge(asked: Asked, quantity: Fraction) -> tuple[Fraction, Fraction, tuple[Step, ...]]:
    """Convert, then deduct: what is included, what is left to be charged, and the steps."""
    converted, steps = convert(asked.charge, quantity)
    included, billable, deducted = deduct_included(asked, converted)
    return included, billable, (*steps, *deducted)
