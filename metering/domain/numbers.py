"""Numbers of an event's data: exact, bounded, and in one canonical form."""

import re
from decimal import Decimal

from control_plane.kernel.exact import EXACT
from metering.errors import NumberOutOfRange

DIGITS_BEFORE = 18
DIGITS_AFTER = 12
"""Beyond what the billing rules ask for (15 and 12), and small enough that the
sum of 10^12 such numbers times a price still fits 60 digits."""

_LIMIT = 10**DIGITS_BEFORE
_ONE = Decimal(1)
_ZERO = Decimal(0)

QUANTITY_TEXT = rf"[0-9]{{1,{DIGITS_BEFORE}}}(\.[0-9]{{1,{DIGITS_AFTER}}})?"
"""A quantity written as text, for `re` and for PostgreSQL alike; never negative."""

_QUANTITY = re.compile(QUANTITY_TEXT, re.ASCII)


def canonical_number(value: int | Decimal) -> Decimal:
    """Return the one Decimal that stands for this number: 1, 1.0 and 1e0 are all ``1``.

    Raises:
        NumberOutOfRange: not finite, or too many digits on either side of the point.
    """
    if isinstance(value, int):
        if -_LIMIT < value < _LIMIT:
            return Decimal(value)
        raise out_of_range()
    if not value.is_finite():
        raise out_of_range()
    if not value:
        return _ZERO
    if value.adjusted() >= DIGITS_BEFORE:
        raise out_of_range()
    try:
        number = shortest(value)
    except ArithmeticError:
        raise out_of_range() from None
    if -_exponent(number) > DIGITS_AFTER:
        raise out_of_range()
    return number


def shortest(value: Decimal) -> Decimal:
    """Return the same number without trailing zeros after the point, or an exponent above 0.

    Raises:
        ArithmeticError: it has more than 60 digits.
    """
    number = EXACT.normalize(value)
    return EXACT.quantize(number, _ONE) if _exponent(number) > 0 else number


def _exponent(number: Decimal) -> int:
    return int(number.as_tuple().exponent)


def quantity(value: object) -> Decimal | None:
    """Return the quantity that a property states, or None when it states none.

    A quantity is a number of zero or more, or its digits as a text.
    """
    if isinstance(value, str):
        return canonical_number(Decimal(value)) if _QUANTITY.fullmatch(value) else None
    if isinstance(value, Decimal) and value >= 0:
        return value
    return None


def out_of_range() -> NumberOutOfRange:
    """Build the refusal of a number."""
    return NumberOutOfRange(before=DIGITS_BEFORE, after=DIGITS_AFTER, field="data")
