"""How exact numbers are written into an invoice's body, and read by people."""

from decimal import Decimal
from fractions import Fraction

from control_plane.kernel.exact import InexactNumber, quantity_text
from control_plane.kernel.money import round_half_away

_SHOWN_DECIMALS = 6


def exact_text(value: Decimal | Fraction) -> str:
    """Write a number without losing anything: ``12.5``, or ``2000/31`` where decimals never end."""
    try:
        return quantity_text(value)
    except InexactNumber:
        ratio = Fraction(value)
        return f"{ratio.numerator}/{ratio.denominator}"


def read_exact(text: str) -> Fraction:
    """Read back what `exact_text` wrote."""
    return Fraction(text)


def shown(text: str) -> str:
    """Write an exact number for a person: ratios as decimals, cut to six places and marked so."""
    if "/" not in text:
        return text
    scaled = round_half_away(Fraction(text) * 10**_SHOWN_DECIMALS)
    return f"≈{quantity_text(Fraction(scaled, 10**_SHOWN_DECIMALS))}"
