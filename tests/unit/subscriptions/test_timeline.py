"""A timeline answers for any moment, and a change recorded later wins from its instant on."""

import pytest

from control_plane.kernel.calendar import Interval, Period
from control_plane.kernel.ids import AddonVersionId, ChangeId, PlanVersionId, new_id
from control_plane.subscriptions.domain import Cancel, Status, Timeline
from control_plane.subscriptions.errors import (
    AlreadyStarted,
    ChangeBeforeStart,
    SubscriptionEnded,
)
from tests.support.timelines import at, booked, cancelled, changed, started, then

GROWTH, SCALE, STARTER = (PlanVersionId(new_id()) for _ in range(3))
PEAK = AddonVersionId(new_id())


def plans(timeline: Timeline, start: float, end: float):
    return [
        (piece.start, piece.end, plan)
        for piece, plan in timeline.plan_segments(Period(at(start), at(end)))
    ]


def test_before_its_start_a_subscription_is_scheduled_and_holds_no_plan():
    timeline = started(GROWTH, day=3, known=0)

    assert timeline.status_at(at(2)) is Status.SCHEDULED
    assert timeline.plan_at(at(2)) is None
    assert timeline.status_at(at(3)) is Status.ACTIVE
    assert timeline.plan_at(at(3)) == GROWTH


def test_from_the_instant_of_a_change_the_new_plan_holds():
    timeline = changed(started(GROWTH), SCALE, 10)

    assert timeline.plan_at(at(9.999)) == GROWTH
    assert timeline.plan_at(at(10)) == SCALE
    assert plans(timeline, 0, 30) == [(at(0), at(10), GROWTH), (at(10), at(30), SCALE)]


def test_an_upgrade_takes_away_the_downgrade_that_was_scheduled_after_it():
    timeline = changed(started(GROWTH), STARTER, 31, known=5)
    assert timeline.plan_at(at(40)) == STARTER

    timeline = changed(timeline, SCALE, 10)

    assert timeline.plan_at(at(40)) == SCALE
    assert len(timeline.segments) == 2


def test_a_change_scheduled_later_leaves_what_comes_before_it():
    timeline = changed(started(GROWTH), SCALE, 10)
    timeline = changed(timeline, STARTER, 31, known=12)

    assert plans(timeline, 0, 60) == [
        (at(0), at(10), GROWTH),
        (at(10), at(31), SCALE),
        (at(31), at(60), STARTER),
    ]


def test_a_change_at_the_very_start_replaces_the_first_plan():
    timeline = changed(started(GROWTH), SCALE, 0)

    assert plans(timeline, 0, 5) == [(at(0), at(5), SCALE)]


def test_the_end_belongs_to_no_plan():
    timeline = cancelled(started(GROWTH), 31, known=20)

    assert timeline.ended_at == at(31)
    assert timeline.status_at(at(30.999)) is Status.ACTIVE
    assert timeline.status_at(at(31)) is Status.ENDED
    assert timeline.plan_at(at(31)) is None
    assert plans(timeline, 20, 60) == [(at(20), at(31), GROWTH)]


def test_a_second_cancellation_may_bring_the_end_forward_but_not_back():
    timeline = cancelled(started(GROWTH), 31, known=20)

    assert cancelled(timeline, 25).ended_at == at(25)
    with pytest.raises(SubscriptionEnded):
        cancelled(timeline, 40)


def test_a_scheduled_change_at_the_end_never_happens():
    timeline = changed(started(GROWTH), STARTER, 31, known=5)
    timeline = cancelled(timeline, 31, known=6)

    assert [s.plan_version_id for s in timeline.segments] == [GROWTH]


def test_nothing_changes_before_the_start_or_from_the_end_on():
    timeline = cancelled(started(GROWTH, day=2), 31)

    with pytest.raises(ChangeBeforeStart, match="2026-01-12T04:00:00Z") as caught:
        changed(timeline, SCALE, 1)
    assert caught.value.field == "effective_at"
    with pytest.raises(SubscriptionEnded):
        changed(timeline, SCALE, 31)
    with pytest.raises(AlreadyStarted):
        then(timeline, timeline.start, 3)


def test_bookings_keep_their_window_as_it_was_booked():
    timeline = cancelled(booked(started(GROWTH), PEAK, 20, 40, known=1), 31, known=2)

    (booking,) = timeline.addon_bookings()
    assert booking.window == Period(at(20), at(40))
    assert (booking.addon_version_id, booking.known_at) == (PEAK, at(1))


def test_the_same_interval_keeps_the_anchor_and_another_restarts_it():
    timeline = changed(started(GROWTH), SCALE, 10)
    assert timeline.segments[1].anchor == timeline.anchor

    timeline = changed(timeline, SCALE, 20, interval=Interval.YEAR)

    assert timeline.segments[2].interval is Interval.YEAR
    assert timeline.segments[2].anchor.at == at(20)
    assert timeline.segments[2].anchor.zone == timeline.anchor.zone
    assert timeline.start.interval is Interval.MONTH


def test_a_plan_change_that_returns_to_a_replaced_interval_takes_the_anchor_then_in_force():
    yearly = changed(started(GROWTH), SCALE, 20, interval=Interval.YEAR)
    again = changed(yearly, GROWTH, 30, interval=Interval.YEAR)

    assert again.segments[2].anchor.at == at(20)


def test_the_past_can_be_asked_as_it_was_known_then():
    timeline = changed(started(GROWTH), STARTER, 31, known=5)
    timeline = cancelled(timeline, 20)

    assert timeline.known_by(at(-1)) is None
    assert timeline.known_by(at(4)).plan_at(at(40)) == GROWTH
    assert timeline.known_by(at(5)).plan_at(at(40)) == STARTER
    assert timeline.known_by(at(20)).plan_at(at(40)) is None


def test_changes_are_numbered_in_the_order_of_recording():
    timeline = cancelled(changed(started(GROWTH), SCALE, 10), 31)

    assert [change.seq for change in timeline.changes] == [1, 2, 3]


def test_a_timeline_without_a_start_is_a_defect_and_says_so():
    whole = cancelled(started(GROWTH), 31)
    headless = Timeline(whole.subscription_id, whole.changes[1:])

    with pytest.raises(TypeError, match="does not begin with a start"):
        _ = headless.currency


def test_a_change_belongs_to_its_subscription():
    timeline = started(GROWTH)

    longer = timeline.with_change(ChangeId(new_id()), Cancel(), effective_at=at(3), known_at=at(1))

    assert longer.changes[-1].subscription_id == timeline.subscription_id
    assert timeline.ended_at is None
