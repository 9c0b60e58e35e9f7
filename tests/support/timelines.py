"""Timelines made by hand: instants as ``at(days)`` from one noon."""

from datetime import UTC, datetime, timedelta

from control_plane.kernel.calendar import Anchor, Interval, Period
from control_plane.kernel.ids import (
    AddonVersionId,
    ChangeId,
    PlanVersionId,
    SubscriptionId,
    new_id,
)
from control_plane.subscriptions.domain import (
    Action,
    BookAddon,
    Cancel,
    ChangePlan,
    Start,
    Timeline,
    new_timeline,
)

NOON = datetime(2026, 1, 10, 4, 0, tzinfo=UTC)
"""12:00 in Shanghai on 10 January 2026: day 0."""

SHANGHAI = "Asia/Shanghai"


def at(days: float) -> datetime:
    return NOON + timedelta(days=days)


def started(
    plan: PlanVersionId,
    day: float = 0,
    *,
    known: float | None = None,
    interval: Interval = Interval.MONTH,
) -> Timeline:
    start = Start(plan, "CNY", interval, Anchor(at(day), SHANGHAI, interval))
    return new_timeline(
        SubscriptionId(new_id()),
        ChangeId(new_id()),
        start,
        effective_at=at(day),
        known_at=at(day if known is None else known),
    )


def then(timeline: Timeline, action: Action, day: float, known: float | None = None) -> Timeline:
    """The timeline with one more action from ``day`` on, recorded at once or at ``known``."""
    return timeline.with_change(
        ChangeId(new_id()),
        action,
        effective_at=at(day),
        known_at=at(day if known is None else known),
    )


def changed(
    timeline: Timeline,
    plan: PlanVersionId,
    day: float,
    *,
    known: float | None = None,
    interval: Interval = Interval.MONTH,
) -> Timeline:
    return then(timeline, ChangePlan(plan, interval), day, known)


def booked(
    timeline: Timeline, addon: AddonVersionId, first: float, last: float, known: float | None = None
) -> Timeline:
    return then(timeline, BookAddon(addon, Period(at(first), at(last))), first, known)


def cancelled(timeline: Timeline, day: float, known: float | None = None) -> Timeline:
    return then(timeline, Cancel(), day, known)
