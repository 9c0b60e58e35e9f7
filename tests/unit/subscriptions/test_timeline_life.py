"""Trials, pauses, quantities, terms, bookings and second lives, as a timeline tells of them."""

from dataclasses import replace
from decimal import Decimal

import pytest

from control_plane.catalog.domain import Commitment, Tier
from control_plane.kernel.calendar import Anchor, Interval, Period
from control_plane.kernel.currency import CURRENCIES
from control_plane.kernel.ids import AddonVersionId, ChangeId, PlanVersionId, TenantId, new_id
from control_plane.kernel.money import Money
from control_plane.subscriptions.codec import action_kind, change_from_row, change_row
from control_plane.subscriptions.domain import (
    BookAddon,
    Cancel,
    CancelBooking,
    ChangeBooking,
    ChangePlan,
    ChangeQuantity,
    ChargeTerms,
    ExtendTrial,
    Pause,
    Reactivate,
    Resume,
    SetTerms,
    Status,
    Terms,
    Timeline,
    new_timeline,
)
from control_plane.subscriptions.errors import (
    AlreadyPaused,
    BookingNotFound,
    BookingOver,
    ChangeBeforeStart,
    IntervalCountInvalid,
    NotCancelled,
    NotPaused,
    NoTrial,
    QuantityInvalid,
    SubscriptionEnded,
    TrialEndInvalid,
    WindowInvalid,
)
from tests.support.timelines import SHANGHAI, at, changed, started, then

GROWTH, SCALE = (PlanVersionId(new_id()) for _ in range(2))
PEAK = AddonVersionId(new_id())
CNY = CURRENCIES["CNY"]
CHEAP = Terms({"base": ChargeTerms(amount=Money(100, CNY))}, reason="pilot", end=at(40))


def on_trial(days: float, *, aligned: bool = False) -> Timeline:
    plain = started(GROWTH)
    start = replace(plain.start, trial_end=at(days), aligned=aligned)
    return new_timeline(
        plain.subscription_id, ChangeId(new_id()), start, effective_at=at(0), known_at=at(0)
    )


def booked(timeline: Timeline, first: float, last: float, day: float = 0) -> Timeline:
    return then(timeline, BookAddon(PEAK, Period(at(first), at(last))), day)


# Trials


def test_the_first_period_starts_where_the_trial_ends():
    timeline = on_trial(14)

    trial, paid = timeline.segments
    assert (trial.trial, trial.end, paid.trial) == (True, at(14), False)
    assert paid.anchor == Anchor(at(14), SHANGHAI, Interval.MONTH)


def test_an_aligned_start_keeps_its_boundaries_through_the_trial():
    timeline = on_trial(14, aligned=True)

    assert timeline.segments[1].anchor == timeline.anchor


def test_a_trial_extended_across_a_month_end_moves_the_first_period():
    timeline = then(on_trial(14), ExtendTrial(at(30)), 10)

    assert timeline.trial_end == at(30)
    assert timeline.segments[1].anchor.at == at(30)


def test_a_trial_can_end_at_once():
    timeline = then(on_trial(14), ExtendTrial(at(3)), 3)

    assert [s.start for s in timeline.segments] == [at(0), at(3)]


def test_another_interval_chosen_in_the_trial_counts_from_its_end():
    timeline = changed(on_trial(14), SCALE, 5, interval=Interval.YEAR)

    assert timeline.segments[-1].anchor == Anchor(at(14), SHANGHAI, Interval.YEAR)


@pytest.mark.parametrize(
    ("timeline", "until", "refusal"),
    [
        (on_trial(14), 4, TrialEndInvalid),
        (on_trial(3), 9, NoTrial),
        (started(GROWTH), 9, NoTrial),
    ],
)
def test_a_trial_that_is_over_is_not_extended_nor_ended_in_the_past(timeline, until, refusal):
    with pytest.raises(refusal):
        then(timeline, ExtendTrial(at(until)), 5)


def test_a_trial_does_not_end_before_it_starts():
    with pytest.raises(TrialEndInvalid):
        on_trial(-1)


# Pauses


