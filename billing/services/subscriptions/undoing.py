"""Taking back what is scheduled: the timeline keeps both the plan and its taking back."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from billing.domain.life.errors import NotScheduled
from billing.domain.life.requests import UndoWanted
from billing.domain.life.standing import waits
from billing.services.subscriptions.desk import Desk, Proposal, lengthened, require_free, timing_of
from billing.services.subscriptions.planning import scheduled_plans
from control_plane.kernel.calendar import instant_text
from control_plane.kernel.ids import format_id
from control_plane.subscriptions.domain import (
    Action,
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

Entries = list[tuple[Action, datetime]]


def propose_undo(desk: Desk, timeline: Timeline, wanted: UndoWanted) -> Proposal:
    """Lay out the opposite of a change that waits.

    Raises:
        NotScheduled: it has taken effect, was overtaken, or never was.
        ModuleAlreadySubscribed: another subscription covers by then what would be held again.
    """
    change = next((c for c in timeline.changes if c.id == wanted.change), None)
    opposite = None if change is None else _OPPOSITES.get(type(change.action))
    if change is None or opposite is None or not waits(timeline, change, desk.at):
        raise NotScheduled(change_id=format_id("chg", wanted.change))
    entries = opposite(desk, timeline, change)
    effective_at = entries[0][1]
    facts: dict[str, object] = {
        "kind": "undo",
        "subscription": format_id("sub", timeline.subscription_id),
        "entries": len(timeline.changes),
        "change": format_id("chg", change.id),
        "effective_at": instant_text(effective_at),
    }
    longer = lengthened(timeline, entries, desk.at)
    require_free(desk, longer)
    timing = timing_of(effective_at, desk.at, timeline.segment_at(desk.at))
    return Proposal(timeline, longer, effective_at, timing, facts)


def _plan(desk: Desk, timeline: Timeline, change: Change) -> Entries:
    """Say the present plan again from now on, and what else was scheduled after it."""
    now = max(desk.at, timeline.started_at)
    held = _before(timeline, now)
    again = ChangePlan(
        plan_version_id=held.plan_version_id,
        interval=held.interval,
        count=held.count,
        keep_anchor=True,
        reason="migration",  # the same plan goes on, and so do its terms
    )
    kept = scheduled_plans(timeline, now, besides=change.id)
    return [(again, now), *kept]


def _quantity(desk: Desk, timeline: Timeline, change: Change) -> Entries:
    del desk
    action: Any = change.action
    held = _before(timeline, change.effective_at, strictly=True)
    return [
        (
            ChangeQuantity(action.component, held.quantity(action.component)),
            change.effective_at,
        )
    ]


def _resume(desk: Desk, timeline: Timeline, change: Change) -> Entries:
    del desk, timeline
    return [(Resume(), change.effective_at)]


def _pause(desk: Desk, timeline: Timeline, change: Change) -> Entries:
    del desk, timeline
    return [(Pause(), change.effective_at)]


def _cancel(desk: Desk, timeline: Timeline, change: Change) -> Entries:
    del timeline, change
    return [(Reactivate(), desk.at)]


def _start(desk: Desk, timeline: Timeline, change: Change) -> Entries:
    del desk, timeline
    return [(Cancel(), change.effective_at)]


def _terms(desk: Desk, timeline: Timeline, change: Change) -> Entries:
    del desk
    held = _before(timeline, change.effective_at, strictly=True)
    return [(SetTerms(held.terms), change.effective_at)]


def _before(timeline: Timeline, at: datetime, *, strictly: bool = False) -> Segment:
    """Return the stretch that holds at an instant, or the one just before it."""
    if strictly:
        return [s for s in timeline.segments if s.start < at][-1]
    return timeline.segment_at(at) or timeline.segments[0]


_OPPOSITES: dict[type[Any], Callable[[Desk, Timeline, Change], Entries]] = {
    Start: _start,
    ChangePlan: _plan,
    ChangeQuantity: _quantity,
    Pause: _resume,
    Resume: _pause,
    Cancel: _cancel,
    SetTerms: _terms,
}
