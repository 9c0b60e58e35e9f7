"""Capacity: the peak of the period is charged, beyond what is included, in graduated tiers.

The meter is one of the greatest value (``max``), so what was measured is the peak already.

Worked example: 100 pallet places included, 2.00 for each further one up to 50, then 1.50. A peak
of 170 is 70 over: 50 x 2.00 + 20 x 1.50 = 130.00, however short the peak was.
"""

from dataclasses import replace
from fractions import Fraction

from billing.domain.numbers import exact_text
from billing.domain.pricing.graduated import price_graduated
from billing.domain.pricing.parts import Asked, Priced
from metering.domain.usage import UsageGroup


def price_capacity(asked: Asked, usage: UsageGroup) -> Priced:
    """Price a peak: what is above the included capacity, tier by tier."""
    peak = {"step": "peak", "quantity": exact_text(Fraction(usage.quantity))}
    priced = price_graduated(asked, usage)
    return replace(priced, steps=(peak, *priced.steps))