def test_a_pause_keeps_the_anchor_and_the_plan():
    timeline = then(then(started(GROWTH), Pause(), 10), Resume(), 45)

    assert [s.paused for s in timeline.segments] == [False, True, False]
    assert {s.anchor for s in timeline.segments} == {timeline.anchor}


def test_resuming_before_a_scheduled_pause_takes_it_back():
    timeline = then(started(GROWTH), Pause(), 20, known=1)

    assert not then(timeline, Resume(), 5).segment_at(at(30)).paused


def test_pausing_twice_and_resuming_what_runs_are_refused():
    paused = then(started(GROWTH), Pause(), 10)

    with pytest.raises(AlreadyPaused):
        then(paused, Pause(), 12)
    with pytest.raises(NotPaused):
        then(started(GROWTH), Resume(), 12)


# Quantities and terms


def test_quantities_hold_from_their_instant_and_count_as_one_when_nobody_counts():
    timeline = then(started(GROWTH), ChangeQuantity("seats", 5), 10)

    first, second = timeline.segments
    assert (first.quantity("seats"), second.quantity("seats")) == (1, 5)
    assert second.quantity(None) == 1


def test_a_quantity_recorded_later_takes_away_what_was_scheduled():
    timeline = then(started(GROWTH), ChangeQuantity("seats", 9), 20, known=1)
    timeline = then(timeline, ChangeQuantity("seats", 2), 10)

    assert timeline.segment_at(at(30)).quantity("seats") == 2


def test_a_negative_quantity_and_a_period_of_no_interval_are_refused():
    with pytest.raises(QuantityInvalid, match="-1"):
        then(started(GROWTH), ChangeQuantity("seats", -1), 1)
    with pytest.raises(IntervalCountInvalid):
        then(started(GROWTH), ChangePlan(SCALE, Interval.MONTH, count=0), 1)


def test_terms_hold_until_their_end():
    timeline = then(started(GROWTH), SetTerms(CHEAP), 10)

    assert [s.terms for s in timeline.segments] == [None, CHEAP, None]
    assert timeline.segments[2].start == at(40)


def test_terms_end_with_the_plan_but_not_with_its_version():
    timeline = then(started(GROWTH), SetTerms(CHEAP), 10)
    migrated = then(timeline, ChangePlan(SCALE, Interval.MONTH, reason="migration"), 20)

    assert changed(timeline, SCALE, 20).segment_at(at(30)).terms is None
    assert migrated.segment_at(at(30)).terms == CHEAP


def test_going_back_to_the_list_price_ends_terms():
    timeline = then(then(started(GROWTH), SetTerms(CHEAP), 10), SetTerms(None), 12)

    assert timeline.segment_at(at(13)).terms is None


# Plans


def test_the_anchor_is_kept_when_asked_for_and_counts_may_change_alone():
    kept = then(started(GROWTH), ChangePlan(SCALE, Interval.YEAR, keep_anchor=True), 10)
    twice = then(started(GROWTH), ChangePlan(GROWTH, Interval.MONTH, count=2), 10)

    assert kept.segments[-1].anchor == Anchor(at(0), SHANGHAI, Interval.YEAR)
    assert twice.segments[-1].anchor == Anchor(at(10), SHANGHAI, Interval.MONTH, 2)


# Ends, and lives after them


def test_reactivating_before_the_end_takes_the_cancellation_back():
    timeline = then(then(started(GROWTH), Cancel(), 31, known=5), Reactivate(), 20)

    assert timeline.ended_at is None
    assert timeline.segments[-1].anchor == timeline.anchor


def test_reactivating_after_the_end_opens_a_new_cycle_on_the_same_plan():
    ended = then(changed(started(GROWTH), SCALE, 5), Cancel(), 20)
    timeline = then(ended, Reactivate(), 40)

    assert timeline.status_at(at(30)) is Status.ENDED
    assert timeline.status_at(at(41)) is Status.ACTIVE
    last = timeline.segments[-1]
    assert (last.start, last.plan_version_id) == (at(40), SCALE)
    assert last.anchor.at == at(40)


