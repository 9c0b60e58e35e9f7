"""Exact decimals: one context that refuses to round, and one canonical text form."""

import re
from decimal import (
    ROUND_HALF_UP,
    Clamped,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Overflow,
    Subnormal,
)
from fractions import Fraction

from control_plane.kernel.errors import ErrorKind, TallyardError

PRECISION = 60

EXACT = Context(
    prec=PRECISION,
    rounding=ROUND_HALF_UP,
    Emin=-PRECISION,
    Emax=PRECISION,
    traps=[Clamped, DivisionByZero, FloatOperation, Inexact, InvalidOperation, Overflow, Subnormal],
)
"""The context in which exactness is claimed: 60 digits, and an error instead of a rounding.

Use its methods (``EXACT.multiply(a, b)``) or ``with localcontext(EXACT):``.
"""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_LONGEST = 2 * PRECISION


class InvalidNumber(TallyardError):
    """A text is not a number, or has more digits than exactness is promised for."""

    code = "invalid_number"
    kind = ErrorKind.INVALID
    message = "“{value}” is not a decimal number of at most {digits} digits."
    remedy = "Write digits with an optional point, such as 12 or 0.375."


class InexactNumber(TallyardError):
    """A ratio has no finite decimal form within the precision."""

    code = "inexact_number"
    kind = ErrorKind.INVALID
    message = "{value} cannot be written exactly as a decimal."
    remedy = "Keep it as a ratio, and round it once, where the rule says so."


def exact_decimal(text: str) -> Decimal:
    """Read a number in JSON's grammar without losing a digit.

    Raises:
        InvalidNumber: not a number (``NaN`` and ``Infinity`` included), or one that needs more
            than 60 digits or lies beyond 10 to the power of ±60.
    """
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        raise InvalidNumber(value=text[:_LONGEST], digits=PRECISION)
    try:
        return EXACT.create_decimal(text)
    except ArithmeticError:
        raise InvalidNumber(value=text, digits=PRECISION) from None


def quantity_text(value: Decimal | Fraction) -> str:
    """Write a quantity in its one canonical form: no exponent, no trailing zeros, no ``-0``.

    Raises:
        InexactNumber: ``value`` is not finite, or has no decimal form within 60 digits.
    """
    try:
        ratio = Fraction(value)
        exact = EXACT.divide(Decimal(ratio.numerator), Decimal(ratio.denominator))
    except (ArithmeticError, ValueError):
        raise InexactNumber(value=value) from None
    text = format(exact, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
