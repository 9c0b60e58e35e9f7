"""The guide to prices is true: its examples are read, and cost what it says."""

import json
import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from billing.domain.pricing import Usage, UsageGroup, price_fee, price_usage
from control_plane.catalog.charge_codec import charge_body, charge_from_body
from control_plane.catalog.codec import addon_body, addon_from_body, plan_body, plan_from_body
from control_plane.catalog.definitions import (
    definitions_body,
    definitions_from_body,
    definitions_of,
)
from control_plane.catalog.domain import Aggregation, ChargeKind
from control_plane.catalog.policies import DEFAULTS, POLICY_NAMES, policy_choices
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money
from tests.support.pricing_guide import GUIDE, guide, guide_charge

CNY = currency("CNY")


def quantity(text, **more):
    return Usage(Decimal(text), events=1, **more)


def money(*amounts):
    exact = tuple(map(Decimal, amounts))
    return Usage(Decimal(len(exact)), len(exact), amount=sum(exact, Decimal(0)), amounts=exact)


def cells(**quantities):
    return Usage(
        sum(map(Decimal, quantities.values()), Decimal(0)),
        events=1,
        groups=tuple(
            UsageGroup(tuple(name.split("_")), Decimal(q), 1) for name, q in quantities.items()
        ),
    )


EXAMPLES = [
    ("per_line", quantity("1250"), "0.50"),
    ("graduated_lines", quantity("7234"), "257.02"),
    ("parcel_volume", quantity("1001"), "80.08"),
    ("parcel_volume", quantity("1000"), "100.00"),
    ("labels", quantity("251"), "15.00"),
    ("sales_fee", money("80", "40", "20", "5"), "0.60"),
    ("sales_share", money("900", "600"), "45.00"),
    ("places", quantity("170"), "130.00"),
    ("carrier_cost", money("12.35", "8.10", "9.555"), "30.01"),
    ("handling", cells(east_cold="10", east_dry="20", west_dry="5"), "2.60"),
    ("storage", quantity("5400000000"), "20.00"),
]


@pytest.mark.parametrize(("code", "usage", "price"), EXAMPLES)
def test_an_example_costs_what_the_guide_says(code, usage, price):
    priced = price_usage(guide_charge(code), usage, Fraction(1))

    assert Money.rounded(priced.amount, CNY).decimal_text() == price
    assert price in GUIDE.read_text()


def test_the_example_of_seats_costs_what_the_guide_says():
    assert price_fee(guide_charge("seats"), Decimal(12)).amount == 270


def test_the_guide_shows_every_model_aggregation_and_policy():
    text = GUIDE.read_text()
    charges = [c for plan in guide().plans.values() for p in plan.prices for c in p.charges]

    assert {charge.kind for charge in charges} == set(ChargeKind)
    assert all(f"`{aggregation}`" in text for aggregation in Aggregation)
    for name in POLICY_NAMES:
        first, *others = policy_choices(name) or (str(DEFAULTS.payment_term_days),)
        assert re.search(rf"\| `{name}` \| {first}\b", text), name
        assert all(re.search(rf"`{name}` .*\b{other}\b", text) for other in others), name


def test_what_is_read_is_stored_and_read_back():
    for plan in guide().plans.values():
        body = json.loads(json.dumps(plan_body(plan)))
        assert plan_from_body(plan.id, plan.version, body) == plan
    for addon in guide().addons.values():
        body = json.loads(json.dumps(addon_body(addon)))
        assert addon_from_body(addon.id, addon.version, body) == addon
    definitions = json.loads(json.dumps(definitions_body(guide())))
    assert definitions_from_body(definitions) == definitions_of(guide())


def test_a_charge_of_an_older_catalogue_keeps_its_body():
    charge = replace(guide_charge("graduated_lines"), tiers=guide_charge("per_line").tiers)

    assert list(charge_body(charge)) == [
        "code",
        "kind",
        "timing",
        "name",
        "amount",
        "meter",
        "unit_price",
        "included",
        "tiers",
    ]
    assert charge_from_body(charge_body(charge), CNY) == charge


def test_an_early_bird_pays_by_the_longest_lead_kept():
    peak = guide().addon("peak_double11")

    prices = [peak.price(CNY, days).minor for days in (90, 60, 59, 30, 29, 0)]

    assert prices == [68800, 68800, 78800, 78800, 88800, 88800]
    assert peak.price(CNY).minor == 88800
    assert [peak.refund_percent(days) for days in (31, 30, 29, 7, 6, 0)] == [100, 100, 50, 50, 0, 0]


def test_a_price_of_several_intervals_is_another_price():
    plan = guide().plans["prices_0"]

    assert plan.price(currency("JPY"), plan.prices[0].interval, 6).tax_inclusive
    assert plan.price(currency("KWD"), plan.prices[1].interval).charges[0].amount.minor == 99125
    assert plan.prices[1].charges[1].interval == "month"
