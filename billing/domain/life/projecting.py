"""The projected total per period: what a plan would have cost over the last closed periods.

Each of the last periods is priced whole by its real usage, and the totals are averaged: groups,
tiers and per-event prices come out exactly as an invoice would have had them, which the price of
an averaged usage would not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from control_plane.kernel.calendar import Period, instant_text
from control_plane.kernel.currency import Currency
from control_plane.kernel.money import Money

MOST_PERIODS = 3
"""How many closed periods are looked at (billing rules, Changes)."""


@dataclass(frozen=True, slots=True)
class PricedPeriod:
    """One closed period under a plan: its fees and its usage, exact, in major units."""

    period: Period
    fees: Fraction
    usage: Fraction


@dataclass(frozen=True, slots=True)
class PlanProjection:
    """What one plan would cost per period, before tax.

    ``exact`` is in major units; ``periods`` are the inputs, none for a subscription that has closed
    no period yet: then the usage is taken as zero and only ``fees`` count.
    """

    label: str
    currency: Currency
    fees: Fraction
    periods: tuple[PricedPeriod, ...]

    @property
    def exact(self) -> Fraction:
        """The mean total, in major units."""
        if not self.periods:
            return self.fees
        return sum((p.fees + p.usage for p in self.periods), Fraction()) / len(self.periods)

    @property
    def total(self) -> Money:
        """The mean total, rounded once, half away from zero."""
        return Money.rounded(self.exact, self.currency)

    @property
    def usage(self) -> Money:
        """The mean price of the usage alone."""
        return self.total - Money.rounded(self._mean_fees, self.currency)

    @property
    def _mean_fees(self) -> Fraction:
        if not self.periods:
            return self.fees
        return sum((p.fees for p in self.periods), Fraction()) / len(self.periods)


@dataclass(frozen=True, slots=True)
class Projection:
    """Both plans over the same periods and the same usage."""

    before: PlanProjection
    after: PlanProjection

    @property
    def difference(self) -> Money:
        """How much more, or less, is expected per period."""
        return self.after.total - self.before.total

    def inputs(self) -> dict[str, object]:
        """Return everything it was computed from, as JSON for the record of the change."""
        return {
            side: {
                "plan": plan.label,
                "total_minor": plan.total.minor,
                "fees": _text(plan.fees),
                "periods": [
                    {
                        "start": instant_text(p.period.start),
                        "end": instant_text(p.period.end),
                        "fees": _text(p.fees),
                        "usage": _text(p.usage),
                    }
                    for p in plan.periods
                ],
            }
            for side, plan in (("before", self.before), ("after", self.after))
        }


def last_closed(periods: Sequence[Period]) -> tuple[Period, ...]:
    """Return the periods a projection looks at: the last three, fewer if there are fewer."""
    return tuple(sorted(periods, key=lambda period: period.start))[-MOST_PERIODS:]


def _text(value: Fraction) -> str:
    return str(value)
