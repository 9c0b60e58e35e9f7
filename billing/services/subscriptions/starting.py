"""How a subscription starts: now, ahead or in the past; with a trial; at whose pace."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from billing.changing import require_free_modules
from billing.domain.life.errors import ComponentUnknown
from billing.domain.life.negotiating import require_fitting
from billing.domain.life.requests import Alignment, StartWanted
from billing.errors import CurrencyNotOffered
from billing.services.subscriptions.desk import Desk, Proposal, timing_of
from control_plane.catalog.domain import PlanVersion, Price
from control_plane.catalog.policies import AmbiguousTime, GapTime, Policies
from control_plane.kernel.calendar import (
    Anchor,
    Interval,
    instant_text,
    local_date,
    local_day_start,
)
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import ChangeId, SubscriptionId, new_id
from control_plane.subscriptions.action_codec import action_details
from control_plane.subscriptions.domain import Start, Timeline, new_timeline
from control_plane.subscriptions.errors import QuantityInvalid

MOST = 1_000_000
"""The greatest quantity; none of a component is a quantity too."""

_MONTHS = {Interval.MONTH: 1, Interval.QUARTER: 3, Interval.HALF_YEAR: 6, Interval.YEAR: 12}


def propose_start(desk: Desk, wanted: StartWanted) -> Proposal:
    """Lay out a new subscription.

    Raises:
        PlanNotFound, PriceNotFound, CurrencyNotOffered: it is not on sale so.
        ModuleAlreadySubscribed: another subscription covers one of its modules.
        BackDated, VendorOnly: only the vendor may give that.
        ComponentUnknown, QuantityInvalid: the quantities are not this plan's.
        TermsInvalid: the terms do not fit its price.
    """
    organisation = desk.books.organisation
    if wanted.currency_code not in {None, organisation.currency}:
        raise CurrencyNotOffered(
            expected=organisation.currency, currency=wanted.currency_code, field="currency"
        )
    plan = desk.plan(wanted.plan_code, wanted.plan_version)
    price = plan.price(currency(organisation.currency), wanted.interval, wanted.count)
    at = desk.at
    if wanted.starts_at is not None:
        at = desk.not_before(wanted.starts_at, name="starts_at")
    require_free_modules(desk.books, plan, at, None)
    if wanted.terms is not None:
        desk.require_vendor("terms")
        require_fitting(wanted.terms, price, desk.catalog.features)
    trial_end = _trial_end(desk, wanted, plan, at)
    start = Start(
        plan_version_id=plan.id,
        currency=organisation.currency,
        interval=wanted.interval,
        anchor=_anchor(
            wanted, trial_end or at, organisation.zone, desk.policies(plan, price.policies)
        ),
        trial_end=trial_end,
        quantities=quantities_of(price, wanted.quantities),
        terms=wanted.terms,
        aligned=wanted.alignment is Alignment.CALENDAR,
    )
    timeline = new_timeline(
        SubscriptionId(new_id()), ChangeId(new_id()), start, effective_at=at, known_at=desk.at
    )
    return Proposal(None, timeline, at, timing_of(at, desk.at, None), _facts(timeline))


def _facts(timeline: Timeline) -> dict[str, object]:
    """Return what a confirmation must find again: everything that the start says."""
    start = timeline.start
    return {
        "kind": "start",
        "plan": str(start.plan_version_id),
        "at": instant_text(timeline.started_at),
        **action_details(start),
    }


def quantities_of(price: Price, wanted: Mapping[str, int]) -> dict[str, int]:
    """Return how many of each component of a price are wanted, one where nothing is said.

    Raises:
        ComponentUnknown: the price has no such component.
        QuantityInvalid: a quantity is out of bounds.
    """
    for component, quantity in wanted.items():
        require_quantity(price, component, quantity)
    return {component: wanted.get(component, 1) for component in price.components}


def require_quantity(price: Price, component: str, quantity: int) -> None:
    """Refuse what a price cannot be multiplied by.

    Raises:
        ComponentUnknown: the price has no such component.
        QuantityInvalid: the quantity is out of bounds.
    """
    if component not in price.components:
        known = ", ".join(price.components) or "–"  # noqa: RUF001 - a dash for none
        raise ComponentUnknown(component=component, known=known, field="component")
    if not 0 <= quantity <= MOST:
        raise QuantityInvalid(quantity=quantity, component=component, field="quantity")


def _trial_end(desk: Desk, wanted: StartWanted, plan: PlanVersion, at: datetime) -> datetime | None:
    if wanted.trial_end is not None:
        desk.require_vendor("trial_end")
        return wanted.trial_end if wanted.trial_end > at else None
    if not wanted.trial or plan.trial_days < 1 or _had(desk, plan):
        return None
    zone = desk.books.organisation.zone
    return Anchor(at=at, zone=zone, interval=Interval.DAY, count=plan.trial_days).boundary(1)


def _had(desk: Desk, plan: PlanVersion) -> bool:
    """Tell whether the organisation ever had this plan: a trial is given once."""
    known = desk.books.versions.plans
    return any(
        known[segment.plan_version_id].code == plan.code
        for timeline in desk.books.timelines
        for segment in timeline.segments
    )


def _anchor(wanted: StartWanted, first: datetime, zone: str, policies: Policies) -> Anchor:
    """Count periods from the first paid instant, or from the calendar's own boundary before it."""
    at = first
    if wanted.alignment is Alignment.CALENDAR:
        at = local_day_start(_aligned(local_date(first, zone), wanted.interval), zone)
    return Anchor(
        at=at,
        zone=zone,
        interval=wanted.interval,
        count=wanted.count,
        second=policies.ambiguous_time is AmbiguousTime.SECOND,
        backward=policies.gap_time is GapTime.BACKWARD,
    )


def _aligned(day: date, interval: Interval) -> date:
    """Return the first day of the calendar's period: Monday, the 1st, a quarter's, the year's."""
    if interval is Interval.DAY:
        return day
    if interval is Interval.WEEK:
        return day - timedelta(days=day.weekday())
    months = _MONTHS[interval]
    return date(day.year, (day.month - 1) // months * months + 1, 1)
