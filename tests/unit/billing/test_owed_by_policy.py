"""Each policy and each change of a life by one worked example."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from billing.domain.items import LineKind, PolicyBook, open_items, owed_items, reach_of
from billing.domain.pricing import Usage
from control_plane.kernel.calendar import Interval, Period
from control_plane.kernel.ids import ChangeId
from control_plane.subscriptions.domain import (
    Action,
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
    Terms,
    Timeline,
    new_timeline,
)
from tests.support.billing import SHANGHAI, SUBSCRIPTION, at, changed, started
from tests.support.converging import Books, owed_at_once
from tests.support.lives import BASIC, PEAK, PRO, VERSIONS

START = at("2026-01-09T16:00:00")  # midnight of the 10th in Shanghai
BASE, PRO_BASE = 198001, 303001  # a month of 31 days


def day(number: int, hour: int = 12) -> datetime:
    """An hour of the ``number``-th day of the subscription's life, the first being 0."""
    return START + timedelta(days=number, hours=hour)


def books(*steps: tuple[int, Action], upto: int, used: int = 0, plan=BASIC, **policies) -> Books:
    """The books of a subscription on whose days things happened, closed up to a day."""
    timeline = started(START, plan, zone=SHANGHAI)
    return lived(timeline, *steps, upto=upto, used=used, book=PolicyBook(policies))


def lived(timeline: Timeline, *steps, upto: int, used: int = 0, book=None) -> Books:
    def measure(meter, period: Period) -> Usage:
        """So many units every noon."""
        noons = (day(n) for n in range(-1, 800))
        counted = sum(period.start <= noon < period.end for noon in noons)
        return Usage(Decimal(used * counted), counted)

    kept = Books(VERSIONS, measure=measure, **({} if book is None else {"policies": book}))
    kept.closed = timeline.started_at - timedelta(days=1)
    for number, action in steps:
        kept.run(timeline, day(number))
        timeline = changed(timeline, action, day(number))
        kept.converge(timeline, day(number), reach_of(timeline, day(number)))
    kept.run(timeline, day(upto))
    return kept


def base(kept: Books) -> int:
    return kept.by_charge().get("base", 0)


def of(minor: int, days: int, of_days: int) -> int:
    return (2 * minor * days + of_days) // (2 * of_days)


TO_PRO, TO_BASIC = ChangePlan(PRO.id, Interval.MONTH), ChangePlan(BASIC.id, Interval.MONTH)


# Unused time


def test_unused_days_are_given_back_by_default():
    assert base(books((10, TO_PRO), upto=20)) == of(BASE, 10, 31) + of(PRO_BASE, 21, 31)


def test_without_credit_what_was_prepaid_stays_owed_also_while_another_plan_holds():
    steps = ((10, TO_PRO), (20, TO_BASIC))

    assert base(books(*steps, upto=25, unused_credit="none")) == BASE + of(PRO_BASE, 21, 31)


def test_without_credit_fewer_seats_stay_paid_and_more_cost_their_days():
    steps = ((0, ChangeQuantity("seats", 4)), (10, ChangeQuantity("seats", 1)))
    kept = books(*steps, (20, ChangeQuantity("seats", 5)), upto=25, unused_credit="none")

    seat = 3007  # a month of one
    assert kept.by_charge()["seat"] == of(4 * seat * 20 + 5 * seat * 11, 1, 31)


def test_full_credit_gives_back_the_period_of_the_plan_that_was_cancelled():
    steps = ((10, TO_PRO), (20, Cancel()))

    assert base(books(*steps, upto=25, unused_credit="full")) == of(BASE, 10, 31)


def test_full_credit_gives_back_nothing_of_a_period_that_was_over():
    kept = books((40, Cancel()), upto=45, unused_credit="full")

    assert base(kept) == BASE


# Days


@pytest.mark.parametrize(
    ("days", "owed"), [(30, BASE), (29, of(BASE, 29, 30)), (1, of(BASE, 1, 30))]
)
def test_a_month_of_thirty_days_is_full_on_its_thirtieth(days, owed):
    assert base(books((days, Cancel()), upto=days + 1, denominator="thirty_days")) == owed


def test_the_last_day_of_a_short_month_makes_up_to_thirty():
    """The second period runs over February: 27 days are 27 of 30, and the 28th the rest."""
    kept = books((31 + 27, TO_PRO), upto=31 + 27, denominator="thirty_days")

    assert base(kept) == BASE + of(BASE, 27, 30) + of(PRO_BASE, 3, 30)


def test_the_day_of_the_end_is_billed_where_the_policy_says_so():
    assert base(books((10, Cancel()), upto=11)) == of(BASE, 10, 31)
    assert base(books((10, Cancel()), upto=11, termination_day="billed")) == of(BASE, 11, 31)


