"""How a subscription stands at an instant, and what of its timeline still waits."""

from datetime import datetime
from typing import Any

from control_plane.catalog.domain import PlanVersion, Price
from control_plane.kernel.currency import Currency
from control_plane.subscriptions.domain import (
    Cancel,
    Change,
    ChangePlan,
    ChangeQuantity,
    Pause,
    Reactivate,
    Resume,
    Segment,
    SetTerms,
    Start,
    Timeline,
)

CAN_WAIT: tuple[type[Any], ...] = (
    Start,
    ChangePlan,
    ChangeQuantity,
    Pause,
    Resume,
    Cancel,
    SetTerms,
)
"""What can be scheduled, and taken back before it takes effect."""


def nearest(timeline: Timeline, at: datetime) -> Segment:
    """Return the stretch that holds at an instant, or else the nearest one there was or will be."""
    held = timeline.segment_at(at)
    if held is not None:
        return held
    if timeline.segments:
        return timeline.segments[-1 if at >= timeline.started_at else 0]
    # Cancelled at the very instant of its start: it never held a plan, but asked for one.
    return Timeline(timeline.subscription_id, timeline.changes[:1]).segments[0]


def effective_price(plan: PlanVersion, code: Currency, segment: Segment) -> Price:
    """Return what a stretch costs: the plan's price, with the terms negotiated for it."""
    price = plan.price(code, segment.interval, segment.count)
    return price if segment.terms is None else segment.terms.applied(price)


def waits(timeline: Timeline, change: Change, at: datetime) -> bool:
    """Tell whether a change is scheduled and still counts."""
    if change.effective_at <= at or not isinstance(change.action, CAN_WAIT):
        return False
    if isinstance(change.action, ChangePlan):
        return any(s.change_id == change.id for s in timeline.segments)
    if isinstance(change.action, Cancel):
        return timeline.ended_at == change.effective_at and _is_last(timeline, change, Cancel)
    later = (c for c in timeline.changes if c.seq > change.seq)
    return not any(_settles(other, change) for other in later) and _turns(timeline, change)


def _turns(timeline: Timeline, change: Change) -> bool:
    """Tell whether anything is another from the change on: what only took back is not."""
    if isinstance(change.action, Start):
        return True
    then = timeline.segment_at(change.effective_at)
    before = [s for s in timeline.segments if s.start < change.effective_at]
    return (
        then is not None
        and bool(before)
        and _property(before[-1], change) != _property(then, change)
    )


def _property(segment: Segment, change: Change) -> object:
    action = change.action
    if isinstance(action, ChangeQuantity):
        return segment.quantity(action.component)
    return segment.paused if isinstance(action, Pause | Resume) else segment.terms


def _is_last(timeline: Timeline, change: Change, kind: type[Any]) -> bool:
    return [c for c in timeline.changes if isinstance(c.action, kind)][-1].id == change.id


def _settles(later: Change, change: Change) -> bool:
    """Tell whether a later entry took the place of one that waits."""
    if isinstance(change.action, Start):
        return isinstance(later.action, Cancel) and later.effective_at <= change.effective_at
    if isinstance(later.action, Cancel | Reactivate):
        return isinstance(later.action, Cancel) and later.effective_at <= change.effective_at
    kinds: tuple[type[Any], ...] = (type(change.action),)
    if isinstance(change.action, Pause | Resume):
        kinds = (Pause, Resume)
    if isinstance(change.action, SetTerms):
        kinds = (SetTerms, ChangePlan)
    if not isinstance(later.action, kinds) or later.effective_at > change.effective_at:
        return False
    if isinstance(change.action, ChangeQuantity) and isinstance(later.action, ChangeQuantity):
        return change.action.component == later.action.component
    return True
