"""From an exact ratio to a whole number, in one of four named ways."""

from enum import StrEnum
from fractions import Fraction
from math import ceil, floor


class Rounding(StrEnum):
    """Which whole number stands for a ratio that is none."""

    HALF_AWAY = "half_away"
    """The nearest; a half goes away from zero (2.5 → 3, -2.5 → -3)."""
    HALF_EVEN = "half_even"
    """The nearest; a half goes to the even neighbour (2.5 → 2, 3.5 → 4)."""
    UP = "up"
    """Away from zero (2.1 → 3, -2.1 → -3)."""
    DOWN = "down"
    """Towards zero (2.9 → 2, -2.9 → -2)."""


def round_ratio(value: Fraction, rounding: Rounding = Rounding.HALF_AWAY) -> int:
    """Round once. What is whole already stays as it is in every way of rounding."""
    size = abs(value)
    match rounding:
        case Rounding.HALF_AWAY:
            nearest = (2 * size.numerator + size.denominator) // (2 * size.denominator)
        case Rounding.HALF_EVEN:
            nearest = round(size)  # of a Fraction: to even, and exact
        case Rounding.UP:
            nearest = ceil(size)
        case _:  # down
            nearest = floor(size)
    return nearest if value >= 0 else -nearest
