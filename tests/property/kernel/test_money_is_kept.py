"""Amounts are never made or lost: sums, splits, roundings and texts agree exactly."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.kernel.currency import CURRENCIES
from control_plane.kernel.money import CurrencyMismatch, Money, allocate, round_half_away

currencies = st.sampled_from(sorted(CURRENCIES.values(), key=lambda unit: unit.code))
minors = st.integers(-(1 << 61), 1 << 61)
amounts = st.builds(Money, minors, currencies)
ratios = st.fractions(min_value=0, max_value=1_000)
weights = st.lists(st.one_of(st.integers(0, 10**12), ratios), min_size=1, max_size=20).filter(any)


@given(amounts, weights)
def test_the_parts_of_a_split_add_up_to_the_whole(total, weights):
    parts = allocate(total, weights)

    assert Money.total(parts, total.currency) == total
    assert len(parts) == len(weights)


@given(amounts, weights)
def test_each_part_is_its_share_to_within_one_minor_unit(total, weights):
    whole = sum(weights, Fraction(0))

    for part, weight in zip(allocate(total, weights), weights, strict=True):
        assert abs(part.minor - total.minor * Fraction(weight) / whole) < 1


@given(amounts, weights)
def test_leftovers_go_by_largest_remainder_and_then_by_order(total, weights):
    whole = sum(weights, Fraction(0))
    shares = [abs(total.minor) * Fraction(weight) / whole for weight in weights]
    favoured = [
        abs(part.minor) > share
        for part, share in zip(allocate(total, weights), shares, strict=True)
    ]
    ranks = [(-(share % 1), order) for order, share in enumerate(shares)]

    best_left = min((r for r, up in zip(ranks, favoured, strict=True) if not up), default=None)
    worst_up = max((r for r, up in zip(ranks, favoured, strict=True) if up), default=None)
    assert best_left is None or worst_up is None or worst_up < best_left


@given(amounts, weights)
def test_a_negative_amount_splits_as_its_opposite(total, weights):
    assert allocate(-total, weights) == tuple(-part for part in allocate(total, weights))


@given(st.fractions())
def test_rounding_is_nearest_and_halves_go_away_from_zero(value):
    rounded = round_half_away(value)

    assert abs(rounded - value) <= Fraction(1, 2)
    assert round_half_away(-value) == -rounded
    if abs(rounded - value) == Fraction(1, 2):
        assert abs(rounded) > abs(value)


@given(amounts)
def test_the_text_of_an_amount_reads_back_as_the_amount(amount):
    assert Money.parse(amount.decimal_text(), amount.currency) == amount


@given(minors, minors, currencies)
def test_sums_and_comparisons_are_those_of_the_minor_units(left, right, unit):
    assert (Money(left, unit) + Money(right, unit)).minor == left + right
    assert (Money(left, unit) - Money(right, unit)).minor == left - right
    assert (Money(left, unit) < Money(right, unit)) == (left < right)
    assert (Money(left, unit) >= Money(right, unit)) == (left >= right)


@given(amounts, amounts)
def test_two_currencies_are_never_added(left, right):
    if left.currency != right.currency:
        with pytest.raises(CurrencyMismatch):
            left + right


@given(st.integers(0, 1 << 40), currencies, st.fractions(min_value=0, max_value=1))
def test_credit_and_charge_of_equal_prices_net_to_zero(price, unit, unused):
    amount = Money(price, unit)

    assert amount.scale(unused) - amount.scale(unused) == Money.zero(unit)
    assert Money.rounded(Fraction(price, unit.minor_per_major) * unused, unit) == amount.scale(
        unused
    )