def test_by_the_second_half_a_day_is_half_a_day():
    kept = books((10, Cancel()), upto=11, proration_unit="second")

    assert base(kept) == of(BASE, 21, 62)


def test_a_short_period_that_is_not_prorated_costs_the_whole_split_between_its_plans():
    kept = books((10, TO_PRO), (20, Cancel()), upto=25, short_period="none")

    assert base(kept) == of(BASE, 10, 20) + of(PRO_BASE, 10, 20)


# Pauses


def test_paused_days_are_given_back_and_resuming_bills_up_to_the_kept_anchor():
    """The day of the pause is not billed, that of the resumption is."""
    assert base(books((10, Pause()), upto=20)) == of(BASE, 10, 31)
    assert base(books((10, Pause()), (20, Resume()), upto=25)) == of(BASE, 21, 31)


def test_a_paused_period_owes_no_fee_and_a_holding_fee_goes_on():
    assert base(books((10, Pause()), upto=50)) == of(BASE, 10, 31)
    assert base(books((10, Pause()), upto=50, pause="holding_fee")) == 2 * BASE


def test_a_pause_shortens_the_allowance_of_its_period():
    """31 noons of 20 are 620 of an allowance of 300, of which a pause of ten days leaves 203."""
    whole = books(upto=31, used=20).by_charge()["lines"]
    paused = books((5, Pause()), (15, Resume()), upto=31, used=20).by_charge()["lines"]

    assert whole == 2240  # 320 at 0.07
    assert paused == 2917  # 620 less 300 * 21/31: 416.77 at 0.07, rounded


def test_a_pause_takes_nothing_back_of_the_days_before_its_own():
    """A price by the day, from noon to noon: the morning before it is a part with its own least.

    The day of the change belongs to the new plan, and its morning closed a period: 50.00 at least,
    as for either day to the pause. Computing all again since the pause gives the same.
    """
    timeline = started(day(0), BASIC)
    by_the_day = ChangePlan(PRO.id, Interval.DAY, keep_anchor=True)
    steps = ((1, by_the_day), (3, Pause()))

    kept = lived(timeline, *steps, upto=6)

    for number, action in steps:
        timeline = changed(timeline, action, day(number))
    assert kept.by_charge()["parcels"] == 15000
    assert owed_at_once(kept, timeline, day(6))["parcels"] == 15000


def test_what_a_day_both_begins_and_pauses_has_no_least():
    timeline = started(day(0), BASIC)
    by_the_day = ChangePlan(PRO.id, Interval.DAY, keep_anchor=True)

    assert "parcels" not in lived(timeline, (1, by_the_day), (1, Pause()), upto=6).by_charge()


@pytest.mark.parametrize("anchored_at", [START - timedelta(days=5), at("2025-12-31T16:00:00")])
def test_a_pause_that_is_cancelled_in_the_minute_after_its_trial_includes_nothing(anchored_at):
    """Measured against the days that were lived, of which there is none, it has no share either."""
    billed_from = day(0, 8)
    start = billed_from - timedelta(days=5)
    sold = started(start, BASIC, zone=SHANGHAI).changes[0]
    trial = replace(
        sold.action,
        trial_end=billed_from,
        anchor=replace(sold.action.anchor, at=anchored_at),
        aligned=anchored_at < start - timedelta(days=1),
    )
    timeline = new_timeline(SUBSCRIPTION, sold.id, trial, effective_at=start, known_at=start)
    timeline = changed(timeline, Pause(), start)
    timeline = changed(timeline, Cancel(), billed_from + timedelta(minutes=1))

    owed = owed_items(
        timeline, VERSIONS, PolicyBook({"short_period": "none"}), at=day(1), after=start
    )

    (used,) = [item for item in owed if item.charge_code == "lines"]
    assert used.share.numerator == 0


# Trials


def on_trial(days: int) -> Timeline:
    plain = started(START, BASIC)
    start = replace(plain.start, trial_end=day(days))
    return new_timeline(
        plain.subscription_id,
        ChangeId(plain.changes[0].id),
        start,
        effective_at=START,
        known_at=START,
    )


def test_a_trial_owes_nothing_and_its_usage_draws_on_no_allowance():
    assert lived(on_trial(14), upto=13, used=50).by_charge() == {}
    assert base(lived(on_trial(14), upto=14)) == BASE
    # 31 noons of the first paid period count, the one that the trial ends at among them.
    assert lived(on_trial(14), upto=45, used=20).by_charge()["lines"] == 2240


def test_addons_are_billed_in_a_trial():
    window = Period(day(5, 0), day(15, 0))

    assert lived(on_trial(14), (2, BookAddon(PEAK.id, window)), upto=3).by_charge()["peak"] == 88801


