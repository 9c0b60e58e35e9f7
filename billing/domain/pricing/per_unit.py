"""Per unit: every unit costs the same. It is one open tier, and is explained as one.

Worked example: 1,250 calls, 1,000 included, at 0.002 each: 250 x 0.002 = 0.50.
"""

from dataclasses import replace
from decimal import Decimal

from billing.domain.pricing.graduated import price_graduated
from billing.domain.pricing.parts import Asked, Priced
from control_plane.catalog.domain import Tier
from metering.domain.usage import UsageGroup


def price_per_unit(asked: Asked, usage: UsageGroup) -> Priced:
    """Price a quantity by its unit price."""
    unit_price = asked.charge.unit_price
    if unit_price is None:
        return price_graduated(asked, usage)
    tier = Tier(up_to=None, unit_price=unit_price, flat_fee=Decimal(0))
    return price_graduated(replace(asked, charge=replace(asked.charge, tiers=(tier,))), usage)
