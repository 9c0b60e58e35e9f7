"""What falls due, by worked examples."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from billing.domain.due import due_lines, next_due_at
from billing.domain.lines import DueLine, LineKind, Versions
from billing.domain.rating import Measured, rate
from control_plane.catalog.domain import Timing
from control_plane.kernel.calendar import Interval, Period, local_date
from control_plane.kernel.ids import PlanVersionId, new_id
from control_plane.subscriptions.domain import BookAddon, Cancel, ChangePlan, Timeline
from tests.support.billing import (
    GROWTH,
    LINES,
    PEAK,
    SCALE,
    SHANGHAI,
    TWIN,
    VERSIONS,
    at,
    changed,
    fee,
    plan,
    started,
)

START = at("2026-01-10T02:00:00")  # 10:00 in Shanghai
SECOND = at("2026-02-10T02:00:00")


def due(timeline: Timeline, since=START, upto=SECOND, versions=VERSIONS) -> list[DueLine]:
    return list(due_lines(timeline, versions, since=since, upto=upto))


def told(lines: list[DueLine]) -> list[tuple[str, str, str]]:
    return [(x.kind.value, x.item, f"{x.share.days}/{x.share.of_days}") for x in lines]


def test_a_start_owes_the_fee_of_its_whole_period():
    [line] = due(started(START), upto=START)

    assert (line.kind, line.due_at) == (LineKind.FEE, START)
    assert line.service == Period(START, SECOND)
    assert rate(line).amount.decimal_text() == "1999.00"


def test_a_period_end_owes_usage_behind_before_the_fee_ahead():
    lines = due(started(START), since=SECOND)

    assert [x.kind for x in lines] == [LineKind.USAGE, LineKind.FEE]
    assert lines[0].service == Period(START, SECOND)


def test_an_upgrade_owes_old_usage_and_the_difference_of_the_days_left():
    when = at("2026-01-20T16:30:00")  # 00:30 on the 21st in Shanghai
    lines = due(changed(started(START), ChangePlan(SCALE.id, Interval.MONTH), when), since=when)

    assert told(lines[:3]) == [
        ("usage", "growth@1", "11/31"),
        ("credit", "growth@1", "20/31"),
        ("charge", "scale@1", "20/31"),
    ]
    # The 21st belongs to the new plan, its usage too.
    assert local_date(lines[0].service.end, SHANGHAI) == date(2026, 1, 21)
    assert lines[0].service.end == at("2026-01-20T16:00:00")


def test_two_changes_on_one_day_bill_each_day_once():
    morning, noon = at("2026-01-20T01:00:00"), at("2026-01-20T04:00:00")
    timeline = changed(started(START), ChangePlan(SCALE.id, Interval.MONTH), morning)
    timeline = changed(timeline, ChangePlan(TWIN.id, Interval.MONTH), noon)

    lines = [x for x in due(timeline) if x.kind is not LineKind.USAGE and x.due_at < SECOND]

    # The first fee, and then Growth to Scale to Twin, which costs what Growth does.
    assert sum(rate(x).amount.minor for x in lines) == 199900


def test_an_upgrade_on_the_day_of_the_start_replaces_it_whole():
    later = START + timedelta(hours=3)
    lines = due(changed(started(START), ChangePlan(SCALE.id, Interval.MONTH), later), upto=later)

    assert told(lines) == [
        ("fee", "growth@1", "1/1"),
        ("credit", "growth@1", "31/31"),
        ("charge", "scale@1", "31/31"),
    ]
    assert sum(rate(x).amount.minor for x in lines) == 399900


def test_an_upgrade_on_the_last_day_before_the_boundarys_hour_costs_nothing():
    """The 10th of February belongs to the next period, which the new plan opens anyway."""
    early = SECOND - timedelta(hours=2)
    lines = due(
        changed(started(START), ChangePlan(SCALE.id, Interval.MONTH), early),
        since=START + timedelta(days=1),
    )

    assert told(lines) == [("usage", "growth@1", "1/1"), ("fee", "scale@1", "1/1")]


def test_a_change_recorded_at_the_very_boundary_credits_the_fee_just_billed():
    timeline = changed(started(START), ChangePlan(SCALE.id, Interval.MONTH), SECOND)

    lines = due(timeline, since=SECOND)

    assert told(lines) == [
        ("usage", "growth@1", "1/1"),
        ("credit", "growth@1", "28/28"),
        ("charge", "scale@1", "28/28"),
        ("fee", "growth@1", "1/1"),
    ]


def test_a_change_scheduled_for_the_boundary_is_simply_the_next_fee():
    timeline = changed(
        started(START), ChangePlan(SCALE.id, Interval.MONTH), SECOND, START + timedelta(days=3)
    )

    assert told(due(timeline, since=SECOND)) == [
        ("usage", "growth@1", "1/1"),
        ("fee", "scale@1", "1/1"),
    ]


def test_another_interval_restarts_the_cycle_at_the_change():
    when = at("2026-01-20T04:00:00")
    timeline = changed(started(START), ChangePlan(SCALE.id, Interval.YEAR), when)

    lines = due(timeline, since=when, upto=at("2027-01-20T04:00:00"))

    assert told(lines) == [
        ("usage", "growth@1", "10/31"),
        ("credit", "growth@1", "21/31"),
        ("charge", "scale@1", "1/1"),
        ("usage", "scale@1", "1/1"),
        ("fee", "scale@1", "1/1"),
    ]
    assert lines[3].follows == lines[0].key


def test_the_included_quantity_of_a_short_piece_shrinks_by_days():
    when = at("2026-01-25T06:00:00")
    timeline = changed(started(START), ChangePlan(SCALE.id, Interval.MONTH), when)
    [usage, *_] = due(timeline, since=when)

    line = rate(usage, Measured(LINES, LINES_USED, 1, "00"))

    # 2000 * 15/31 = 967.74 included; 5000 * 0.05 + 1266.258 * 0.03 = 287.99
    assert line.amount.decimal_text() == "287.99"


LINES_USED = Decimal(7234)


def test_a_fee_in_arrears_is_due_with_the_piece_it_is_for():
    arrears = plan("arrears", "100.00", fee("310.00", "handling", Timing.ARREARS))
    versions = Versions({**VERSIONS.plans, arrears.id: arrears}, VERSIONS.addons)
    when = at("2026-01-20T04:00:00")
    timeline = changed(started(START, arrears), ChangePlan(SCALE.id, Interval.MONTH), when)

    lines = due(timeline, since=when, upto=when, versions=versions)

    handling = next(x for x in lines if x.charge_code == "handling")
    assert (handling.kind, rate(handling).amount.decimal_text()) == (LineKind.FEE, "100.00")


def test_an_addon_is_due_when_booked_for_its_whole_window():
    window = Period(at("2026-05-19T16:00:00"), at("2026-06-20T16:00:00"))
    booked = at("2026-01-12T00:00:00")
    timeline = changed(started(START), BookAddon(PEAK.id, window), booked)

    [line] = [x for x in due(timeline) if x.kind is LineKind.ADDON]

    assert (line.due_at, line.service) == (booked, window)
    assert rate(line).amount.decimal_text() == "888.00"


def test_an_addon_booked_within_its_window_is_prorated_over_its_own_days():
    window = Period(at("2026-05-19T16:00:00"), at("2026-06-20T16:00:00"))
    booked = at("2026-06-05T04:00:00")
    timeline = changed(started(START), BookAddon(PEAK.id, window), booked)

    [line] = [x for x in due(timeline, upto=booked) if x.kind is LineKind.ADDON]

    assert (line.share.days, line.share.of_days) == (16, 32)
    assert line.service.start == booked


def test_a_cancellation_at_the_period_end_owes_the_usage_and_no_fee():
    timeline = changed(started(START), Cancel(), SECOND, START)

    assert told(due(timeline, since=SECOND)) == [("usage", "growth@1", "1/1")]
    assert next_due_at(timeline, SECOND) is None


def test_a_subscription_lives_at_least_one_day():
    end = START + timedelta(hours=2)
    timeline = changed(started(START), Cancel(), end)

    usage = next(x for x in due(timeline, upto=end) if x.kind is LineKind.USAGE)

    assert (usage.share.days, usage.share.of_days) == (1, 31)
    assert usage.service == Period(START, end)


@pytest.mark.parametrize(
    ("start", "months"),
    [
        ("2026-01-31T02:00:00", ["01-31", "02-28", "03-31", "04-30", "05-31"]),
        ("2026-01-30T02:00:00", ["01-30", "02-28", "03-30", "04-30", "05-30"]),
        ("2026-01-29T02:00:00", ["01-29", "02-28", "03-29", "04-29", "05-29"]),
    ],
)
def test_anchors_at_a_months_end_are_clamped_and_restored(start, months):
    timeline = started(at(start))
    lines = due(timeline, since=at(start), upto=at("2026-05-31T23:00:00"))

    fees = [local_date(x.due_at, SHANGHAI) for x in lines if x.kind is LineKind.FEE]

    assert [day.strftime("%m-%d") for day in fees] == months


def test_a_dst_night_neither_loses_nor_doubles_usage():
    """Berlin turned its clocks back on 25 October 2026: 02:30 happened twice, once billed."""
    start = at("2026-09-25T00:30:00+00:00")
    timeline = started(start, zone="Europe/Berlin")
    usage = [
        x
        for x in due(timeline, since=start, upto=at("2026-12-30T00:00:00"))
        if x.kind is LineKind.USAGE
    ]

    assert all(a.service.end == b.service.start for a, b in pairwise(usage))
    assert usage[0].service.end == at("2026-10-25T00:30:00+00:00")


def test_amounts_of_every_size_and_currency_stay_exact():
    dear = plan("dear", "99999999.99")
    versions = Versions({dear.id: dear}, {})

    [line] = due(started(START, dear), upto=START, versions=versions)

    assert rate(line).amount.minor == 9_999_999_999


def test_a_zero_to_three_change_on_one_day_is_no_double_billing():
    free, cheap = plan("free", "0.00"), plan("cheap", "3.00")
    versions = Versions({p.id: p for p in (free, cheap)}, {})
    later = START + timedelta(hours=1)
    timeline = changed(started(START, free), ChangePlan(cheap.id, Interval.MONTH), later)

    lines = due(timeline, upto=later, versions=versions)

    assert sum(rate(x).amount.minor for x in lines) == 300


def test_an_unknown_plan_version_is_an_error_not_a_free_plan():
    timeline = started(START, plan("growth", "1.00"))
    lost = Versions({PlanVersionId(new_id()): GROWTH}, {})

    with pytest.raises(KeyError):
        due(timeline, versions=lost)
