"""Every value of every policy changes what it says it changes, by amounts computed by hand."""

import asyncio
from dataclasses import dataclass

import pytest

from billing.domain.discounts.burning import topups_in_order
from billing.domain.life.timing import ChangeTiming, plan_change_timing
from billing.whatif.reading import read_scenario
from billing.whatif.running import Simulation, simulate
from control_plane.catalog.policies import DEFAULTS, POLICY_NAMES, BurnOrder, policy_choices
from tests.unit.billing.policies.scenarios import RISING_LIMIT, at, bill, topup

FEE = '{code: base, kind: flat, amount: "310.00", name: {en: Base, zh: 基础}}'
CANCELLED = bill(FEE, "{at: 2026-01-20T12:00, do: cancel}")


def cents(code: str, amount: str, category: str = "standard") -> str:
    return (
        f'{{code: {code}, kind: flat, amount: "{amount}", tax_category: {category},'
        f" name: {{en: {code}, zh: {code}}}}}"
    )


def used(quantity: str, charge: str, more: str = "") -> str:
    usage = f'usage: [{{meter: lines, at: 2026-01-12, quantity: "{quantity}"}}]'
    return bill(f"{{meter: lines, {charge}}}", until="2026-02-10", more=f"{usage}\n{more}")


def total(found: Simulation) -> int:
    return found.sum_of("total_minor")


def nets(found: Simulation) -> dict[str, int]:
    return {line["charge"]: line["net_minor"] for line in found.invoices[0]["lines"]}


def last_due(found: Simulation) -> str:
    return found.invoices[-1]["due_at"]


def payable_by(found: Simulation) -> str:
    return found.invoices[0]["payable_by"]


@dataclass(frozen=True)
class Case:
    scenario: str
    default: object
    chosen: object
    seen: object = total


BOOKING = bill(
    cents("base", "0.00"),
    "{at: 2026-01-12, do: book_addon, addon: peak, start: 2026-03-01, end: 2026-04-01}",
    until="2026-01-31",
)
YEARLY = bill(
    FEE,
    "{at: 2026-01-20, do: change_plan, plan: main, interval: year}",
    until="2026-01-20",
)
ALLOWANCE = bill(
    '{kind: per_unit, meter: lines, unit_price: "1", included: "120", interval: month,'
    " allowance_interval: year}",
    interval="year",
    until="2026-03-10",
    more="usage:\n"
    '  - {meter: lines, at: 2026-01-12, quantity: "100"}\n'
    '  - {meter: lines, at: 2026-02-12, quantity: "100"}',
)
THIRDS = bill(", ".join(cents(code, "1.00") for code in "abc"), "{at: 2026-01-20, do: cancel}")
PER_CENT = "tax: {standard: {rate: '13'}, service: {rate: '6'}}"

