from decimal import Decimal
from fractions import Fraction

import pytest

from control_plane.kernel.currency import CURRENCIES, UnknownCurrency, currency
from control_plane.kernel.money import (
    CurrencyMismatch,
    InvalidAmount,
    InvalidWeights,
    Money,
    MoneyOutOfRange,
    allocate,
    round_half_away,
)

CNY, JPY, KRW, KWD, USD = (currency(code) for code in ("CNY", "JPY", "KRW", "KWD", "USD"))


@pytest.mark.parametrize(
    ("code", "exponent"),
    [
        ("CNY", 2),
        ("USD", 2),
        ("EUR", 2),
        ("JPY", 0),
        ("KRW", 0),
        ("KWD", 3),
        ("GBP", 2),
        ("HKD", 2),
        ("TWD", 2),
        ("SGD", 2),
    ],
)
def test_currencies_have_the_exponents_of_iso_4217(code, exponent):
    assert currency(code).exponent == exponent
    assert currency(code).minor_per_major == 10**exponent


@pytest.mark.parametrize("code", ["", "cny", "XXX"])
def test_an_unknown_currency_is_refused_with_the_known_ones(code):
    with pytest.raises(UnknownCurrency) as refused:
        currency(code)

    assert refused.value.field == "currency"
    assert "CNY" in refused.value.advice


def test_currencies_cannot_be_added_at_run_time():
    with pytest.raises(TypeError):
        CURRENCIES["XXX"] = CNY


@pytest.mark.parametrize(
    ("text", "unit", "minor"),
    [
        ("19.99", CNY, 1999),
        ("0.5", CNY, 50),
        ("-0.05", CNY, -5),
        ("888.000", CNY, 88800),
        ("99999999.99", CNY, 9_999_999_999),
        ("1300000", KRW, 1_300_000),
        ("5.00", JPY, 5),
        ("1.234", KWD, 1234),
    ],
)
def test_amounts_are_read_exactly(text, unit, minor):
    assert Money.parse(text, unit) == Money(minor, unit)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("1.999", CNY),
        ("0.5", JPY),
        ("", CNY),
        ("1e3", CNY),
        ("1,000", CNY),
        ("+1", CNY),
        (".5", CNY),
        ("5.", CNY),
        ("NaN", CNY),
        (" 1", CNY),
        ("1\n", CNY),
        ("\u0661", CNY),
    ],
)
def test_what_is_no_amount_of_the_currency_is_refused(text, unit):
    with pytest.raises(InvalidAmount):
        Money.parse(text, unit)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Money(1990, CNY), "19.90"),
        (Money(-5, CNY), "-0.05"),
        (Money(0, CNY), "0.00"),
        (Money(5, JPY), "5"),
        (Money(-1234, KWD), "-1.234"),
    ],
)
def test_amounts_are_written_with_all_decimals_of_their_currency(amount, text):
    assert amount.decimal_text() == text
    assert str(amount) == f"{amount.currency.code} {text}"


def test_amounts_of_one_currency_add_and_compare():
    one, two = Money(100, CNY), Money(200, CNY)

    assert one + two == Money(300, CNY)
    assert one - two == Money(-100, CNY)
    assert -one == Money(-100, CNY)
    assert one < two
    assert one <= Money(100, CNY)
    assert two > one
    assert two >= Money(200, CNY)
    assert not one > two
    assert not two < one
    assert not two <= one
    assert not one >= two
    assert Money.total([one, two, two], CNY) == Money(500, CNY)
    assert Money.total([], CNY) == Money.zero(CNY)


@pytest.mark.parametrize(
    "combine",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
        lambda a, b: Money.total([a, b], CNY),
    ],
)
def test_two_currencies_never_meet(combine):
    with pytest.raises(CurrencyMismatch) as refused:
        combine(Money(1, CNY), Money(1, USD))

    assert str(refused.value) == "An amount in CNY cannot be combined with one in USD."


def test_equal_numbers_of_two_currencies_are_not_equal():
    assert Money(1, CNY) != Money(1, USD)


@pytest.mark.parametrize("minor", [1.0, True, "1", Decimal(1)])
def test_minor_units_are_whole_numbers(minor):
    with pytest.raises(TypeError):
        Money(minor, CNY)


def test_amounts_fill_63_bits_and_no_more():
    most = Money((1 << 63) - 1, CNY)

    assert -most == Money(-(1 << 63) + 1, CNY)
    with pytest.raises(MoneyOutOfRange):
        most + Money(1, CNY)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        ("5/2", 3),
        ("-5/2", -3),
        ("1/2", 1),
        ("-1/2", -1),
        ("7/3", 2),
        ("-7/3", -2),
        ("0", 0),
        ("249999999999999999999/100000000000000000000", 2),
        ("8/3", 3),
        ("-8/3", -3),
    ],
)
def test_halves_round_away_from_zero(value, rounded):
    assert round_half_away(Fraction(value)) == rounded


def test_scaling_rounds_once():
    assert Money(1999, CNY).scale(Fraction(1, 2)) == Money(1000, CNY)
    assert Money(-1999, CNY).scale(Fraction(1, 2)) == Money(-1000, CNY)
    assert Money(1999, CNY).scale(3) == Money(5997, CNY)


@pytest.mark.parametrize("major", [Decimal("0.005"), Fraction(1, 200)])
def test_exact_major_units_round_to_minor_ones(major):
    assert Money.rounded(major, CNY) == Money(1, CNY)
    assert Money.rounded(12, JPY) == Money(12, JPY)


def test_leftover_units_go_to_the_largest_remainders_and_ties_to_the_first():
    assert [part.minor for part in allocate(Money(100, CNY), [1, 1, 1])] == [34, 33, 33]
    assert [part.minor for part in allocate(Money(-100, CNY), [1, 1, 1])] == [-34, -33, -33]
    assert [part.minor for part in allocate(Money(10, CNY), [1, 2, 4])] == [1, 3, 6]
    assert [part.minor for part in allocate(Money(1, CNY), [0, 5, 5])] == [0, 1, 0]
    weights = [Fraction(1, 3), Fraction(2, 3)]
    assert [part.minor for part in allocate(Money(100, CNY), weights)] == [33, 67]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [2, -1]])
def test_weights_that_split_nothing_are_refused(weights):
    with pytest.raises(InvalidWeights):
        allocate(Money(100, CNY), weights)
