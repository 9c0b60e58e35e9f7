"""Dynamic: every event carries what it costs; the charge adds that up.

Worked example: three shipments whose carrier charged 12.35, 8.10 and 9.555: together 30.005,
which is rounded once with the line.
"""

from fractions import Fraction

from billing.domain.numbers import exact_text
from billing.domain.pricing.parts import Asked, Priced, Step
from metering.domain.usage import UsageGroup


def price_dynamic(asked: Asked, usage: UsageGroup) -> Priced:
    """Charge what the events say."""
    del asked  # nothing of the charge but its bounds matters, and those come later
    amount = Fraction(usage.amount)
    step: Step = {"step": "dynamic", "events": usage.events, "amount": exact_text(amount)}
    return Priced(amount, (step,), billable=Fraction(usage.quantity))