CASES: dict[tuple[str, str], Case] = {
    # 0.005, 0.001 and 0.009: half a cent, less, and more.
    ("rounding", "half_even"): Case(used("1", 'kind: per_unit, unit_price: "0.005"'), 1, 0),
    ("rounding", "up"): Case(used("1", 'kind: per_unit, unit_price: "0.001"'), 0, 1),
    ("rounding", "down"): Case(used("1", 'kind: per_unit, unit_price: "0.009"'), 1, 0),
    # Three lines of 10 of 31 days of 1.00, 32.258… cents each: 0.32 thrice, or 96.774… in one sum.
    ("rounding_place", "invoice"): Case(THIRDS, 96, 97),
    # 13 % of 0.08 is one cent; 13 % of 0.04 twice is one cent each.
    ("tax_rounding", "line"): Case(
        bill(f"{cents('a', '0.04')}, {cents('b', '0.04')}", more=PER_CENT), 9, 10
    ),
    # 13 % of 0.03 is 0.39 cents, 6 % of 0.07 is 0.42: nothing each, one cent together.
    ("tax_rounding", "invoice"): Case(
        bill(f"{cents('a', '0.03')}, {cents('b', '0.07', 'service')}", more=PER_CENT), 10, 11
    ),
    # The coupon's one cent falls to whoever comes first: as listed, or by key.
    ("split_ties", "key"): Case(
        bill(
            f"{cents('b', '1.00')}, {cents('a', '1.00')}",
            more="coupons: [{code: CENT, amount: '0.01'}]",
        ),
        {"b": 99, "a": 100},
        {"b": 100, "a": 99},
        nets,
    ),
    # 10 of 31 days of 310.00; 10.5 by the second; 11 with the last day; 10 of 30.
    ("proration_unit", "second"): Case(CANCELLED, 100_00, 105_00),
    ("termination_day", "billed"): Case(CANCELLED, 100_00, 110_00),
    ("denominator", "thirty_days"): Case(CANCELLED, 100_00, 103_33),
    ("unused_credit", "none"): Case(CANCELLED, 100_00, 310_00),
    ("unused_credit", "full"): Case(CANCELLED, 100_00, 0),
    # From the 10th to the 31st, the 1st being the anchor: 22 of 31 days.
    ("short_period", "none"): Case(bill(FEE, anchor="2026-01-01"), 220_00, 310_00),
    # 200 less 120 of the year; or 100 less 31/365 of 120 (89.808…), and less 28/365 (90.794…).
    ("split", "each_alone"): Case(ALLOWANCE, 80_00, 89_81 + 90_79),
    # 10 days of 310.00, then a year of 3,650.00 from the 20th, or what is left of the anchor's.
    ("interval_change", "keep_anchor"): Case(YEARLY, 100_00 + 3650_00, 100_00 + 3550_00),
    # Paused on the 20th: 21 of 31 days come back, or none.
    ("pause", "holding_fee"): Case(bill(FEE, "{at: 2026-01-20, do: pause}"), 100_00, 310_00),
    ("tier_entry_fee", "free_at_zero"): Case(
        bill(
            '{kind: graduated, meter: lines, tiers: [{unit_price: "1", flat_fee: "5.00"}]}',
            until="2026-02-10",
        ),
        5_00,
        0,
    ),
    # 150 labels start two packages of 100 and fill one.
    ("package_rounding", "down"): Case(
        used("150", 'kind: package, package_size: "100", unit_price: "5.00"'), 10_00, 5_00
    ),
    # 40.00 is raised to 50.00; 10 % off that, or off the 40.00, which is raised all the same.
    ("coupons", "before_minimum"): Case(
        used(
            "40",
            'kind: per_unit, unit_price: "1", minimum: "50.00"',
            "coupons: [{code: TEN, percent: '10'}]",
        ),
        45_00,
        50_00,
    ),
    # 120.00 less 10 % is 108.00, at most 100.00; or 100.00 less 10 %.
    ("price_discount", "after_maximum"): Case(
        used("120", 'kind: per_unit, unit_price: "1", maximum: "100.00", discount: "10"'),
        100_00,
        90_00,
    ),
    # Booked in January for March: all now, nothing yet, or 30 %.
    ("addon_invoicing", "at_start"): Case(BOOKING, 100_00, 0),
    ("addon_invoicing", "deposit"): Case(BOOKING, 100_00, 30_00),
    # 02:30 in Berlin comes twice on 25 October, and not at all on 29 March.
    ("ambiguous_time", "second"): Case(
        bill(FEE, zone="Europe/Berlin", start="2026-09-25T02:30", until="2026-10-26"),
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z",
        last_due,
    ),
    ("gap_time", "backward"): Case(
        bill(FEE, zone="Europe/Berlin", start="2026-01-29T02:30", until="2026-03-30"),
        "2026-03-29T01:30:00Z",
        "2026-03-29T00:30:00Z",
        last_due,
    ),
    ("payment_term_days", "30"): Case(bill(FEE), "2026-01-24", "2026-02-09", payable_by),
}

