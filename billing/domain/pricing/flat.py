"""Flat: a fee, for each seat or warehouse where the charge names such a quantity.

Worked example: 30.00 a seat, 2 seats included, 12 seats, 10 % off: 10 x 30.00 = 300.00, less
30.00 is 270.00 for a whole period. A share of the period costs that share of it.
"""

from decimal import Decimal
from fractions import Fraction

from billing.domain.numbers import exact_text
from billing.domain.pricing.bounds import bound, least
from billing.domain.pricing.parts import ZERO, Asked, Step, UsagePrice
from control_plane.catalog.domain import Charge
from control_plane.catalog.policies import DEFAULTS, Policies

_ONE = Decimal(1)


def price_fee(
    charge: Charge, quantity: Decimal = _ONE, policies: Policies = DEFAULTS
) -> UsagePrice:
    """Return the exact fee of one whole period; the caller takes its share of the period.

    ``quantity`` counts only where the charge names one. Amount, minimum and maximum all
    shrink alike, so the share of this is the price of the share.

    Raises:
        TypeError: the charge has no amount.
    """
    if charge.amount is None:
        raise TypeError(f"charge {charge.code} is no fee")
    used = Fraction(quantity) if charge.quantity is not None else Fraction(1)
    included = Fraction(charge.included) if charge.quantity is not None else ZERO
    billable = max(ZERO, used - included)
    gross = charge.amount.major * billable
    steps: list[Step] = []
    if charge.quantity is not None:
        steps.append(
            {
                "step": "quantity",
                "component": charge.quantity,
                "quantity": exact_text(used),
                "included": exact_text(included),
                "unit_price": charge.amount.decimal_text(),
                "amount": exact_text(gross),
            }
        )
    asked = Asked(charge=charge, policies=policies)
    amount, bounds = bound(asked, gross)
    return UsagePrice(
        amount=amount,
        quantity=used,
        included=included,
        billable=billable,
        parts=(),
        steps=(*steps, *bounds),
        least=least(asked),
    )
