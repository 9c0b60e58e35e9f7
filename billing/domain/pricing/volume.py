"""Volume: all units cost what the tier says that the whole quantity reaches.

The price can fall when usage grows, so it is settled when the period closes, not before.

Worked example: 0.10 up to 1,000, then 0.08. 1,000 parcels cost 100.00; 1,001 cost 80.08.
"""

from fractions import Fraction

from billing.domain.pricing.parts import ZERO, Asked, Priced
from billing.domain.pricing.quantities import to_charge
from billing.domain.pricing.tiers import price_at_tier
from metering.domain.usage import UsageGroup


def price_volume(asked: Asked, usage: UsageGroup) -> Priced:
    """Price the whole quantity in the tier it reaches; nothing until the period closes."""
    included, billable, steps = to_charge(asked, Fraction(usage.quantity))
    if not asked.final:
        waiting = {"step": "at_close"}
        return Priced(ZERO, (*steps, waiting), included=included, billable=billable)
    part = price_at_tier(asked.charge.tiers, billable, asked.prorated, asked.policies)
    return Priced(
        amount=part.amount,
        steps=(*steps, part.step("volume")),
        included=included,
        billable=billable,
        parts=(part,),
    )
