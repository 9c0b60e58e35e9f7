"""What a price recurs with: what a month of it costs when nothing at all is used.

That is what was agreed, not what was billed: the fees of the plan that holds, with quantities,
negotiated terms, price discounts, minimums and maximums; what usage charges cost without usage (a
minimum, a first tier's fee); and what a commitment comes to beyond these. Usage, add-ons, coupons
and credits are left out. The policies that say what a whole period costs hold here too: the order
of discount and maximum, the first tier's fee, a pause that is charged.

A period of another length counts by its share of a month: a year's fee as an exact twelfth, days
and weeks by the mean month of the calendar (146,097 days in 4,800 months).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from billing.domain.items import PolicyBook
from billing.domain.owing.states import priced
from billing.domain.pricing import price_fee, price_usage
from control_plane.catalog.domain import STANDARD, Charge, Commitment, PlanVersion, Price
from control_plane.catalog.policies import DEFAULTS, Pause, Policies
from control_plane.kernel.calendar import Interval
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import PlanVersionId
from control_plane.subscriptions.domain import Segment
from metering.domain.usage import Usage

MONTHS = {
    Interval.DAY: Fraction(4_800, 146_097),
    Interval.WEEK: Fraction(7 * 4_800, 146_097),
    Interval.MONTH: Fraction(1),
    Interval.QUARTER: Fraction(3),
    Interval.HALF_YEAR: Fraction(6),
    Interval.YEAR: Fraction(12),
}
"""How many months each interval is."""

_UNUSED = Usage(Decimal(0), events=0, amounts=())

TaxShare = Callable[[str, datetime], Fraction]
"""The rate (13 % is 13/100) at which a tax category was taxed just before an instant."""

ByCategory = Mapping[str, Fraction]
"""Minor units a month, exactly, by tax category."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A state of one subscription and what recurs in it; with ``inclusive``, tax is in it."""

    start: datetime
    end: datetime | None
    amounts: ByCategory
    inclusive: bool = False

    @property
    def pays(self) -> bool:
        """Whether anything recurs."""
        return any(self.amounts.values())

    def net(self, at: datetime, tax: TaxShare) -> Fraction:
        """Return what recurs before tax, by the rates that hold at an instant."""
        if not self.inclusive:
            return sum(self.amounts.values(), Fraction(0))
        parts = (gross / (1 + tax(category, at)) for category, gross in self.amounts.items())
        return sum(parts, Fraction(0))


def stretches(
    segments: Iterable[Segment],
    code: str,
    plans: Mapping[PlanVersionId, PlanVersion],
    policies: PolicyBook,
) -> tuple[Stretch, ...]:
    """Return what recurs in each segment of a timeline billed in the currency ``code``."""
    return tuple(_stretch(segment, code, plans, policies) for segment in segments)


def _stretch(
    segment: Segment,
    code: str,
    plans: Mapping[PlanVersionId, PlanVersion],
    book: PolicyBook,
) -> Stretch:
    price, policies = priced(segment, plans[segment.plan_version_id], currency(code), book)
    free = segment.trial or (segment.paused and policies.pause is Pause.CREDIT_UNUSED)
    amounts = {} if free else recurring(price, segment.quantities, policies)
    return Stretch(segment.start, segment.end, amounts, price.tax_inclusive)


def recurring(
    price: Price, quantities: Mapping[str, int], policies: Policies = DEFAULTS
) -> ByCategory:
    """Return what a price recurs with. A component that nobody counts counts once."""
    amounts: dict[str, Fraction] = {}
    for charge in price.charges:
        whole = _whole(charge, quantities, policies) * price.currency.minor_per_major
        monthly = whole / _months(charge, price)
        amounts[charge.tax_category] = amounts.get(charge.tax_category, Fraction(0)) + monthly
    if price.commitment is not None:
        committed = Fraction(price.commitment.amount.minor) / (MONTHS[price.interval] * price.count)
        _top_up(amounts, price.commitment, committed)
    return amounts


def _whole(charge: Charge, quantities: Mapping[str, int], policies: Policies) -> Fraction:
    """Return what one whole period of a charge costs without usage, in major units."""
    if charge.amount is None:
        return price_usage(charge, _UNUSED, Fraction(1), policies).amount
    held = 1 if charge.quantity is None else quantities.get(charge.quantity, 1)
    return price_fee(charge, Decimal(held), policies).amount


def _months(charge: Charge, price: Price) -> Fraction:
    own = charge.allowance_interval or charge.interval
    if own is None or own is price.interval:
        return MONTHS[price.interval] * price.count
    return MONTHS[own]


def _top_up(amounts: dict[str, Fraction], commitment: Commitment, committed: Fraction) -> None:
    """Add what a commitment (minor units a month) lacks, to the categories that it is taxed by."""
    known = sum(amounts.values(), Fraction(0))
    lacking = committed - known
    if lacking <= 0:
        return
    if commitment.tax_category is not None or not known:
        category = commitment.tax_category or STANDARD
        amounts[category] = amounts.get(category, Fraction(0)) + lacking
        return
    for category, amount in amounts.items():
        amounts[category] = amount + lacking * amount / known
