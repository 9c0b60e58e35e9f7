"""A charge's own discount, minimum and maximum, in the order that the policy says.

Worked example: usage of 120.00, 10 % off, at least 50.00, at most 100.00. The discount first:
108.00, capped at 100.00. The discount after the maximum: 100.00 less 10 % is 90.00.
"""

from dataclasses import dataclass
from fractions import Fraction

from billing.domain.numbers import exact_text
from billing.domain.pricing.parts import ZERO, Asked, Step
from billing.domain.pricing.percentage import PERCENT
from control_plane.catalog.policies import DiscountOrder
from control_plane.kernel.money import Money


def bound(asked: Asked, amount: Fraction) -> tuple[Fraction, tuple[Step, ...]]:
    """Apply discount, minimum and maximum to a charge's amount; the bounds shrink with the share.

    While the period goes on (`Asked.final` is false) the minimum waits.
    """
    running = _Running(asked, amount, [])
    if asked.policies.price_discount is DiscountOrder.BEFORE_MAXIMUM:
        running.discount()
    running.minimum()
    running.maximum()
    if asked.policies.price_discount is DiscountOrder.AFTER_MAXIMUM:
        running.discount()
    return running.amount, tuple(running.steps)


def least(asked: Asked) -> Fraction:
    """Return what the bounds make of nothing: what a coupon before the minimum leaves at least."""
    return bound(asked, ZERO)[0] if asked.charge.minimum is not None else ZERO


@dataclass(slots=True)
class _Running:
    asked: Asked
    amount: Fraction
    steps: list[Step]

    def discount(self) -> None:
        percent = self.asked.charge.discount
        if percent:
            off = self.amount * Fraction(percent) / PERCENT
            self.amount -= off
            self.steps.append(
                {
                    "step": "discount",
                    "percent": exact_text(percent),
                    "off": exact_text(off),
                    "amount": exact_text(self.amount),
                }
            )

    def minimum(self) -> None:
        least = self.asked.charge.minimum
        if least is not None and self.asked.final:
            self._bound("minimum", least, max(self.amount, self._share(least)))

    def maximum(self) -> None:
        most = self.asked.charge.maximum
        if most is not None:
            self._bound("maximum", most, min(self.amount, self._share(most)))

    def _share(self, whole: Money) -> Fraction:
        return whole.major * self.asked.prorated

    def _bound(self, name: str, whole: Money, bounded: Fraction) -> None:
        if bounded == self.amount:
            return
        self.amount = bounded
        self.steps.append(
            {
                "step": name,
                "whole": whole.decimal_text(),
                **self.asked.shown_days,
                "amount": exact_text(bounded),
            }
        )
