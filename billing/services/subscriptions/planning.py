"""How a plan changes: to another plan, interval or version; now, with the period, on a date."""

from datetime import datetime

from billing.changing import require_free_modules, require_going_on
from billing.domain.change_rule import any_grant_rises
from billing.domain.life.fees import daily_fees
from billing.domain.life.requests import Moment, PlanWanted
from billing.domain.life.timing import ChangeTiming, Comparison, plan_change_timing
from billing.errors import SamePlan
from billing.services.subscriptions.desk import (
    Desk,
    Proposal,
    lengthened,
    period_end,
    timing_of,
)
from control_plane.catalog.domain import PlanVersion, Price
from control_plane.catalog.policies import IntervalChange
from control_plane.kernel.calendar import Interval, instant_text
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import format_id
from control_plane.subscriptions.domain import Action, ChangePlan, Segment, Timeline


def propose_plan(desk: Desk, timeline: Timeline, wanted: PlanWanted) -> Proposal:
    """Lay out a plan change.

    Raises:
        SubscriptionEnding: there is nothing to change.
        PlanNotFound, PriceNotFound: the plan is not on sale so.
        SamePlan: it already holds, with nothing else scheduled.
        ModuleAlreadySubscribed: another subscription covers one of its modules.
        BackDated: a customer asks for the past.
    """
    segment = require_going_on(timeline, _held_at(desk, timeline, wanted))
    before, after = desk.version(segment), desk.plan(wanted.plan_code, wanted.plan_version)
    interval, count = wanted_interval(wanted, segment)
    code = currency(timeline.currency)
    price = after.price(code, interval, count)
    same = (after.id, interval, count) == (before.id, segment.interval, segment.count)
    if same and not scheduled_plans(timeline, desk.at):
        raise SamePlan(plan_code=after.code, interval=interval.value, field="plan_code")
    effective_at = _effective_at(desk, timeline, wanted, segment, after, price)
    require_free_modules(desk.books, after, effective_at, timeline.subscription_id)
    action = ChangePlan(
        plan_version_id=after.id,
        interval=interval,
        count=count,
        keep_anchor=_keeps_anchor(desk, wanted, after, price),
        reason="migration" if wanted.migration else "change",
    )
    entries: list[tuple[Action, datetime]] = [(action, effective_at)]
    if wanted.migration:
        entries += scheduled_plans(timeline, effective_at)
    facts: dict[str, object] = {
        "kind": "change_plan",
        "subscription": format_id("sub", timeline.subscription_id),
        "entries": len(timeline.changes),
        "plan": str(after.id),
        "interval": interval.value,
        "count": count,
        "keep_anchor": action.keep_anchor,
        "effective_at": instant_text(effective_at),
        "projection": None if desk.projection is None else desk.projection.inputs(),
    }
    longer = lengthened(timeline, entries, desk.at)
    return Proposal(
        timeline, longer, effective_at, timing_of(effective_at, desk.at, segment), facts
    )


def wanted_interval(wanted: PlanWanted, segment: Segment) -> tuple[Interval, int]:
    """Return the billing interval asked for, the present one where nothing is said."""
    interval = wanted.interval or segment.interval
    same = interval == segment.interval
    return interval, wanted.count or (segment.count if same else 1)


def scheduled_plans(
    timeline: Timeline, after: datetime, *, besides: object = None
) -> list[tuple[Action, datetime]]:
    """Return the plan changes that wait beyond an instant: a newer one would take them away."""
    return [
        (change.action, change.effective_at)
        for change in timeline.changes
        if isinstance(change.action, ChangePlan)
        and change.effective_at > after
        and change.id != besides
        and any(s.change_id == change.id for s in timeline.segments)
    ]


def compare(
    desk: Desk, timeline: Timeline, segment: Segment, after: PlanVersion, price: Price
) -> Comparison:
    """Put the plan that holds and the one asked for side by side."""
    projection, before = desk.projection, desk.version(segment)
    return Comparison(
        limit_rises=any_grant_rises(before.grants, after.grants),
        limit_falls=any_grant_rises(after.grants, before.grants),
        daily_before=daily_fees(desk.held(timeline, segment), desk.at),
        daily_after=daily_fees(desk.hold(after, price, segment), desk.at),
        projected_before=None if projection is None else projection.before.exact,
        projected_after=None if projection is None else projection.after.exact,
    )


def _held_at(desk: Desk, timeline: Timeline, wanted: PlanWanted) -> datetime:
    """Return when to look for the plan that is changed: in the past for a back-dated change."""
    if isinstance(wanted.when, datetime):
        return min(desk.not_before(wanted.when), max(desk.at, timeline.started_at))
    return max(desk.at, timeline.started_at)


def _effective_at(
    desk: Desk,
    timeline: Timeline,
    wanted: PlanWanted,
    segment: Segment,
    after: PlanVersion,
    price: Price,
) -> datetime:
    if isinstance(wanted.when, datetime) or wanted.when is not Moment.BY_RULE:
        return max(desk.instant(wanted.when, segment), segment.start)
    found = compare(desk, timeline, segment, after, price)
    policy = desk.policies(after, price.policies).plan_change_timing.value
    if plan_change_timing(policy, found) is ChangeTiming.AT_ONCE:
        return max(desk.at, segment.start)
    return max(period_end(segment, desk.at), segment.start)


def _keeps_anchor(desk: Desk, wanted: PlanWanted, after: PlanVersion, price: Price) -> bool:
    if wanted.keep_anchor is not None:
        return wanted.keep_anchor
    return desk.policies(after, price.policies).interval_change is IntervalChange.KEEP_ANCHOR
