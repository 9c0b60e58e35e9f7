"""Monthly recurring revenue from timelines and prices alone: what was agreed, not what was billed.

It counts the fees of the plan that holds, with their quantities and negotiated terms; usage and
add-ons do not recur and are left out, and so are coupons and credits. A period of another length
counts by its share of a month: a year's fee as an exact twelfth, days and weeks by the mean month
of the calendar (146,097 days in 4,800 months). A trial recurs with nothing yet; so does a pause.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from billing.domain.pricing import price_fee
from control_plane.catalog.domain import PlanVersion, Price
from control_plane.catalog.policies import DEFAULTS, Policies
from control_plane.kernel.calendar import Interval
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import PlanVersionId
from control_plane.kernel.money import round_half_away
from control_plane.subscriptions.domain import Segment

_MONTHS = {
    Interval.DAY: Fraction(4_800, 146_097),
    Interval.WEEK: Fraction(7 * 4_800, 146_097),
    Interval.MONTH: Fraction(1),
    Interval.QUARTER: Fraction(3),
    Interval.HALF_YEAR: Fraction(6),
    Interval.YEAR: Fraction(12),
}


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

    All in minor units; contraction and churn are positive here.
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


def recurring(
    price: Price, quantities: Mapping[str, int], policies: Policies = DEFAULTS
) -> Fraction:
    """Return the fees of a price in minor units a month, exactly, as `price_fee` prices them.

    A component that nobody counts counts once.
    """
    total = Fraction(0)
    for charge in price.charges:
        if charge.amount is None:
            continue
        held = 1 if charge.quantity is None else quantities.get(charge.quantity, 1)
        fee = price_fee(charge, Decimal(held), policies).amount * price.currency.minor_per_major
        own = charge.interval is not None and charge.interval is not price.interval
        total += fee / (_MONTHS[charge.interval] if own and charge.interval else _of(price))
    return total


def _of(price: Price) -> Fraction:
    return _MONTHS[price.interval] * price.count


@dataclass(frozen=True, slots=True)
class Stretch:
    """A state of one subscription and what recurs in it, exactly, in minor units a month."""

    start: datetime
    end: datetime | None
    monthly: Fraction


def stretches(
    segments: Iterable[Segment], code: str, plans: Mapping[PlanVersionId, PlanVersion]
) -> tuple[Stretch, ...]:
    """Return what recurs in each segment of a timeline billed in the currency ``code``."""
    return tuple(Stretch(s.start, s.end, _monthly(s, code, plans)) for s in segments)


def _monthly(segment: Segment, code: str, plans: Mapping[PlanVersionId, PlanVersion]) -> Fraction:
    if segment.paused or segment.trial:
        return Fraction(0)
    plan = plans[segment.plan_version_id]
    price = plan.price(currency(code), segment.interval, segment.count)
    if segment.terms is not None:
        price = segment.terms.applied(price)
    return recurring(price, segment.quantities, DEFAULTS.over(plan.policies, price.policies))


def standing(held: Sequence[Stretch], at: datetime) -> Standing:
    """Return a customer's standing just before ``at``; rounded once, over its subscriptions."""
    now = [s for s in held if s.start < at and (s.end is None or at <= s.end)]
    return Standing(
        monthly=round_half_away(sum((s.monthly for s in now), Fraction(0))),
        alive=bool(now),
        paid_before=any(s.monthly and s.start < at for s in held),
    )


def movement(before: Standing, after: Standing) -> tuple[Movement, int] | None:
    """Say how one customer moved between two instants, and by how much; None if not at all.

    A customer that never recurred before is new. One that is still there with nothing, paused,
    has contracted, and expands when it goes on; one that left has churned, and reactivates.
    """
    change = after.monthly - before.monthly
    if change == 0:
        return None
    if change < 0:
        left = after.monthly == 0 and not after.alive
        return (Movement.CHURN if left else Movement.CONTRACTION), -change
    if before.monthly or (before.alive and before.paid_before):
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
