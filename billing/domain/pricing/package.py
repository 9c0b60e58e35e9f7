"""Package: usage is bought in whole packages, after the included quantity.

Worked example: packages of 100 labels at 5.00, 50 included, 251 used: 201 are left, which
start 3 packages: 15.00. Rounded down by policy they are 2: 10.00.
"""

from fractions import Fraction
from math import ceil, floor

from billing.domain.numbers import exact_text
from billing.domain.pricing.parts import Asked, Priced, Step
from billing.domain.pricing.quantities import to_charge
from control_plane.catalog.policies import PackageRounding
from metering.domain.usage import UsageGroup


def price_package(asked: Asked, usage: UsageGroup) -> Priced:
    """Price every package that was started, or only full ones where the policy says so."""
    charge = asked.charge
    if charge.package_size is None or charge.unit_price is None:
        raise TypeError(f"package charge {charge.code} lacks a size or a price")
    included, billable, steps = to_charge(asked, Fraction(usage.quantity))
    started = billable / Fraction(charge.package_size)
    up = asked.policies.package_rounding is PackageRounding.UP
    packages = ceil(started) if up else floor(started)
    amount = packages * Fraction(charge.unit_price)
    step: Step = {
        "step": "package",
        "quantity": exact_text(billable),
        "size": exact_text(charge.package_size),
        "packages": packages,
        "unit_price": exact_text(charge.unit_price),
        "amount": exact_text(amount),
    }
    return Priced(amount, (*steps, step), included=included, billable=billable)
