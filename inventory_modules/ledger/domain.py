"""What the ledger takes: a posting of lines, each a quantity between two locations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from control_plane.kernel.calendar import instant_text, parse_instant
from control_plane.kernel.canonical import canonical_json, sha256_hex
from control_plane.kernel.errors import ErrorKind, TallyardError
from inventory_modules.chassis.errors import InvalidRequest
from inventory_modules.chassis.quantity import parse_quantity, quantity_text
from inventory_modules.chassis.wording import LONGEST_SKU, check_text

LONGEST_KEY = 200
LONGEST_LOCATION = 64
MOST_LINES = 1000


class LineCountInvalid(TallyardError):
    """A document has no lines, or more than fit in one transaction."""

    code = "line_count_invalid"
    kind = ErrorKind.INVALID
    message = "{value} lines were sent; one to {most} are possible."
    remedy = "Split the document into several."


class SameLocation(TallyardError):
    """A line moves goods from a location to itself."""

    code = "same_location"
    kind = ErrorKind.INVALID
    message = "The line leads from “{value}” to itself."
    remedy = "Name two different locations."


class MovementLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a request; ``quantity`` is a decimal text."""

    sku: str
    quantity: str
    source: str = msgspec.field(name="from")
    target: str = msgspec.field(name="to")


class MovementsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /v1/movements``."""

    key: str
    lines: list[MovementLine]
    at: str


@dataclass(frozen=True, slots=True)
class Line:
    """One movement to be: ``quantity`` in millionths of a unit, more than zero."""

    sku: str
    source: str
    target: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Posting:
    """Movements that happen together or not at all, known by ``(source, key)``."""

    source: str
    key: str
    hash: str
    lines: tuple[Line, ...]
    at: datetime


def read_posting(request: MovementsRequest, *, source: str) -> Posting:
    """Check a request and give it its hash: equal content, equal hash.

    Raises:
        InvalidRequest: with one cause for every field that breaks a rule.
    """
    causes: list[TallyardError] = []
    lines: list[Line] = []
    at: datetime | None = None
    if not 1 <= len(request.lines) <= MOST_LINES:
        causes.append(LineCountInvalid(field="lines", value=len(request.lines), most=MOST_LINES))
    try:
        check_text(request.key, LONGEST_KEY, field="key")
        at = parse_instant(request.at)
    except TallyardError as error:
        causes.append(error)
    for number, line in enumerate(request.lines[:MOST_LINES]):
        try:
            lines.append(_read_line(line, f"lines[{number}]"))
        except TallyardError as error:
            causes.append(error)
    if causes or at is None:
        raise InvalidRequest(causes=causes)
    return Posting(source, request.key, _hash(lines, at), tuple(lines), at)


def _read_line(line: MovementLine, field: str) -> Line:
    check_text(line.sku, LONGEST_SKU, field=f"{field}.sku")
    check_text(line.source, LONGEST_LOCATION, field=f"{field}.from")
    check_text(line.target, LONGEST_LOCATION, field=f"{field}.to")
    if line.source == line.target:
        raise SameLocation(field=f"{field}.to", value=line.target)
    quantity = parse_quantity(line.quantity, field=f"{field}.quantity")
    return Line(line.sku, line.source, line.target, quantity)


def _hash(lines: Sequence[Line], at: datetime) -> str:
    rows = [[line.sku, line.source, line.target, quantity_text(line.quantity)] for line in lines]
    return sha256_hex(canonical_json({"at": instant_text(at), "lines": rows}))
