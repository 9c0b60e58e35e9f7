"""Each charge model at its edges. The worked examples of the docstrings are in the guide's test."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from billing.domain.pricing import MatrixPriceMissing, Usage, UsageGroup, price_fee, price_usage
from control_plane.catalog.domain import (
    Charge,
    ChargeKind,
    Conversion,
    ConversionRounding,
    Matrix,
    MatrixCell,
    Text,
    Tier,
    Timing,
)
from control_plane.catalog.policies import DEFAULTS
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money

WHOLE, THIRD = Fraction(1), Fraction(1, 3)
CNY = currency("CNY")
TIERS = (
    Tier(up_to=Decimal(10), unit_price=Decimal(2), flat_fee=Decimal(9)),
    Tier(up_to=None, unit_price=Decimal(1), flat_fee=Decimal(30)),
)


def charge(kind, **options):
    name = Text("Charge", "收费项")
    return Charge(code="c", kind=kind, timing=Timing.ARREARS, name=name, meter="m", **options)


def cny(text):
    return Money.parse(text, CNY)


def money(*amounts):
    exact = tuple(map(Decimal, amounts))
    return Usage(Decimal(len(exact)), len(exact), amount=sum(exact, Decimal(0)), amounts=exact)


def groups(**quantities):
    of = (UsageGroup((name,), Decimal(q), 1) for name, q in quantities.items())
    return Usage(Decimal(sum(quantities.values())), events=1, groups=tuple(of))


def kinds(price):
    return [step["step"] for step in price.steps]


@pytest.mark.parametrize(
    ("quantity", "amount"), [("0", 9), ("10", 29), ("10.5", Fraction("40.5")), ("100", 130)]
)
def test_volume_prices_everything_in_the_tier_that_is_reached(quantity, amount):
    price = price_usage(charge(ChargeKind.VOLUME, tiers=TIERS), Decimal(quantity), WHOLE)

    assert price.amount == amount


def test_volume_waits_for_the_close_of_the_period():
    price = price_usage(charge(ChargeKind.VOLUME, tiers=TIERS), Decimal(50), WHOLE, final=False)

    assert (price.amount, kinds(price)) == (0, ["at_close"])


def test_the_first_tiers_fee_is_free_at_zero_usage_when_the_policy_says_so():
    free = DEFAULTS.over({"tier_entry_fee": "free_at_zero"})

    for kind in (ChargeKind.GRADUATED, ChargeKind.VOLUME, ChargeKind.CAPACITY):
        asked = charge(kind, tiers=TIERS)
        assert price_usage(asked, Decimal(0), WHOLE).amount == 9
        assert price_usage(asked, Decimal(0), WHOLE, free).amount == 0
        assert price_usage(asked, Decimal("0.001"), WHOLE, free).amount > 9


@pytest.mark.parametrize(
    ("used", "up", "down"), [("50", 0, 0), ("50.01", 5, 0), ("150", 5, 5), ("150.5", 10, 5)]
)
def test_packages_are_whole_after_the_included_quantity(used, up, down):
    labels = charge(
        ChargeKind.PACKAGE,
        package_size=Decimal(100),
        unit_price=Decimal(5),
        included=Decimal(50),
    )

    assert price_usage(labels, Decimal(used), WHOLE).amount == up
    rounded_down = DEFAULTS.over({"package_rounding": "down"})
    assert price_usage(labels, Decimal(used), WHOLE, rounded_down).amount == down


def test_a_short_period_shrinks_what_is_included_and_no_package():
    labels = charge(
        ChargeKind.PACKAGE,
        package_size=Decimal(100),
        unit_price=Decimal(5),
        included=Decimal(90),
    )

    assert price_usage(labels, Decimal(130), THIRD).amount == 5
    assert price_usage(labels, Decimal(131), THIRD).amount == 10


def test_a_percentage_without_options_needs_no_single_amounts():
    rated = charge(ChargeKind.PERCENTAGE, rate=Decimal("1.5"), fixed_fee=Decimal("0.1"))
    usage = Usage(Decimal(3), events=3, amount=Decimal(200))

    price = price_usage(rated, usage, WHOLE)

    assert price.amount == Fraction("3.3")
    assert kinds(price) == ["percentage", "event_fees"]
    with pytest.raises(TypeError, match="by event"):
        price_usage(replace(rated, free_events=1), usage, WHOLE)


@pytest.mark.parametrize(
    ("options", "amounts", "amount"),
    [
        ({"free_events": 2}, ["100", "100", "50"], "1.1"),
        ({"free_amount": Decimal(100)}, ["60", "40", "1"], "0.12"),
        ({"free_amount": Decimal(100)}, ["60", "60"], "0.5"),
        ({"free_amount": Decimal(100)}, ["0", "100", "0"], "0.1"),
        ({"event_min": Decimal("0.5")}, ["1", "1000"], "20.6"),
        ({"event_max": Decimal(3)}, ["1", "1000"], "3.12"),
        ({"event_min": Decimal(1), "event_max": Decimal(1)}, ["1", "1000"], "2"),
    ],
)
def test_free_events_free_amounts_and_bounds_work_event_by_event(options, amounts, amount):
    rated = charge(ChargeKind.PERCENTAGE, rate=Decimal(2), fixed_fee=Decimal("0.1"), **options)

    assert price_usage(rated, money(*amounts), WHOLE).amount == Fraction(amount)


def test_a_short_period_has_its_share_of_what_is_free_whole_events_rounded_up():
    rated = charge(ChargeKind.PERCENTAGE, rate=Decimal(10), free_events=4, free_amount=Decimal(30))

    price = price_usage(rated, money("50", "50", "50"), THIRD)

    assert price.amount == 4  # two events and 10.00 are free


def test_a_matrix_without_a_default_refuses_what_it_does_not_list():
    matrix = Matrix(("region",), (MatrixCell(("east",), Decimal("0.10")),))
    asked = charge(ChargeKind.MATRIX, matrix=matrix)

    assert price_usage(asked, groups(east=5), WHOLE).amount == Fraction("0.5")
    with pytest.raises(MatrixPriceMissing, match="region: west"):
        price_usage(asked, groups(east=5, west=1), WHOLE)


def test_groups_tier_and_package_separately():
    tiered = charge(ChargeKind.GRADUATED, tiers=TIERS, group_by=("site",))

    price = price_usage(tiered, groups(b=10, a=20), WHOLE)

    assert price.amount == (9 + 20) + (9 + 20 + 30 + 10)
    assert [s["group"] for s in price.steps if s["step"] == "group"] == ["site: a", "site: b"]
    packed = charge(
        ChargeKind.PACKAGE, package_size=Decimal(10), unit_price=Decimal(1), group_by=("site",)
    )
    assert price_usage(packed, groups(b=1, a=1), WHOLE).amount == 2


def test_a_grouped_charge_without_usage_has_no_group_and_costs_nothing():
    tiered = charge(ChargeKind.GRADUATED, tiers=TIERS, group_by=("site",))

    assert price_usage(tiered, groups(), WHOLE).amount == 0


@pytest.mark.parametrize(
    ("rounding", "amount"),
    [
        (ConversionRounding.NONE, Fraction("2.5")),
        (ConversionRounding.UP, 3),
        (ConversionRounding.DOWN, 2),
    ],
)
def test_units_are_converted_before_anything_is_included(rounding, amount):
    stored = charge(
        ChargeKind.PER_UNIT,
        unit_price=Decimal(1),
        included=Decimal(1),
        conversion=Conversion(Decimal(1000), rounding),
    )

    assert price_usage(stored, Decimal(3500), WHOLE).amount == amount


def test_minimum_and_maximum_shrink_with_the_period_unless_nothing_is_prorated():
    bounded = charge(
        ChargeKind.PER_UNIT, unit_price=Decimal(1), minimum=cny("30.00"), maximum=cny("60.00")
    )
    unshared = DEFAULTS.over({"short_period": "none"})

    assert [price_usage(bounded, Decimal(q), THIRD).amount for q in (1, 15, 50)] == [10, 15, 20]
    assert price_usage(bounded, Decimal(1), THIRD, unshared).amount == 30
    assert price_usage(bounded, Decimal(1), WHOLE, final=False).amount == 1
    assert price_usage(bounded, Decimal(99), WHOLE, final=False).amount == 60


def test_a_discount_comes_before_the_maximum_or_after_it():
    bounded = charge(
        ChargeKind.PER_UNIT,
        unit_price=Decimal(1),
        minimum=cny("50.00"),
        maximum=cny("100.00"),
        discount=Decimal(10),
    )
    after = DEFAULTS.over({"price_discount": "after_maximum"})

    assert [price_usage(bounded, Decimal(q), WHOLE).amount for q in (40, 100, 200)] == [
        50,
        90,
        100,
    ]
    assert [price_usage(bounded, Decimal(q), WHOLE, after).amount for q in (40, 100, 200)] == [
        45,
        90,
        90,
    ]


def test_a_fee_without_a_quantity_ignores_one():
    fee = replace(charge(ChargeKind.FLAT), amount=cny("19.99"))

    assert price_fee(fee, Decimal(7)).amount == Fraction("19.99")
    assert price_fee(replace(fee, quantity="seats"), Decimal(7)).amount == Fraction("139.93")
    with pytest.raises(TypeError, match="no fee"):
        price_fee(charge(ChargeKind.FLAT))


def test_steps_hold_texts_and_whole_numbers_only():
    stored = charge(
        ChargeKind.GRADUATED,
        tiers=TIERS,
        included=Decimal(1),
        conversion=Conversion(Decimal(3)),
        minimum=cny("500.00"),
        discount=Decimal(5),
    )

    price = price_usage(stored, Decimal(100), THIRD, days=(10, 30))

    assert kinds(price) == ["converted", "included", "tier", "tier", "discount", "minimum"]
    values = [value for step in price.steps for value in step.values()]
    assert {type(value) for value in values} == {str, int}
    assert all((s["days"], s["of_days"]) == (10, 30) for s in price.steps if "days" in s)


@pytest.mark.parametrize(
    ("code", "minor"),
    [("CNY", 33), ("USD", 33), ("EUR", 33), ("JPY", 0), ("KRW", 0), ("KWD", 333)],
)
def test_a_price_is_rounded_to_the_minor_unit_of_its_currency(code, minor):
    third = charge(ChargeKind.PER_UNIT, unit_price=Decimal(1), conversion=Conversion(Decimal(3)))

    amount = price_usage(third, Decimal(1), WHOLE).amount

    assert Money.rounded(amount, currency(code)).minor == minor


@pytest.mark.parametrize(
    ("code", "minor"), [("KRW", 1_300_000), ("CNY", 9_999_999_999), ("KWD", 9_999_999_999_999)]
)
def test_large_amounts_stay_exact(code, minor):
    of = currency(code)
    fee = replace(charge(ChargeKind.FLAT), amount=Money(minor, of))

    assert Money.rounded(price_fee(fee).amount, of).minor == minor


def test_a_bare_number_is_one_event_of_unknown_properties_and_money_where_money_is_priced():
    rated = charge(ChargeKind.PERCENTAGE, rate=Decimal(2), event_min=Decimal(3))
    matrix = Matrix(("region",), (MatrixCell(("east",), Decimal(9)),), Decimal(2))
    grouped = charge(ChargeKind.GRADUATED, tiers=TIERS, group_by=("site",))

    assert price_usage(rated, Decimal(1000), WHOLE).amount == 20
    assert price_usage(rated, Decimal(100), WHOLE).amount == 3
    assert price_usage(charge(ChargeKind.DYNAMIC), Decimal("4.5"), WHOLE).amount == Fraction("4.5")
    assert price_usage(charge(ChargeKind.MATRIX, matrix=matrix), Decimal(5), WHOLE).amount == 10
    assert price_usage(grouped, Decimal(10), WHOLE).amount == 29
    assert price_usage(grouped, Decimal(0), WHOLE).amount == 0
