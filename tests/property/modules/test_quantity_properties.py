"""Quantities survive the way out and back in."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from inventory_modules.chassis.quantity import LARGEST, SCALE, parse_quantity, quantity_text, scaled


@given(st.integers(-(4 * 10**18), 4 * 10**18))
def test_every_balance_is_read_back_as_it_was_written(millionths: int):
    assert scaled(quantity_text(millionths)) == millionths


@given(st.integers(1, LARGEST))
def test_a_quantity_is_the_exact_decimal_of_its_text(millionths: int):
    text = quantity_text(millionths)

    assert parse_quantity(text, field="q") == millionths
    assert Decimal(text) * SCALE == millionths
