"""Quantities at the edge and inside."""

import pytest

from inventory_modules.chassis.quantity import (
    QuantityNotPositive,
    parse_quantity,
    quantity_text,
    scaled,
)


@pytest.mark.parametrize(
    ("text", "millionths"),
    [("1", 1_000_000), ("0.000001", 1), ("2.50", 2_500_000), ("0012", 12_000_000)],
)
def test_a_decimal_text_becomes_millionths(text: str, millionths: int):
    assert parse_quantity(text, field="q") == millionths


def test_zeros_beyond_the_sixth_decimal_are_harmless():
    assert parse_quantity("1.50000000000", field="q") == 1_500_000


def test_the_field_and_the_value_are_in_the_refusal():
    with pytest.raises(QuantityNotPositive) as caught:
        parse_quantity("-3", field="lines[2].quantity")

    assert (caught.value.field, caught.value.fields["value"]) == ("lines[2].quantity", "-3")


@pytest.mark.parametrize(
    ("millionths", "text"), [(0, "0"), (-1, "-0.000001"), (1_500_000, "1.5"), (-2_000_000, "-2")]
)
def test_millionths_become_the_shortest_text(millionths: int, text: str):
    assert quantity_text(millionths) == text


def test_a_text_that_was_not_written_here_is_not_read_back():
    with pytest.raises(ValueError, match=r"1\.0000001"):
        scaled("1.0000001")