def test_a_trial_extended_across_a_month_end_moves_the_first_fee():
    extended = (10, ExtendTrial(day(30)))

    assert base(lived(on_trial(14), extended, upto=29)) == 0
    assert base(lived(on_trial(14), extended, upto=30)) == BASE


# Second lives


def test_a_second_life_starts_a_cycle_of_its_own():
    kept = books((10, Cancel()), (20, Reactivate()), upto=21)

    assert base(kept) == of(BASE, 10, 31) + BASE
    assert kept.items[max(kept.items)].period.start == day(20)


# Yearly allowances on monthly invoices


def yearly(upto: int, *steps, **policies) -> int:
    timeline = started(START, BASIC, interval=Interval.YEAR)
    kept = lived(timeline, *steps, upto=upto, used=20, book=PolicyBook(policies))
    return kept.by_charge().get("lines", 0)


def test_a_yearly_free_allowance_is_used_up_across_monthly_invoices():
    """3600 are included a year; 20 a day use them up on the 180th day, in the sixth month."""
    assert yearly(151) == 0
    # 181 noons: 3620 less 3600 at 0.07
    assert yearly(181) == 140
    # 212 noons: 640 over: 500 at 0.07, 140 at 0.03, and the second tier's fee of 10
    assert yearly(212) == 3500 + 420 + 1000


def test_a_yearly_allowance_cut_short_shrinks_with_its_days():
    """After 40 days an interval change leaves 3600 * 40/365 = 394.5 of 800: 405.5 at 0.07."""
    assert yearly(41, (40, ChangePlan(BASIC.id, Interval.MONTH))) == 2838


def test_each_part_alone_has_its_own_share_of_the_allowance():
    """31 of 365 days have 305.75 of 3600; 620 used leave 314.25 at 0.07."""
    assert yearly(31, split="each_alone") == 2200


def test_what_was_consumed_under_an_allowance_stays_owed_when_its_end_shrinks_the_maximum():
    """In a month 620 units, less 90 of the quarter, are 45.00 by its maximum; of 35 days, 17.50."""
    timeline = started(START, BASIC, interval=Interval.QUARTER, zone=SHANGHAI)

    kept = lived(timeline, (35, Cancel()), upto=36, used=60)

    assert kept.by_charge()["lines"] == 4500
    assert min(kept.billed.values()) >= 0


def test_an_end_that_comes_later_takes_nothing_back_though_short_periods_are_not_prorated():
    """A quarter under way has 5 + 59 of its 90 days: 32.00 of 45.00. Its end leaves 5 of 40."""
    timeline = started(START, BASIC, interval=Interval.QUARTER, zone=SHANGHAI)
    book = PolicyBook({"short_period": "none"})
    steps = ((5, Pause()), (40, Cancel()))

    under_way = lived(timeline, *steps[:1], upto=32, used=60, book=book)
    ended = lived(timeline, *steps, upto=41, used=60, book=book)

    assert under_way.by_charge()["lines"] == ended.by_charge()["lines"] == 3200


def test_what_is_billed_early_of_a_part_is_a_part_of_it_by_either_rule():
    """A progressive invoice splits nothing: the part alone is priced by all of its own usage."""
    timeline = started(START, BASIC, interval=Interval.YEAR, zone=SHANGHAI)
    book = PolicyBook({"split": "each_alone"})
    month = next(
        item
        for item in open_items(timeline, VERSIONS, book, at=day(40))
        if item.charge_code == "lines"
    )

    early = month.so_far(day(40))

    assert (early.key, early.share) == (month.key, month.share)
    assert early.measure.start == month.measure.start == day(31, 0)
    assert (early.counts, early.final) == ((), False)


# Commitments


def test_a_commitment_is_trued_up_at_the_period_end_by_what_the_period_came_to():
    """3500.00 less 3030.01 base, 30.07 for one seat, 50.00 least of parcels and 90.10 handling."""
    totals = books(upto=31, plan=PRO).by_charge()

    assert totals["commitment"] == 350000 - PRO_BASE - 3007 - 5000 - 9010


def test_a_commitment_does_not_count_what_trickles_in_while_paused():
    timeline = changed(started(START, PRO, zone=SHANGHAI), Pause(), day(10))
    fewer = SetTerms(Terms({"lines": ChargeTerms(included=Decimal(1))}))
    timeline = changed(timeline, fewer, day(12))

    items = owed_items(timeline, VERSIONS, PolicyBook(), at=day(40), after=START - timedelta(1))

    committed = next(item for item in items if item.kind is LineKind.COMMITMENT)
    lived_, paused = [i.key for i in items if i.charge_code == "lines"][:2]
    assert lived_ in committed.counts
    assert paused not in committed.counts


def test_a_commitment_counts_the_days_it_held():
    totals = books((10, TO_BASIC), upto=31, plan=PRO).by_charge()
    pro = of(PRO_BASE, 10, 31) + of(3007, 10, 31) + of(5000, 10, 31) + of(9010, 10, 31)

    assert totals["commitment"] == of(350000, 10, 31) - pro


