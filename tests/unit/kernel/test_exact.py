from decimal import Decimal, FloatOperation, Inexact, localcontext
from fractions import Fraction

import pytest

from control_plane.kernel.exact import (
    EXACT,
    InexactNumber,
    InvalidNumber,
    exact_decimal,
    quantity_text,
)


def test_the_exact_context_keeps_15_digits_times_12_decimals():
    quantity, rate = Decimal("999999999999999.999999999999"), Decimal("999999999999.999999999999")

    product = EXACT.multiply(quantity, rate)

    assert Fraction(product) == Fraction(quantity) * Fraction(rate)


def test_the_exact_context_raises_rather_than_rounds():
    with localcontext(EXACT), pytest.raises(Inexact):
        Decimal(1) / Decimal(3)


def test_the_exact_context_lets_no_float_in():
    with localcontext(EXACT), pytest.raises(FloatOperation):
        Decimal(float("0.1"))


@pytest.mark.parametrize("text", ["0", "-0", "12", "0.375", "-1.50", "1e3", "2.5E-7", "9" * 60])
def test_numbers_of_json_are_read_exactly(text):
    assert exact_decimal(text) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "NaN",
        "Infinity",
        "+1",
        "01",
        ".5",
        "5.",
        "1_000",
        " 1",
        "1\n",
        "٣",
        "0x1",
        "9" * 61,
        "1e999",
        "1e-61",
        "1e1000000000",
        "0." + "1" * 61,
        "1" * 200,
    ],
)
def test_what_is_no_number_or_too_long_is_refused(text):
    with pytest.raises(InvalidNumber):
        exact_decimal(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1.500"), "1.5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.0"), "0"),
        (Decimal(100), "100"),
        (Decimal("-0.000001"), "-0.000001"),
        (Fraction(3, 8), "0.375"),
        (Fraction(-12), "-12"),
    ],
)
def test_quantities_have_one_canonical_text(value, text):
    assert quantity_text(value) == text


@pytest.mark.parametrize("value", [Fraction(1, 3), Decimal("NaN"), Decimal("Infinity")])
def test_what_has_no_finite_decimal_form_is_refused(value):
    with pytest.raises(InexactNumber):
        quantity_text(value)
