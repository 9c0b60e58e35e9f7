"""Graduated: each tier prices only the units inside it.

Worked example: 7,234 lines, 2,000 included, 0.05 up to 5,000, then 0.03. Billable are 5,234; the
first 5,000 cost 250, the other 234 cost 7.02; together 257.02.
"""

from fractions import Fraction

from billing.domain.pricing.parts import ZERO, Asked, Priced
from billing.domain.pricing.quantities import to_charge
from billing.domain.pricing.tiers import price_tiers
from metering.domain.usage import UsageGroup


def price_graduated(asked: Asked, usage: UsageGroup) -> Priced:
    """Price a quantity tier by tier."""
    included, billable, steps = to_charge(asked, Fraction(usage.quantity))
    entry_fee = asked.policies.tier_entry_fee
    parts = price_tiers(asked.charge.tiers, billable, asked.prorated, entry_fee)
    return Priced(
        amount=sum((part.amount for part in parts), ZERO),
        steps=(*steps, *(part.step() for part in parts)),
        included=included,
        billable=billable,
        parts=parts,
    )
