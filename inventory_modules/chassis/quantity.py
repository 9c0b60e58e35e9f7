"""Quantities: decimal texts at the edge, whole numbers of millionths inside.

SQLite has no exact decimal, so a quantity is stored as an integer scaled by 10**6.
"""

import re

from control_plane.kernel.errors import ErrorKind, TallyardError

SCALE = 1_000_000
PLACES = 6
LARGEST = 1_000_000_000 * SCALE
_SHOWN = 40
_DECIMAL = re.compile(r"(-?)([0-9]{1,30})(?:\.([0-9]{1,30}))?")


class QuantityNotDecimal(TallyardError):
    """A text is not a plain decimal number."""

    code = "quantity_not_decimal"
    kind = ErrorKind.INVALID
    message = "“{value}” is not a quantity."
    remedy = "Write a plain decimal number, such as 12 or 0.5."


class QuantityNotPositive(TallyardError):
    """A quantity is zero or less."""

    code = "quantity_not_positive"
    kind = ErrorKind.INVALID
    message = "A quantity is greater than zero, not {value}."
    remedy = "Leave the line out, or void the document that it should undo."


class QuantityTooFine(TallyardError):
    """A quantity has more than six decimals."""

    code = "quantity_too_fine"
    kind = ErrorKind.INVALID
    message = "The quantity {value} has more than {places} decimals."
    remedy = "Round it to {places} decimals."


class QuantityTooLarge(TallyardError):
    """A quantity is beyond a thousand million units."""

    code = "quantity_too_large"
    kind = ErrorKind.INVALID
    message = "The quantity {value} is larger than {largest}."
    remedy = "Check the number; if it is right, split it over several documents."


def parse_quantity(text: str, *, field: str) -> int:
    """Read a positive decimal text as millionths of a unit.

    Raises:
        QuantityNotDecimal: not digits with at most one point (no exponent, sign or NaN).
        QuantityNotPositive: zero or negative.
        QuantityTooFine: a digit other than zero beyond the sixth decimal.
        QuantityTooLarge: more than 10**9 units.
    """
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise QuantityNotDecimal(field=field, value=shown)
    sign, whole, fraction = match.groups()
    digits = (fraction or "").rstrip("0")
    scaled = int(whole) * SCALE + int(digits[:PLACES].ljust(PLACES, "0"))
    if sign or (scaled == 0 and not digits):
        raise QuantityNotPositive(field=field, value=shown)
    if len(digits) > PLACES:
        raise QuantityTooFine(field=field, value=shown, places=PLACES)
    if scaled > LARGEST:
        raise QuantityTooLarge(field=field, value=shown, largest=quantity_text(LARGEST))
    return scaled


def quantity_text(scaled: int) -> str:
    """Write millionths of a unit as the shortest decimal text: ``1500000`` gives ``1.5``."""
    whole, rest = divmod(abs(scaled), SCALE)
    sign = "-" if scaled < 0 else ""
    fraction = f".{rest:06d}".rstrip("0") if rest else ""
    return f"{sign}{whole}{fraction}"


def scaled(text: str) -> int:
    """Read what ``quantity_text`` wrote, of any sign.

    Raises:
        ValueError: another text.
    """
    match = _DECIMAL.fullmatch(text)
    if match is None or len(match[3] or "") > PLACES:
        raise ValueError(text)
    size = int(match[2]) * SCALE + int((match[3] or "").ljust(PLACES, "0"))
    return -size if match[1] else size
