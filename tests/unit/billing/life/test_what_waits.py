"""What of a timeline is scheduled, and what an undoing leaves of it."""

from datetime import UTC, datetime, timedelta

from billing.domain.life.standing import waits
from control_plane.kernel.calendar import Anchor, Interval
from control_plane.kernel.ids import ChangeId, PlanVersionId, SubscriptionId, new_id
from control_plane.subscriptions.domain import (
    Cancel,
    ChangePlan,
    ChangeQuantity,
    Pause,
    Reactivate,
    Resume,
    Start,
    new_timeline,
)

AT = datetime(2026, 4, 1, tzinfo=UTC)
LATER = AT + timedelta(days=19)
PLAN = PlanVersionId(new_id())


def timeline(*entries):
    start = Start(PLAN, "CNY", Interval.MONTH, Anchor(AT, "UTC", Interval.MONTH))
    laid = new_timeline(
        SubscriptionId(new_id()), ChangeId(new_id()), start, effective_at=AT, known_at=AT
    )
    for action, at in entries:
        laid = laid.with_change(ChangeId(new_id()), action, effective_at=at, known_at=AT)
    return laid


def waiting(*entries):
    laid = timeline(*entries)
    return [type(c.action).__name__ for c in laid.changes if waits(laid, c, AT)]


def test_what_is_ahead_waits_and_what_holds_does_not():
    assert waiting((ChangeQuantity("seats", 3), LATER), (Pause(), AT)) == ["ChangeQuantity"]


def test_what_was_taken_back_waits_no_more_and_neither_does_the_taking_back():
    assert waiting((ChangeQuantity("seats", 3), LATER), (ChangeQuantity("seats", 1), LATER)) == []
    assert waiting((Pause(), LATER), (Resume(), LATER)) == []
    assert waiting((Cancel(), LATER), (Reactivate(), AT)) == []


def test_a_later_decision_takes_an_earlier_ones_place():
    other = ChangePlan(PlanVersionId(new_id()), Interval.MONTH)
    assert waiting((other, LATER), (other, LATER)) == ["ChangePlan"]
    assert waiting((Cancel(), LATER), (Cancel(), AT + timedelta(days=3))) == ["Cancel"]


def test_other_components_keep_waiting():
    both = waiting((ChangeQuantity("seats", 3), LATER), (ChangeQuantity("trucks", 2), LATER))
    assert both == ["ChangeQuantity", "ChangeQuantity"]