def test_a_second_life_forgets_pauses_terms_and_what_was_scheduled():
    timeline = then(started(GROWTH), SetTerms(replace(CHEAP, end=None)), 1)
    timeline = changed(timeline, SCALE, 30, known=2)
    timeline = then(then(timeline, Pause(), 10), Cancel(), 20)

    last = then(timeline, Reactivate(), 40).segments[-1]

    assert (last.plan_version_id, last.paused, last.terms) == (GROWTH, False, None)


def test_nothing_changes_between_two_lives():
    timeline = then(then(started(GROWTH), Cancel(), 20), Reactivate(), 40)

    with pytest.raises(SubscriptionEnded):
        then(timeline, Pause(), 30)
    with pytest.raises(ChangeBeforeStart):
        then(then(timeline, Cancel(), 50), Reactivate(), 30)


def test_what_goes_on_is_not_reactivated():
    with pytest.raises(NotCancelled):
        then(started(GROWTH), Reactivate(), 5)


def test_cancelling_the_first_life_again_takes_the_second_away():
    timeline = then(then(started(GROWTH), Cancel(), 20), Reactivate(), 40)

    assert then(timeline, Cancel(), 10).ended_at == at(10)


def test_what_a_second_life_let_go_of_is_there_again_when_it_is_taken_away():
    paused = then(then(started(GROWTH), SetTerms(replace(CHEAP, end=None)), 1), Pause(), 8)
    planned = changed(paused, SCALE, 45, known=9)
    timeline = then(then(planned, Cancel(), 20, known=9), Reactivate(), 40, known=9)

    timeline = then(then(timeline, Cancel(), 12), Reactivate(), 11)

    assert timeline.lives == planned.lives
    assert timeline.segments == planned.segments


def test_a_life_opened_a_second_time_at_its_instant_goes_on_from_what_the_first_one_had():
    plain = started(GROWTH, interval=Interval.QUARTER)
    timeline = new_timeline(
        plain.subscription_id,
        ChangeId(new_id()),
        replace(plain.start, aligned=True),
        effective_at=at(3),
        known_at=at(3),
    )
    for action in (Cancel(), Reactivate(), ChangePlan(GROWTH, Interval.MONTH)):
        timeline = then(timeline, action, 3)
    timeline = then(then(timeline, Cancel(), 3), Reactivate(), 3)
    [before] = timeline.segments

    [after] = then(timeline, ChangePlan(SCALE, Interval.MONTH), 3).segments

    assert before.anchor == after.anchor == Anchor(at(3), SHANGHAI, Interval.MONTH)


# Bookings


def test_a_booking_is_moved_and_given_up():
    timeline = booked(started(GROWTH), 20, 40)
    [booking] = timeline.addon_bookings()
    moved = then(timeline, ChangeBooking(booking.change_id, Period(at(25), at(50))), 5)
    given_up = then(moved, CancelBooking(booking.change_id), 10)

    [now] = given_up.addon_bookings()
    assert (now.booked, now.window) == (Period(at(20), at(40)), Period(at(25), at(50)))
    assert (now.cancelled_at, now.granted) == (at(10), None)


def test_a_running_booking_given_up_was_there_until_then():
    timeline = booked(started(GROWTH), 20, 40)
    [booking] = timeline.addon_bookings()

    [now] = then(timeline, CancelBooking(booking.change_id), 30).addon_bookings()

    assert now.granted == Period(at(20), at(30))


def test_the_end_of_the_subscription_ends_a_booking_and_its_revocation_does_not():
    timeline = then(booked(started(GROWTH), 20, 40), Cancel(), 31, known=5)

    assert timeline.addon_bookings()[0].cancelled_at == at(31)
    assert then(timeline, Reactivate(), 10).addon_bookings()[0].cancelled_at is None
    assert then(timeline, Reactivate(), 50).addon_bookings()[0].cancelled_at == at(31)


def test_any_number_of_windows_overlap():
    timeline = started(GROWTH)
    for _ in range(5):
        timeline = booked(timeline, 20, 40)

    assert len(timeline.addon_bookings()) == 5


