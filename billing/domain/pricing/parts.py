"""What pricing takes and gives: exact ratios of major units, and steps that can be frozen."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from billing.domain.numbers import exact_text
from control_plane.catalog.domain import Charge
from control_plane.catalog.policies import DEFAULTS, Policies, ShortPeriod

ZERO = Fraction(0)
ONE = Fraction(1)

Step: TypeAlias = Mapping[str, str | int]
"""One step of a line's computation: texts and whole numbers only, so that it can be frozen."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One charge to be priced over ``share`` of a period (1: all of it).

    ``days`` is the share as it is told to people: so many of so many (days, or seconds).
    Unless ``final``, the period goes on: volume prices and minimums wait for its close.
    """

    charge: Charge
    share: Fraction = ONE
    policies: Policies = DEFAULTS
    days: tuple[int, int] = (1, 1)
    final: bool = True

    @property
    def prorated(self) -> Fraction:
        """The share that fees, minimums, maximums and included quantities shrink to."""
        return ONE if self.policies.short_period is ShortPeriod.NONE else self.share

    @property
    def shown_days(self) -> Mapping[str, int]:
        """The share as the fields of a step."""
        some, all_ = (1, 1) if self.prorated == 1 and self.share != 1 else self.days
        return {"days": some, "of_days": all_}


@dataclass(frozen=True, slots=True)
class TierPart:
    """What one tier contributes: ``quantity`` units and the ``flat_fee`` of entering it.

    ``start`` is exclusive and ``up_to`` inclusive, both counted after the included quantity.
    """

    number: int
    start: Fraction
    up_to: Decimal | None
    quantity: Fraction
    unit_price: Decimal
    flat_fee: Fraction
    amount: Fraction

    def step(self, name: str = "tier") -> Step:
        """Write the part as a step of an explanation."""
        return {
            "step": name,
            "number": self.number,
            "from": exact_text(self.start),
            "up_to": "" if self.up_to is None else exact_text(self.up_to),
            "quantity": exact_text(self.quantity),
            "unit_price": exact_text(self.unit_price),
            "flat_fee": exact_text(self.flat_fee),
            "amount": exact_text(self.amount),
        }


@dataclass(frozen=True, slots=True)
class Priced:
    """The exact price of one group of usage, before the charge's discount and bounds."""

    amount: Fraction
    steps: tuple[Step, ...]
    included: Fraction = ZERO
    billable: Fraction = ZERO
    parts: tuple[TierPart, ...] = ()


@dataclass(frozen=True, slots=True)
class UsagePrice:
    """The exact price of a charge, in major units, and how it came about.

    ``included`` and ``billable`` are sums over the groups, in the unit that is priced;
    ``parts`` are the tiers' of all groups, for the models that have tiers of quantity. ``least`` is
    what the charge's minimum makes of nothing at all: no coupon before the minimum goes below it.
    """

    amount: Fraction
    quantity: Fraction
    included: Fraction
    billable: Fraction
    parts: tuple[TierPart, ...]
    steps: tuple[Step, ...]
    least: Fraction = ZERO
