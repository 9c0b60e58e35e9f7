"""Graduated percentage: each tier of an amount of money has a rate and perhaps a flat fee.

Worked example: 3 % up to 1,000, then 2 % and 5.00 once. 1,500 of sales cost 30 + 10 + 5 = 45.00.
"""

from fractions import Fraction

from billing.domain.numbers import exact_text
from billing.domain.pricing.parts import ZERO, Asked, Priced, Step, TierPart
from billing.domain.pricing.percentage import PERCENT
from billing.domain.pricing.quantities import deduct_included
from billing.domain.pricing.tiers import price_tiers
from control_plane.catalog.domain import Tier
from metering.domain.usage import UsageGroup


def price_graduated_percentage(asked: Asked, usage: UsageGroup) -> Priced:
    """Price an amount of money tier by tier, after the included amount."""
    included, billable, steps = deduct_included(asked, Fraction(usage.amount))
    tiers = asked.charge.tiers
    parts = price_tiers(tiers, billable, asked.prorated, asked.policies.tier_entry_fee)
    rated = [(part, _amount(part, tier)) for part, tier in zip(parts, tiers, strict=False)]
    return Priced(
        amount=sum((amount for _, amount in rated), ZERO),
        steps=(
            *steps,
            *(_step(p, tiers[n], amount) for n, (p, amount) in enumerate(rated)),
        ),
        included=included,
        billable=billable,
    )


def _amount(part: TierPart, tier: Tier) -> Fraction:
    return part.quantity * Fraction(tier.rate or 0) / PERCENT + part.flat_fee


def _step(part: TierPart, tier: Tier, amount: Fraction) -> Step:
    return {
        "step": "rate_tier",
        "number": part.number,
        "from": exact_text(part.start),
        "up_to": "" if part.up_to is None else exact_text(part.up_to),
        "base": exact_text(part.quantity),
        "rate": exact_text(tier.rate or Fraction(0)),
        "flat_fee": exact_text(part.flat_fee),
        "amount": exact_text(amount),
    }
