"""What must hold for every charge model, whatever its prices and however much is used."""

import itertools
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from billing.domain.pricing import Usage, UsageGroup, price_usage
from control_plane.catalog.charge_codec import charge_body, charge_from_body
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
from control_plane.catalog.policies import DEFAULTS, POLICY_NAMES, Policies, policy_choices
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money

WHOLE = Fraction(1)
CNY = currency("CNY")
MONOTONIC = [
    ChargeKind.PER_UNIT,
    ChargeKind.GRADUATED,
    ChargeKind.PACKAGE,
    ChargeKind.CAPACITY,
]
quantities = st.decimals(0, 100_000, places=6, allow_nan=False)
prices = st.decimals(0, 1000, places=8, allow_nan=False)
amounts = st.decimals(0, 10_000, places=4, allow_nan=False)
percentages = st.decimals(0, 100, places=4, allow_nan=False)
shares = st.integers(1, 31).map(lambda days: Fraction(days, 31))


@st.composite
def tiers(draw, fees=prices):
    bounds = sorted(draw(st.sets(st.integers(1, 10_000), max_size=4)))
    ends = [*map(Decimal, bounds), None]
    return tuple(Tier(end, draw(prices), draw(fees), draw(percentages)) for end in ends)


@st.composite
def charges(draw, kinds=tuple(MONOTONIC)):
    """A usage charge of one of the models, with any options that they share."""
    bounds = sorted(draw(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6))))
    least, most = (draw(st.sampled_from([None, Money(bound, CNY)])) for bound in bounds)
    return Charge(
        code="c",
        kind=draw(st.sampled_from(kinds)),
        timing=Timing.ARREARS,
        name=Text("Charge", "收费项"),
        meter="m",
        unit_price=draw(prices),
        included=draw(quantities),
        tiers=draw(tiers()),
        package_size=draw(st.decimals("0.001", 1000, places=3, allow_nan=False)),
        conversion=draw(
            st.none()
            | st.builds(
                Conversion,
                st.decimals("0.001", 1000, places=3, allow_nan=False),
                st.sampled_from(ConversionRounding),
            )
        ),
        minimum=least,
        maximum=most,
        discount=draw(percentages),
    )


@st.composite
def percentage_charges(draw):
    return replace(
        draw(charges((ChargeKind.PERCENTAGE,))),
        rate=draw(percentages),
        fixed_fee=draw(prices),
        free_events=draw(st.integers(0, 5)),
        free_amount=draw(amounts),
        event_min=draw(st.none() | prices),
        event_max=draw(st.none() | prices.map(lambda price: price + 1000)),
    )


@st.composite
def policies(draw):
    return DEFAULTS.over(
        {name: draw(st.sampled_from(policy_choices(name))) for name in _PRICING_POLICIES}
    )


_PRICING_POLICIES = ("tier_entry_fee", "package_rounding", "price_discount", "short_period")


def plain(charge):
    """The charge without discount and bounds."""
    return replace(charge, minimum=None, maximum=None, discount=Decimal(0))


def of_money(listed):
    total = sum(listed, Decimal(0))
    return Usage(Decimal(len(listed)), len(listed), amount=total, amounts=tuple(listed))


@given(charges(), quantities, quantities, shares, policies())
def test_more_usage_never_costs_less_where_prices_do_not_fall(charge, one, other, share, chosen):
    less, more = (price_usage(charge, q, share, chosen).amount for q in sorted((one, other)))

    assert less <= more


@given(percentage_charges(), st.lists(amounts, max_size=8), amounts, shares)
def test_one_more_event_at_the_end_never_costs_less(charge, listed, another, share):
    before = price_usage(charge, of_money(listed), share).amount

    assert before <= price_usage(charge, of_money([*listed, another]), share).amount


@given(percentage_charges(), st.lists(amounts, max_size=8))
def test_a_percentage_is_the_sum_of_what_each_event_adds(charge, listed):
    plain_charge = plain(charge)
    costs = [
        price_usage(plain_charge, of_money(listed[:n]), WHOLE).amount
        for n in range(len(listed) + 1)
    ]

    steps = [after - before for before, after in itertools.pairwise(costs)]
    assert sum(steps) == costs[-1]
    assert all(step <= (charge.event_max or 10**9) for step in steps)
    assert all(step == 0 for step in steps[: charge.free_events])


@given(charges(tuple(MONOTONIC)), quantities, shares, policies())
def test_the_price_lies_within_the_bounds_that_are_left_by_the_discount(
    charge, quantity, share, chosen
):
    amount = price_usage(charge, quantity, share, chosen).amount
    held = WHOLE if chosen.short_period == "none" else share

    assert amount >= 0
    if charge.maximum is not None:
        assert amount <= charge.maximum.major * held
    if charge.minimum is not None and chosen.price_discount == "before_maximum":
        assert amount >= charge.minimum.major * held


