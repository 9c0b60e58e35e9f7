from fractions import Fraction

import pytest

from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money
from control_plane.kernel.rounding import Rounding, round_ratio


@pytest.mark.parametrize(
    ("rounding", "rounded"),
    [
        (Rounding.HALF_AWAY, [3, 4, 2, -3, -4, 2, -3]),
        (Rounding.HALF_EVEN, [2, 4, 2, -2, -4, 2, -3]),
        (Rounding.UP, [3, 4, 3, -3, -4, 2, -3]),
        (Rounding.DOWN, [2, 3, 2, -2, -3, 2, -2]),
    ],
)
def test_a_ratio_is_rounded_the_named_way(rounding, rounded):
    ratios = ["5/2", "7/2", "21/10", "-5/2", "-7/2", "2", "-29/10"]

    assert [round_ratio(Fraction(text), rounding) for text in ratios] == rounded


def test_money_is_rounded_half_away_unless_told_otherwise():
    cny, jpy = currency("CNY"), currency("JPY")

    assert Money.rounded(Fraction("0.005"), cny).minor == 1
    assert Money.rounded(Fraction("0.005"), cny, Rounding.HALF_EVEN).minor == 0
    assert Money(5, jpy).scale(Fraction(1, 2), Rounding.DOWN).minor == 2


def test_major_units_are_exact():
    assert Money(12345, currency("KWD")).major == Fraction("12.345")
