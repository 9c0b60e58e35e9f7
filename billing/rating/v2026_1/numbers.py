"""How exact numbers are written into an invoice's body."""

from decimal import Decimal
from fractions import Fraction

from control_plane.kernel.exact import InexactNumber, quantity_text


def exact_text(value: Decimal | Fraction) -> str:
    """Write a number without losing anything: ``12.5``, or ``2000/31`` where decimals never end."""
    try:
        return quantity_text(value)
    except InexactNumber:
        ratio = Fraction(value)
        return f"{ratio.numerator}/{ratio.denominator}"
