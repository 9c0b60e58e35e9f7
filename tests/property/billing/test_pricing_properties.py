"""What must hold for the price of any quantity."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from billing.domain.numbers import exact_text, read_exact
from billing.domain.pricing import price_tiers, price_usage
from control_plane.catalog.domain import ChargeKind, Tier
from tests.support.billing import USAGE

WHOLE = Fraction(1)
quantities = st.decimals(0, 10_000_000, places=6, allow_nan=False)
prices = st.decimals(0, 1000, places=8, allow_nan=False)
shares = st.integers(1, 31).map(lambda days: Fraction(days, 31))


@st.composite
def tiers(draw: st.DrawFn, fees: st.SearchStrategy[Decimal] = prices) -> tuple[Tier, ...]:
    bounds = sorted(draw(st.sets(st.integers(1, 10_000), max_size=4)))
    ends = [*map(Decimal, bounds), None]
    return tuple(Tier(end, draw(prices), draw(fees)) for end in ends)


@given(tiers(), quantities, shares)
def test_tiers_share_out_the_quantity(steps, quantity, share):
    parts = price_tiers(steps, Fraction(quantity), share)

    assert sum(part.quantity for part in parts) == quantity


@given(tiers(), quantities, quantities)
def test_more_usage_never_costs_less(steps, one, other):
    less, more = sorted((Fraction(one), Fraction(other)))

    assert _amount(steps, less) <= _amount(steps, more)


@given(tiers(fees=st.just(Decimal(0))), st.integers(1, 10_000))
def test_the_price_is_continuous_where_one_tier_meets_the_next(steps, bound):
    step = Fraction(1, 10**9)
    dearest = max(Fraction(tier.unit_price) for tier in steps)

    assert _amount(steps, bound + step) - _amount(steps, Fraction(bound)) <= dearest * step


@given(tiers(), quantities)
def test_a_tier_is_entered_beyond_its_lower_bound_only(steps, quantity):
    parts = price_tiers(steps, Fraction(quantity), WHOLE)

    assert all(part.quantity > 0 for part in parts[1:])


@given(quantities, prices)
def test_a_price_per_unit_is_quantity_times_price(quantity, unit_price):
    charge = replace(
        USAGE, kind=ChargeKind.PER_UNIT, unit_price=unit_price, tiers=(), included=Decimal(0)
    )

    price = price_usage(charge, quantity, WHOLE)

    assert price.amount == Fraction(quantity) * Fraction(unit_price)


@given(quantities, shares)
def test_the_included_quantity_costs_nothing_and_is_never_negative(quantity, share):
    price = price_usage(USAGE, quantity, share)

    assert price.billable == max(0, Fraction(quantity) - 2000 * share)


@given(st.fractions())
def test_exact_numbers_survive_being_written(value):
    assert read_exact(exact_text(value)) == value


def _amount(steps: tuple[Tier, ...], quantity: Fraction) -> Fraction:
    return sum((part.amount for part in price_tiers(steps, quantity, WHOLE)), Fraction(0))
