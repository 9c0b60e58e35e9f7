"""From a request's body to a checked draft, with every broken rule reported at once."""

from datetime import datetime, timedelta

import msgspec

from control_plane.kernel.errors import TallyardError
from control_plane.kernel.instants import instant_text, parse_instant
from inventory_modules.chassis.bodies import collect, decode
from inventory_modules.chassis.errors import InvalidRequest
from inventory_modules.chassis.quantity import parse_quantity
from inventory_modules.chassis.wording import LONGEST_REFERENCE, LONGEST_SKU, check_text
from inventory_modules.documents.domain import DocumentLine, Draft
from inventory_modules.documents.errors import LineCountInvalid, OccurredInFuture

MOST_LINES = 1000
_CLOCK_SKEW = timedelta(minutes=5)  # two honest machines may disagree by this much


class LineRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line as sent: ``quantity`` is a decimal text."""

    sku: str
    quantity: str


class DocumentRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body that posts a document."""

    lines: list[LineRequest]
    reference: str = ""
    occurred_at: str | None = None


def read_draft(body: bytes, *, now: datetime) -> Draft:
    """Read and check a body; ``now`` is the tenant's clock.

    Raises:
        MalformedBody: it is not JSON of this form.
        InvalidRequest: with one cause for every field that breaks a rule.
    """
    request = decode(body, DocumentRequest)
    causes: list[TallyardError] = []
    if not 1 <= len(request.lines) <= MOST_LINES:
        causes.append(LineCountInvalid(field="lines", value=len(request.lines), most=MOST_LINES))
    lines = [
        _read_line(causes, line, f"lines[{number}]")
        for number, line in enumerate(request.lines[:MOST_LINES])
    ]
    if request.reference:
        text = request.reference
        collect(causes, lambda: check_text(text, LONGEST_REFERENCE, field="reference"))
    occurred_at = collect(causes, lambda: _read_instant(request.occurred_at, now))
    if causes:
        raise InvalidRequest(causes=causes)
    return Draft(request.reference, tuple(line for line in lines if line), occurred_at)


def _read_line(causes: list[TallyardError], line: LineRequest, field: str) -> DocumentLine | None:
    sku = collect(causes, lambda: check_text(line.sku, LONGEST_SKU, field=f"{field}.sku"))
    quantity = collect(causes, lambda: parse_quantity(line.quantity, field=f"{field}.quantity"))
    return None if sku is None or quantity is None else DocumentLine(sku, quantity)


def _read_instant(text: str | None, now: datetime) -> datetime | None:
    if text is None:
        return None
    at = parse_instant(text)
    if at > now + _CLOCK_SKEW:
        raise OccurredInFuture(field="occurred_at", value=instant_text(at), now=instant_text(now))
    return at
