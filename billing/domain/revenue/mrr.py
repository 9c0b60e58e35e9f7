"""Monthly recurring revenue of a customer at an instant, and how it moved between two.

What recurs follows from timelines and prices (see `recurring`), before tax. A customer is rounded
once, over all its subscriptions in a currency, so that what opened and what moved add up to what
closed, exactly.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from billing.domain.revenue.recurring import Stretch, TaxShare
from control_plane.kernel.money import round_half_away


class Movement(StrEnum):
    """Why a customer's recurring revenue is not what it was."""

    NEW = "new"
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"
    REACTIVATION = "reactivation"


@dataclass(frozen=True, slots=True)
class Standing:
    """What recurs of a customer at an instant, in minor units a month.

    ``alive`` says that a subscription is there, though it may recur with nothing: a pause, a
    trial. ``paid_before`` says that something recurred at an earlier time.
    """

    monthly: int
    alive: bool
    paid_before: bool


@dataclass(frozen=True, slots=True)
class Flow:
    """A month: opening + new + expansion + reactivation - contraction - churn = closing.

    All in minor units; contraction and churn are positive here. Whoever expands, contracts or
    churns paid at the opening, so the retentions follow from these sums.
    """

    opening: int
    moved: Mapping[Movement, int]
    closing: int

    @property
    def net_retention(self) -> Fraction | None:
        """What the customers of the opening recur with now, to what they did; None from nothing."""
        if not self.opening:
            return None
        lost = self.moved[Movement.CONTRACTION] + self.moved[Movement.CHURN]
        return Fraction(self.opening + self.moved[Movement.EXPANSION] - lost, self.opening)

    @property
    def gross_retention(self) -> Fraction | None:
        """As net retention, without what grew."""
        if not self.opening:
            return None
        lost = self.moved[Movement.CONTRACTION] + self.moved[Movement.CHURN]
        return Fraction(self.opening - lost, self.opening)


def untaxed(_category: str, _at: datetime) -> Fraction:
    """Return no tax, as of an entity that charges none."""
    return Fraction(0)


def standing(held: Sequence[Stretch], at: datetime, tax: TaxShare = untaxed) -> Standing:
    """Return a customer's standing just before ``at``; rounded once, over its subscriptions."""
    now = [s for s in held if s.start < at and (s.end is None or at <= s.end)]
    return Standing(
        monthly=round_half_away(sum((s.net(at, tax) for s in now), Fraction(0))),
        alive=bool(now),
        paid_before=any(s.pays and s.start < at for s in held),
    )


def movement(before: Standing, after: Standing) -> tuple[Movement, int] | None:
    """Say how one customer moved between two instants, and by how much; None if not at all.

    Who paid nothing at the first is new, or, having paid at an earlier time, reactivated: it had
    left, or paused. Who is still there though it pays nothing has contracted, who is gone churned.
    """
    change = after.monthly - before.monthly
    if change == 0:
        return None
    if change < 0:
        left = after.monthly == 0 and not after.alive
        return (Movement.CHURN if left else Movement.CONTRACTION), -change
    if before.monthly:
        return Movement.EXPANSION, change
    return (Movement.REACTIVATION if before.paid_before else Movement.NEW), change


def flow(customers: Iterable[tuple[Standing, Standing]]) -> Flow:
    """Add up the customers of one currency over one month, each by (before, after)."""
    moved = dict.fromkeys(Movement, 0)
    opening = closing = 0
    for before, after in customers:
        opening += before.monthly
        closing += after.monthly
        if (found := movement(before, after)) is not None:
            moved[found[0]] += found[1]
    return Flow(opening, moved, closing)