def test_a_commitment_counts_what_the_life_before_was_charged_that_same_morning():
    """Sold by calendar months, cancelled at noon of its first day and wanted back at once.

    The day is committed to from its beginning: 1.61 of parcels for that morning (50.00 / 31), and
    all that the month comes to afterwards, are less to be trued up.
    """
    sold = started(START, PRO, zone=SHANGHAI).changes[0].action
    first = Period(at("2025-12-31T16:00:00"), at("2026-01-31T16:00:00"))
    anchor = replace(sold.anchor, at=first.start)
    start = first.start + timedelta(hours=8)
    timeline = new_timeline(
        SUBSCRIPTION,
        started(START).changes[0].id,
        replace(sold, anchor=anchor, aligned=True, quantities={"seats": 0}),
        effective_at=start,
        known_at=start,
    )
    for back in (Cancel(), Reactivate()):
        timeline = changed(timeline, back, start + timedelta(minutes=1))

    owed = owed_items(timeline, VERSIONS, PolicyBook(), at=first.end, after=START - timedelta(30))

    committed = next(item for item in owed if item.kind is LineKind.COMMITMENT)
    parcels = [item for item in owed if item.charge_code == "parcels" and item.until <= first.end]
    assert len(parcels) == 2
    assert {item.key for item in parcels} <= set(committed.counts)


# Add-ons

FAR = Period(day(100, 0), day(120, 0))


def peak(*steps: tuple[int, Action], upto: int, **policies: str) -> int:
    return books(*steps, upto=upto, **policies).by_charge().get("peak", 0)


def booking(window: Period = FAR, quantity: int = 1) -> tuple[int, Action]:
    return 3, BookAddon(PEAK.id, window, quantity)


def booked_id() -> ChangeId:
    """The id that the second entry of a test's timeline has."""
    return changed(started(START, BASIC), Cancel(), day(1)).changes[-1].id


def test_an_early_bird_price_is_fixed_at_booking():
    assert peak(booking(), upto=5) == 66601
    assert peak(booking(Period(day(20, 0), day(40, 0))), upto=5) == 88801
    assert peak(booking(quantity=3), upto=5) == 3 * 66601


@pytest.mark.parametrize(
    ("given_up_on", "kept"),
    [(60, 0), (80, 44423), (110, 66601)],
    ids=["30 days ahead: all back", "7 days ahead: a third back", "running: nothing back"],
)
def test_what_is_kept_of_a_booking_given_up_follows_the_ladder(given_up_on, kept):
    assert peak(booking(), (given_up_on, CancelBooking(booked_id())), upto=115) == kept


def test_the_end_of_the_subscription_ends_its_bookings_by_the_ladder():
    assert peak(booking(), (80, Cancel()), upto=115) == 44423


def test_a_window_costs_its_days_at_the_price_of_its_booking():
    longer = ChangeBooking(booked_id(), Period(FAR.start, day(130, 0)))
    shorter = ChangeBooking(booked_id(), Period(FAR.start, day(110, 0)))

    assert peak(booking(), (50, longer), upto=60) == 99902  # 666.01 * 30/20
    assert peak(booking(), (50, shorter), upto=60) == 33301


def test_a_running_window_booked_late_costs_the_days_left():
    assert peak((110, BookAddon(PEAK.id, FAR)), upto=111) == 44401  # 888.01 * 10/20


def test_a_pause_leaves_a_booking_alone():
    assert peak(booking(), (90, Pause()), upto=125) == 66601


def test_a_booking_can_be_invoiced_when_it_starts_or_by_deposit():
    assert peak(booking(), upto=99, addon_invoicing="at_start") == 0
    assert peak(booking(), upto=100, addon_invoicing="at_start") == 66601
    assert peak(booking(), upto=99, addon_invoicing="deposit") == 19980  # 30 %
    assert peak(booking(), upto=100, addon_invoicing="deposit") == 66601


def test_giving_up_before_anything_was_due_owes_a_cancellation_fee():
    kept = books(booking(), (80, CancelBooking(booked_id())), upto=81, addon_invoicing="at_start")

    [item] = [i for key, i in kept.items.items() if key.endswith(":addon")]
    assert (item.kind, item.due_at) == (LineKind.CANCELLATION, day(80))
    assert kept.by_charge()["peak"] == 44423


def test_a_deposit_covers_a_cancellation_fee_as_far_as_it_goes():
    given_up = (60, CancelBooking(booked_id()))

    assert peak(booking(), given_up, upto=61, addon_invoicing="deposit") == 0
    late = (80, CancelBooking(booked_id()))
    assert peak(booking(), late, upto=81, addon_invoicing="deposit") == 44423
