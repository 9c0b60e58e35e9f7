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
    """Write an exact number for a person: thousands apart, endless ones cut and marked so.

    ``7234`` becomes ``7,234``, and ``2000/31`` becomes ``≈64.516129``.
    """
    if "/" not in text:
        return grouped(text)
    scaled = round_half_away(Fraction(text) * 10**_SHOWN_DECIMALS)
    return f"≈{grouped(quantity_text(Fraction(scaled, 10**_SHOWN_DECIMALS)))}"


def grouped(text: str) -> str:
    """Write a decimal's thousands apart: ``-1999.00`` becomes ``-1,999.00``."""
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, point, decimals = digits.partition(".")
    return f"{sign}{int(whole):,}{point}{decimals}"