LIMIT_RISES_FEE_FALLS = {
    "by_limits_and_fee": ChangeTiming.AT_ONCE,
    "by_recurring_price": ChangeTiming.AT_PERIOD_END,
    "at_once": ChangeTiming.AT_ONCE,
    "at_period_end": ChangeTiming.AT_PERIOD_END,
}
BY_FUNCTION = {
    *(("plan_change_timing", value) for value in LIMIT_RISES_FEE_FALLS),
    *(("burn_order", value.value) for value in BurnOrder),
}


HELD = (
    '{code: base, kind: flat, amount: "310.00", holding: "31.00", name: {en: Base, zh: 基础}},'
    ' {code: desk, kind: flat, amount: "62.00", quantity: desks, holding: "6.20",'
    " name: {en: Desk, zh: 工位}},"
    ' {code: late, kind: flat, timing: arrears, amount: "93.00", holding: "0.00",'
    " name: {en: Late, zh: 后付}}"
)
PAUSED = bill(HELD, "{at: 2026-01-20, do: pause}, {at: 2026-02-01, do: resume}", until="2026-02-10")


def test_a_holding_fee_stands_for_the_fee_while_paused():
    """19 of 31 days whole, 12 held: of 310.00 and 31.00, of 62.00 and 6.20, of 93.00 and nothing.

    Paused are the 20th of January to the 31st. The next period, from 10 February, is whole.
    """
    given_back, held = run(PAUSED), run(f"{PAUSED}\npolicies: {{pause: holding_fee}}\n")
    following = 310_00 + 62_00

    assert total(given_back) == 190_00 + 38_00 + 57_00 + following
    assert total(held) == 190_00 + 12_00 + 38_00 + 2_40 + 57_00 + following
    steps = [s for body in held.documents for line in body["lines"] for s in line["steps"]]
    assert {"step": "holding", "amount": "31.00"} in steps


def run(text: str) -> Simulation:
    return asyncio.run(simulate(read_scenario(text.replace("PLAN_POLICIES", ""))))


@pytest.mark.parametrize(("policy", "value"), CASES)
def test_a_choice_changes_just_what_it_says(policy, value):
    case = CASES[policy, value]

    assert case.default != case.chosen
    assert case.seen(run(case.scenario)) == case.default
    assert case.seen(run(f"{case.scenario}\npolicies: {{{policy}: {value}}}\n")) == case.chosen


@pytest.mark.parametrize(("policy", "value"), CASES)
def test_a_plan_may_make_any_choice_that_a_tenant_may(policy, value):
    case = CASES[policy, value]
    text = case.scenario.replace("PLAN_POLICIES", f"{policy}: {value}")

    assert case.seen(run(text)) == case.chosen


def test_no_policy_and_no_value_lacks_a_case():
    wanted = {
        (name, value)
        for name in POLICY_NAMES
        for value in policy_choices(name) or ("30",)
        if value != getattr(DEFAULTS, name)
    }

    assert wanted <= CASES.keys() | BY_FUNCTION


@pytest.mark.parametrize(("policy", "timing"), LIMIT_RISES_FEE_FALLS.items())
def test_a_limit_that_rises_while_the_fee_falls_shows_the_timings(policy, timing):
    assert plan_change_timing(policy, RISING_LIMIT) is timing


def test_what_has_an_end_may_burn_before_what_has_priority():
    lasting = topup(1, priority=1, expires_at=None)
    ending = topup(2, priority=9, expires_at=at(2026, 12, 31))

    by_priority = topups_in_order([ending, lasting], BurnOrder.PRIORITY_EXPIRY_AGE)
    by_end = topups_in_order([lasting, ending], BurnOrder.NON_ROLLOVER_FIRST)

    assert (by_priority, by_end) == ([lasting, ending], [ending, lasting])