@pytest.mark.parametrize(
    ("first", "last", "day"),
    [(25, 50, 30), (20, 29, 30), (4, 9, 5), (30, 30, 5)],
    ids=["a running window keeps its start", "no end in the past", "no start in the past", "empty"],
)
def test_impossible_windows_are_refused(first, last, day):
    timeline = booked(started(GROWTH), 20, 40)
    [booking] = timeline.addon_bookings()

    with pytest.raises(WindowInvalid):
        then(timeline, ChangeBooking(booking.change_id, Period(at(first), at(last))), day)


def test_a_window_that_is_over_and_a_booking_of_none_are_refused():
    with pytest.raises(WindowInvalid):
        booked(started(GROWTH), 1, 4, day=5)
    with pytest.raises(QuantityInvalid):
        then(started(GROWTH), BookAddon(PEAK, Period(at(5), at(6)), quantity=0), 1)


def test_bookings_that_are_over_or_not_there_stay_as_they_are():
    timeline = booked(started(GROWTH), 20, 40)
    [booking] = timeline.addon_bookings()
    given_up = then(timeline, CancelBooking(booking.change_id), 10)

    for longer, day in ((timeline, 40), (given_up, 12)):
        with pytest.raises(BookingOver):
            then(longer, CancelBooking(booking.change_id), day)
    with pytest.raises(BookingNotFound, match="chg_"):
        then(timeline, CancelBooking(ChangeId(new_id())), 5)


# What has taken effect


def test_what_has_taken_effect_leaves_out_what_lies_ahead_however_early_it_was_known():
    timeline = changed(started(GROWTH), SCALE, 31, known=5)

    assert timeline.effective_by(at(-1)) is None
    assert timeline.effective_by(at(30)).plan_at(at(40)) == GROWTH
    assert timeline.effective_by(at(31)).plan_at(at(40)) == SCALE


def test_a_change_acts_when_it_is_known_and_in_effect():
    [_, back] = changed(started(GROWTH), SCALE, 3, known=9).changes
    [_, ahead] = changed(started(GROWTH), SCALE, 30, known=9).changes

    assert (back.acts_at, ahead.acts_at) == (at(9), at(30))


# Rows

TERMS = Terms(
    charges={
        "base": ChargeTerms(amount=Money(100, CNY), minimum=Money(0, CNY), discount=Decimal("7.5")),
        "lines": ChargeTerms(
            unit_price=Decimal("0.012"),
            included=Decimal(10),
            tiers=(
                Tier(Decimal(5), Decimal("0.1"), Decimal(0)),
                Tier(None, Decimal(1), Decimal(2)),
            ),
        ),
    },
    commitment=Commitment(Money(5, CNY), "services"),
    entitlements={"outbound": True, "outbound.orders_per_day": Decimal("12.5")},
    reason="pilot",
    end=at(9),
)


@pytest.mark.parametrize(
    "action",
    [
        replace(started(GROWTH).start, trial_end=at(3), quantities={"seats": 4}, terms=TERMS),
        replace(started(GROWTH).start, aligned=True),
        ChangePlan(SCALE, Interval.MONTH, 3, keep_anchor=True, reason="migration"),
        ChangeQuantity("seats", 7),
        ExtendTrial(at(5)),
        Pause(),
        Resume(),
        BookAddon(PEAK, Period(at(1), at(2)), 3, Money(5, CNY)),
        ChangeBooking(ChangeId(new_id()), Period(at(1), at(2))),
        CancelBooking(ChangeId(new_id())),
        SetTerms(TERMS),
        SetTerms(None),
        Cancel(),
        Reactivate(),
    ],
    ids=action_kind,
)
def test_every_action_is_read_back_as_it_was_written(action):
    [start] = started(GROWTH).changes
    change = replace(start, action=action)

    assert change_from_row(change_row(TenantId(new_id()), change)) == change


def test_terms_change_a_price_and_leave_what_they_do_not_name():
    from tests.support.billing import GROWTH as PLAN

    price = PLAN.prices[0]
    cheaper = Terms({"base": ChargeTerms(amount=Money(1, CNY))}).applied(price)

    assert cheaper.charges[0].amount == Money(1, CNY)
    assert cheaper.charges[1:] == price.charges[1:]
