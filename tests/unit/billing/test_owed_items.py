"""What a subscription owes, by worked examples."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from billing.domain.items import (
    Item,
    LineKind,
    PolicyBook,
    next_due_at,
    open_items,
    owed_items,
    reach_of,
)
from billing.domain.lines import Versions
from billing.domain.pricing import Usage
from billing.domain.rating import Measured, difference, rate_item
from control_plane.catalog.domain import Timing
from control_plane.kernel.calendar import Interval, Period, instant_text, local_date
from control_plane.kernel.ids import PlanVersionId, new_id
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import BookAddon, Cancel, ChangePlan, Timeline
from tests.support.billing import (
    CNY,
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
BEFORE = START - timedelta(days=1)


def owed(timeline: Timeline, upto=SECOND, after=BEFORE, reach=None, versions=VERSIONS, **policies):
    book = PolicyBook(policies)
    return list(owed_items(timeline, versions, book, at=upto, after=after, reach=reach))


def told(items: list[Item]) -> list[tuple[str, str, str]]:
    return [(x.kind.value, x.item, f"{x.share.numerator}/{x.share.denominator}") for x in items]


def amount(item: Item, used: str = "0") -> str:
    measured = Measured(LINES, Usage(Decimal(used), 1, "00")) if item.usage else None
    return rate_item(item, measured).owed.decimal_text()


def fees(items: list[Item]) -> int:
    return sum(rate_item(x).owed.minor for x in items if x.kind is LineKind.FEE)


def test_a_start_owes_the_fee_of_its_whole_period():
    [item] = owed(started(START), START)

    assert (item.kind, item.due_at) == (LineKind.FEE, START)
    assert item.service == Period(START, SECOND)
    assert amount(item) == "1999.00"


def test_a_period_end_owes_usage_behind_before_the_fee_ahead():
    items = owed(started(START), after=START)

    assert [x.kind for x in items] == [LineKind.USAGE, LineKind.FEE]
    assert items[0].service == items[0].measure == Period(START, SECOND)


def test_an_upgrade_owes_old_usage_and_each_plan_for_its_days():
    when = at("2026-01-20T16:30:00")  # 00:30 on the 21st in Shanghai
    timeline = changed(started(START), ChangePlan(SCALE.id, Interval.MONTH), when)

    items = owed(timeline, when, START, reach_of(timeline, when))

    assert told(items) == [
        ("fee", "growth@1", "11/31"),
        ("usage", "growth@1", "11/31"),
        ("fee", "scale@1", "20/31"),
    ]
    # The 21st belongs to the new plan, its usage too.
    assert local_date(items[1].service.end, SHANGHAI) == date(2026, 1, 21)
    assert items[1].service.end == at("2026-01-20T16:00:00")


def test_an_upgrade_leaves_the_old_plans_item_with_less():
    when = at("2026-01-20T16:30:00")
    timeline = changed(started(START), ChangePlan(SCALE.id, Interval.MONTH), when)
    before, after = owed(started(START), START), owed(timeline, when, START, START)

    assert before[0].key == after[0].key
    line = difference(rate_item(after[0]), Money(199900, CNY), 2)
    assert line is not None
    assert line.key == f"{before[0].key}#2"
    assert line.amount.decimal_text() == "-1289.68"  # 1999 * 11/31 = 709.32


def test_two_changes_on_one_day_bill_each_day_once():
    morning, noon = at("2026-01-20T01:00:00"), at("2026-01-20T04:00:00")
    timeline = changed(started(START), ChangePlan(SCALE.id, Interval.MONTH), morning)
    timeline = changed(timeline, ChangePlan(TWIN.id, Interval.MONTH), noon)

    items = [x for x in owed(timeline) if x.due_at < SECOND and x.kind is LineKind.FEE]

    # Growth to Scale to Twin, which costs what Growth does.
    assert told(items) == [("fee", "growth@1", "10/31"), ("fee", "twin@1", "21/31")]
    assert fees(items) == 199900


def test_an_upgrade_on_the_day_of_the_start_replaces_it_whole():
    later = START + timedelta(hours=3)
    timeline = changed(started(START), ChangePlan(SCALE.id, Interval.MONTH), later)

    items = owed(timeline, later)

    assert told(items) == [("fee", "scale@1", "31/31")]
    assert amount(items[0]) == "3999.00"


def test_an_upgrade_on_the_last_day_before_the_boundarys_hour_costs_nothing():
    """The 10th of February belongs to the next period, which the new plan opens anyway."""
    early = SECOND - timedelta(hours=2)
    timeline = changed(started(START), ChangePlan(SCALE.id, Interval.MONTH), early)

    assert told(owed(timeline, early, START, reach_of(timeline, early))) == [
        ("fee", "growth@1", "31/31")
    ]
    assert told(owed(timeline, after=early)) == [
        ("usage", "growth@1", "31/31"),
        ("fee", "scale@1", "28/28"),
    ]


@pytest.mark.parametrize("known", [START + timedelta(days=3), SECOND])
def test_a_change_at_the_boundary_is_simply_the_next_fee_however_late_it_is_known(known):
    timeline = changed(started(START), ChangePlan(SCALE.id, Interval.MONTH), SECOND, known)

    assert told(owed(timeline, after=START)) == [
        ("usage", "growth@1", "31/31"),
        ("fee", "scale@1", "28/28"),
    ]


def test_another_interval_restarts_the_cycle_at_the_change():
    when = at("2026-01-20T04:00:00")
    timeline = changed(started(START), ChangePlan(SCALE.id, Interval.YEAR), when)

    items = owed(timeline, at("2027-01-20T04:00:00"), START, reach_of(timeline, when))

    assert told(items) == [
        ("fee", "growth@1", "10/31"),
        ("usage", "growth@1", "10/31"),
        ("fee", "scale@1", "365/365"),
        ("usage", "scale@1", "365/365"),
        ("fee", "scale@1", "365/365"),
    ]
    assert items[3].follows == items[1].key


def test_another_interval_with_the_anchor_kept_prorates_both():
    when = at("2026-01-20T04:00:00")
    kept = ChangePlan(SCALE.id, Interval.YEAR, keep_anchor=True)
    timeline = changed(started(START), kept, when)

    items = owed(timeline, when, START, reach_of(timeline, when))

    assert told(items) == [
        ("fee", "growth@1", "10/31"),
        ("usage", "growth@1", "10/31"),
        ("fee", "scale@1", "355/365"),
    ]


def test_the_included_quantity_of_a_short_piece_shrinks_by_days():
    when = at("2026-01-25T06:00:00")
    timeline = changed(started(START), ChangePlan(SCALE.id, Interval.MONTH), when)
    [usage, *_] = [x for x in owed(timeline, when) if x.usage]

    # 2000 * 15/31 = 967.74 included; 5000 * 0.05 + 1266.258 * 0.03 = 287.99
    assert amount(usage, "7234") == "287.99"


def test_a_fee_in_arrears_is_due_with_the_piece_it_is_for():
    arrears = plan("arrears", "100.00", fee("310.00", "handling", Timing.ARREARS))
    versions = Versions({**VERSIONS.plans, arrears.id: arrears}, VERSIONS.addons)
    when = at("2026-01-20T04:00:00")
    timeline = changed(started(START, arrears), ChangePlan(SCALE.id, Interval.MONTH), when)

    items = owed(timeline, when, START, versions=versions)

    handling = next(x for x in items if x.charge_code == "handling")
    assert (handling.kind, handling.due_at, amount(handling)) == (LineKind.FEE, when, "100.00")


def test_an_addon_is_due_when_booked_for_its_whole_window():
    window = Period(at("2026-05-19T16:00:00"), at("2026-06-20T16:00:00"))
    booked = at("2026-01-12T00:00:00")
    timeline = changed(started(START), BookAddon(PEAK.id, window), booked)

    [item] = [x for x in owed(timeline) if x.kind is LineKind.ADDON]

    assert (item.due_at, item.service) == (booked, window)
    assert amount(item) == "888.00"


def test_an_addon_booked_within_its_window_is_prorated_over_its_own_days():
    window = Period(at("2026-05-19T16:00:00"), at("2026-06-20T16:00:00"))
    booked = at("2026-06-05T04:00:00")
    timeline = changed(started(START), BookAddon(PEAK.id, window), booked)

    [item] = [x for x in owed(timeline, booked) if x.kind is LineKind.ADDON]

    assert (item.share.numerator, item.share.denominator) == (16, 32)
    assert item.service.start == booked
    assert amount(item) == "444.00"


def test_a_cancellation_at_the_period_end_owes_the_usage_and_no_fee():
    timeline = changed(started(START), Cancel(), SECOND, START)

    assert told(owed(timeline, after=START)) == [("usage", "growth@1", "31/31")]
    assert next_due_at(timeline, SECOND) is None


def test_a_cancellation_at_once_gives_back_the_days_from_its_own_on():
    when = at("2026-01-20T04:00:00")
    timeline = changed(started(START), Cancel(), when)

    items = owed(timeline, when, START, reach_of(timeline, when))

    assert told(items) == [("fee", "growth@1", "10/31"), ("usage", "growth@1", "10/31")]


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ({"termination_day": "billed"}, [("fee", "growth@1", "11/31")]),
        ({"unused_credit": "none"}, [("fee", "growth@1", "31/31")]),
        ({"unused_credit": "full"}, []),
        ({"short_period": "none"}, [("fee", "growth@1", "10/10")]),
        ({"denominator": "thirty_days"}, [("fee", "growth@1", "10/30")]),
    ],
)
def test_what_a_cancellation_gives_back_is_a_policy(policies, expected):
    when = at("2026-01-20T04:00:00")
    timeline = changed(started(START), Cancel(), when)

    items = owed(timeline, when, START, reach_of(timeline, when), **policies)

    assert told([x for x in items if x.kind is LineKind.FEE]) == expected


def test_by_the_second_a_change_counts_from_its_instant():
    when = START + timedelta(days=10, seconds=1)
    timeline = changed(started(START), ChangePlan(SCALE.id, Interval.MONTH), when)

    items = owed(timeline, when, START, START, proration_unit="second")

    [old, new] = [x for x in items if x.kind is LineKind.FEE]
    assert (old.share.numerator, old.share.denominator) == (864_001, 31 * 86_400)
    assert (new.share.numerator, new.share.unit) == (31 * 86_400 - 864_001, "second")
    assert next(x for x in items if x.usage).service.end == when


def test_a_subscription_lives_at_least_one_day():
    end = START + timedelta(hours=2)
    timeline = changed(started(START), Cancel(), end)

    items = owed(timeline, end)

    assert told(items) == [("fee", "growth@1", "1/31"), ("usage", "growth@1", "1/31")]
    assert items[1].service == Period(START, end)


@pytest.mark.parametrize(
    ("start", "months"),
    [
        ("2026-01-31T02:00:00", ["01-31", "02-28", "03-31", "04-30", "05-31"]),
        ("2026-01-30T02:00:00", ["01-30", "02-28", "03-30", "04-30", "05-30"]),
        ("2026-01-29T02:00:00", ["01-29", "02-28", "03-29", "04-29", "05-29"]),
    ],
)
def test_anchors_at_a_months_end_are_clamped_and_restored(start, months):
    items = owed(started(at(start)), at("2026-05-31T23:00:00"))

    days = [local_date(x.due_at, SHANGHAI) for x in items if x.kind is LineKind.FEE]

    assert [day.strftime("%m-%d") for day in days] == months


def test_a_dst_night_neither_loses_nor_doubles_usage():
    """Berlin turned its clocks back on 25 October 2026: 02:30 happened twice, once billed."""
    timeline = started(at("2026-09-25T00:30:00+00:00"), zone="Europe/Berlin")

    usage = [x for x in owed(timeline, at("2026-12-30T00:00:00")) if x.usage]

    assert all(a.service.end == b.service.start for a, b in pairwise(usage))
    assert usage[0].service.end == at("2026-10-25T00:30:00+00:00")


def test_amounts_of_every_size_and_currency_stay_exact():
    dear = plan("dear", "99999999.99")

    [item] = owed(started(START, dear), START, versions=Versions({dear.id: dear}, {}))

    assert rate_item(item).owed.minor == 9_999_999_999


def test_a_zero_to_three_change_on_one_day_is_no_double_billing():
    free, cheap = plan("free", "0.00"), plan("cheap", "3.00")
    versions = Versions({p.id: p for p in (free, cheap)}, {})
    later = START + timedelta(hours=1)
    timeline = changed(started(START, free), ChangePlan(cheap.id, Interval.MONTH), later)

    assert fees(owed(timeline, later, versions=versions)) == 300


def test_an_unknown_plan_version_is_an_error_not_a_free_plan():
    lost = Versions({PlanVersionId(new_id()): GROWTH}, {})

    with pytest.raises(KeyError):
        owed(started(START, plan("growth", "1.00")), versions=lost)


def test_a_day_without_a_life_owes_nothing():
    assert owed(started(START), START - timedelta(seconds=1)) == []


def test_what_is_under_way_is_open_until_it_is_due():
    [item] = open_items(started(START), VERSIONS, PolicyBook(), at=START + timedelta(days=3))

    assert (item.kind, item.due_at, item.final) == (LineKind.USAGE, SECOND, True)
    so_far = item.so_far(START + timedelta(days=3))
    assert (so_far.measure, so_far.final) == (Period(START, START + timedelta(days=3)), False)
    assert so_far.share == item.share


def test_fees_of_two_cycles_that_end_together_are_two_items():
    """A week that starts seven days before the month would have ended ends with it.

    The earlier keeps the name; the later is named after its start too.
    """
    weekly = replace(
        GROWTH, prices=(*GROWTH.prices, replace(GROWTH.prices[0], interval=Interval.WEEK))
    )
    versions = Versions({weekly.id: weekly}, {})
    when = SECOND - timedelta(days=7)
    timeline = changed(started(START, weekly), ChangePlan(weekly.id, Interval.WEEK), when)

    items = owed(timeline, when, START, START, versions=versions)

    month, week = [x for x in items if x.kind is LineKind.FEE]
    assert [(x.share.numerator, x.share.denominator, x.due_at) for x in (month, week)] == [
        (24, 31, START),
        (7, 7, when),
    ]
    assert week.key == f"{month.key}:{instant_text(when)}"


def test_fees_that_end_with_an_older_periods_fall_due_when_they_begin():
    """By the day from the 9th of February on, the last day ends with the month that was left."""
    daily = replace(
        GROWTH, prices=(*GROWTH.prices, replace(GROWTH.prices[0], interval=Interval.DAY))
    )
    versions = Versions({daily.id: daily}, {})
    when = SECOND - timedelta(days=1)
    timeline = changed(started(START, daily), ChangePlan(daily.id, Interval.DAY), when)

    first = owed(timeline, when, START, START, versions=versions)
    second = owed(timeline, SECOND, when, versions=versions)

    assert [x.due_at for x in first if x.kind is LineKind.FEE] == [START, when]
    assert fees(second) == 199900


def test_usage_is_closed_by_the_end_even_before_the_boundary_of_its_day():
    """A change on a day that belongs to the next period cuts at the boundary, which never comes."""
    changed_at, end = SECOND - timedelta(hours=2), SECOND - timedelta(hours=1)
    timeline = changed(started(START), ChangePlan(SCALE.id, Interval.MONTH), changed_at)
    timeline = changed(timeline, Cancel(), end)

    [usage] = [x for x in owed(timeline, end, START) if x.usage]

    assert (usage.item, usage.service, usage.due_at) == ("growth@1", Period(START, end), end)