@given(charges((ChargeKind.GRADUATED, ChargeKind.VOLUME)), st.integers(1, 10_000), tiers())
def test_graduated_and_volume_agree_within_the_first_tier(charge, used, steps):
    first = steps[0].up_to or Decimal(10**6)
    asked = plain(replace(charge, tiers=steps, included=Decimal(0), conversion=None))
    quantity = min(Decimal(used), first)

    graduated, volume = (
        price_usage(replace(asked, kind=kind), quantity, WHOLE).amount
        for kind in (ChargeKind.GRADUATED, ChargeKind.VOLUME)
    )

    assert graduated == volume


@given(tiers(fees=st.just(Decimal(0))), quantities)
def test_volume_never_costs_more_than_graduated_when_prices_fall(steps, quantity):
    falling = sorted((tier.unit_price for tier in steps), reverse=True)
    cheaper = tuple(
        replace(tier, unit_price=price) for tier, price in zip(steps, falling, strict=True)
    )
    asked = Charge("c", ChargeKind.VOLUME, Timing.ARREARS, Text("", ""), meter="m", tiers=cheaper)

    volume = price_usage(asked, quantity, WHOLE).amount
    assert volume <= price_usage(replace(asked, kind=ChargeKind.GRADUATED), quantity, WHOLE).amount


@given(tiers(fees=st.just(Decimal(0))), amounts, amounts)
def test_graduated_percentages_are_continuous_and_rise(steps, one, other):
    asked = Charge(
        "c", ChargeKind.GRADUATED_PERCENTAGE, Timing.ARREARS, Text("", ""), meter="m", tiers=steps
    )
    less, more = sorted((one, other))

    rise = (
        price_usage(asked, of_money([more]), WHOLE).amount
        - price_usage(asked, of_money([less]), WHOLE).amount
    )

    assert 0 <= rise <= Fraction(more - less)


@given(
    charges((*MONOTONIC, ChargeKind.VOLUME)),
    st.lists(quantities, min_size=1, max_size=4),
    shares,
    policies(),
)
def test_groups_cost_what_each_costs_alone(charge, listed, share, chosen):
    grouped = replace(plain(charge), group_by=("site",))
    usage = Usage(
        sum(listed, Decimal(0)),
        events=len(listed),
        groups=tuple(UsageGroup((str(n),), q, 1) for n, q in enumerate(listed)),
    )

    alone = [price_usage(plain(charge), q, share, chosen).amount for q in listed]

    assert price_usage(grouped, usage, share, chosen).amount == sum(alone)


@given(st.lists(quantities, min_size=1, max_size=5), st.lists(prices, min_size=5, max_size=5))
def test_a_matrix_is_the_sum_of_its_cells(listed, each):
    cells = tuple(MatrixCell((str(n),), price) for n, price in enumerate(each))
    asked = Charge(
        "c",
        ChargeKind.MATRIX,
        Timing.ARREARS,
        Text("", ""),
        meter="m",
        matrix=Matrix(("zone",), cells),
    )
    groups = tuple(UsageGroup((str(n),), q, 1) for n, q in enumerate(listed))

    price = price_usage(asked, Usage(sum(listed, Decimal(0)), 1, groups=groups), WHOLE)

    assert price.amount == sum(
        Fraction(q) * Fraction(p) for q, p in zip(listed, each, strict=False)
    )


@given(charges(), st.lists(quantities, min_size=1, max_size=5), shares)
def test_parts_billed_by_the_difference_add_up_to_the_whole(charge, used, share):
    billed, total = Fraction(0), Decimal(0)
    for n, quantity in enumerate(used, start=1):
        total += quantity
        final = n == len(used)
        owed = price_usage(charge, total, share, final=final).amount
        assert owed >= billed
        billed += owed - billed

    assert billed == price_usage(charge, total, share).amount


@given(charges(tuple(ChargeKind)), percentage_charges())
def test_charges_survive_being_stored(charge, percentage):
    for asked in (charge, percentage):
        assert charge_from_body(charge_body(asked), CNY) == asked


@given(st.data())
def test_policies_survive_being_written_and_the_last_word_wins(data):
    name = data.draw(st.sampled_from(POLICY_NAMES))
    chosen = data.draw(st.sampled_from(policy_choices(name) or (0, 30, 365)))
    laid = DEFAULTS.over({name: policy_choices(name)[-1] if policy_choices(name) else 7})

    result = laid.over({name: chosen})

    assert getattr(result, name) == chosen
    assert Policies.from_body(result.body()) == result
