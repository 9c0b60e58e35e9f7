"""What recurs, by worked examples: a month without any usage, before tax, by the policies."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from billing.domain.items import PolicyBook
from billing.domain.revenue.mrr import standing
from billing.domain.revenue.recurring import Stretch, recurring, stretches
from control_plane.catalog.domain import Price
from control_plane.catalog.policies import DEFAULTS
from control_plane.catalog.source.reader import read_catalog
from control_plane.subscriptions.domain import Pause
from tests.support.billing_catalogue import CATALOGUE
from tests.support.timelines import NOON, at, started, then

HEAD, _, _ = CATALOGUE.partition("plans:\n")
NAME = "name: {en: Fee, zh: 费用}"


def price(charges: str, interval: str = "month", more: str = "") -> Price:
    """The price of a plan with these charges, as a catalogue says it."""
    return plan(charges, interval, more).prices[0]


def plan(charges: str, interval: str = "month", more: str = ""):
    source = f"""{HEAD}plans:
  - code: tried
    name: {{en: Tried, zh: 试用}}
    modules: [inbound, outbound]
    entitlements: {{outbound.orders_per_day: 9}}
    prices:
      - currency: CNY
        interval: {interval}
{more}        charges:
{charges}"""
    return read_catalog(source).plan("tried")


def charge(text: str) -> str:
    return f"          - {{{text}, {NAME}}}\n"


BASE = charge('code: base, kind: flat, timing: advance, amount: "120.00"')
LINES = 'code: lines, kind: graduated, meter: outbound_lines, tiers: [{flat_fee: "7", '
LINES += 'unit_price: "0.05"}]'


@pytest.mark.parametrize(
    ("interval", "monthly"),
    [
        ("month", Fraction(12000)),
        ("quarter", Fraction(4000)),
        ("year", Fraction(1000)),
        ("week", Fraction(12000 * 146_097, 7 * 4_800)),
    ],
)
def test_a_fee_counts_by_its_share_of_a_month(interval, monthly):
    assert recurring(price(BASE, interval), {}) == {"standard": monthly}


def test_seats_count_beyond_those_included_discounted_and_at_least_the_minimum():
    seats = 'code: seats, kind: flat, timing: advance, amount: "30.00", quantity: seats, '
    seats += 'included: "2", discount: "10", minimum: "50.00"'
    sold = price(charge(seats))
    assert recurring(sold, {"seats": 12}) == {"standard": Fraction(27000)}
    assert recurring(sold, {"seats": 2}) == {"standard": Fraction(5000)}


def test_usage_counts_by_what_it_costs_unused():
    assert recurring(price(charge(LINES)), {}) == {"standard": Fraction(700)}
    least = charge(f'{LINES}, minimum: "20.00"')
    assert recurring(price(least), {}) == {"standard": Fraction(2000)}
    per_event = charge('code: share, kind: percentage, meter: outbound_lines, rate: "1", '
                       'fixed_fee: "0.30"')  # fmt: skip
    assert recurring(price(BASE + per_event), {}) == {"standard": Fraction(12000)}


def test_the_first_tiers_fee_and_the_order_of_discounts_follow_the_policies():
    free = DEFAULTS.over({"tier_entry_fee": "free_at_zero"})
    assert recurring(price(charge(LINES)), {}, free) == {"standard": 0}
    capped = price(charge('code: base, kind: flat, timing: advance, amount: "120.00", '
                          'discount: "10", maximum: "100.00"'))  # fmt: skip
    after = DEFAULTS.over({"price_discount": "after_maximum"})
    assert recurring(capped, {}) == {"standard": Fraction(10000)}
    assert recurring(capped, {}, after) == {"standard": Fraction(9000)}


def test_a_commitment_counts_where_it_is_more_than_the_fees():
    much = '        commitment: {amount: "500.00"}\n'
    little = '        commitment: {amount: "100.00"}\n'
    assert recurring(price(BASE, more=much), {}) == {"standard": Fraction(50000)}
    assert recurring(price(BASE, more=little), {}) == {"standard": Fraction(12000)}


def test_tax_is_taken_out_of_a_price_by_the_rate_of_the_day():
    raised = datetime(2026, 7, 1, tzinfo=UTC)
    held = [Stretch(NOON, None, {"standard": Fraction(11300)}, inclusive=True)]

    def tax(_category: str, at: datetime) -> Fraction:
        return Fraction(13 if at <= raised else 25, 100)

    assert standing(held, raised, tax).monthly == 10000
    assert standing(held, raised + timedelta(days=1), tax).monthly == 9040
    exclusive = [replace(held[0], inclusive=False)]
    assert standing(exclusive, raised, tax).monthly == 11300


def test_a_pause_counts_where_the_tenant_pays_for_it():
    sold = plan(BASE)
    timeline = then(started(sold.id), Pause(), 10)
    plans = {sold.id: sold}
    free = stretches(timeline.segments, "CNY", plans, PolicyBook())
    held = stretches(timeline.segments, "CNY", plans, PolicyBook({"pause": "holding_fee"}))
    assert [standing(s, at(20)).monthly for s in (free, held)] == [0, 12000]
