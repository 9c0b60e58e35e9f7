"""How credit notes, credit, drafts and events are shown."""

from datetime import date, datetime
from typing import Any

import msgspec

from billing.domain.records import NoteSummary
from billing.services.invoicing.read_credit import CreditView
from control_plane.kernel.ids import format_id
from metering.domain.events import EventPage
from web.api.document_views import ExplainedLineView


class CreditNoteView(msgspec.Struct):
    """A credit note as lists show it; amounts are decimal texts, all positive."""

    id: str
    number: str
    invoice_id: str
    currency: str
    net: str
    tax: str
    total: str
    lowered: str
    carried: str
    reason: str
    dated: date
    due_at: datetime
    issued_at: datetime


class CreditNoteDetail(msgspec.Struct):
    """A credit note with its frozen content and the manifest it was made from."""

    credit_note: CreditNoteView
    content: dict[str, Any]
    content_sha256: str
    manifest: dict[str, Any]


class NoteExplanationView(msgspec.Struct):
    """From the credit note's lines down to tiers and fractions, in the reader's language."""

    credit_note: CreditNoteView
    lines: list[ExplainedLineView]


class CreditMovement(msgspec.Struct):
    """One movement of the credit: carried in (positive), applied, or refunded."""

    kind: str
    amount: str
    currency: str
    invoice_id: str | None
    reference: str | None
    created_at: datetime


class CreditSourceView(msgspec.Struct):
    """Where credit comes from, and what is left of it."""

    kind: str
    reference: str
    left: str
    currency: str
    created_at: datetime


class CreditBody(msgspec.Struct):
    """What stands to the customer's credit, by currency, and how it came about."""

    balances: dict[str, str]
    sources: list[CreditSourceView]
    movements: list[CreditMovement]


class UpcomingView(msgspec.Struct):
    """A document that is not issued yet, as it would be issued now: ``draft`` or ``grace``."""

    state: str
    due_at: datetime
    issued_at: datetime
    content: dict[str, Any]


class LineEvent(msgspec.Struct):
    """One usage event behind a line.

    ``corrects`` is the id of the event that it counts in place of. One that is ``taken_back``
    counts below zero: an earlier line counted it.
    """

    source: str
    id: str
    time: datetime
    type: str
    subject: str | None
    data: Any
    corrects: str | None
    taken_back: bool


class LineEventPage(msgspec.Struct):
    """Some of the events behind a line, in order; ``after`` asks for the next page."""

    events: list[LineEvent]
    after: str | None


def note_view(note: NoteSummary) -> CreditNoteView:
    """Show a credit note."""
    return CreditNoteView(
        id=format_id("crn", note.id),
        number=note.number,
        invoice_id=format_id("inv", note.invoice_id),
        currency=note.total.currency.code,
        net=note.net.decimal_text(),
        tax=note.tax.decimal_text(),
        total=note.total.decimal_text(),
        lowered=note.lowered.decimal_text(),
        carried=note.carried.decimal_text(),
        reason=note.reason,
        dated=note.dated,
        due_at=note.due_at,
        issued_at=note.issued_at,
    )


def credit_body(found: CreditView) -> CreditBody:
    """Show a customer's credit."""
    return CreditBody(
        balances={total.currency.code: total.decimal_text() for total in found.totals},
        sources=[
            CreditSourceView(
                kind=source.kind,
                reference=source.reference,
                left=source.left.decimal_text(),
                currency=source.left.currency.code,
                created_at=source.created_at,
            )
            for source in found.sources
        ],
        movements=[
            CreditMovement(
                kind=entry.kind,
                amount=entry.amount.decimal_text(),
                currency=entry.amount.currency.code,
                invoice_id=None if entry.invoice_id is None else format_id("inv", entry.invoice_id),
                reference=entry.reference,
                created_at=entry.created_at,
            )
            for entry in found.entries
        ],
    )


def event_page(found: EventPage) -> LineEventPage:
    """Show a page of events."""
    return LineEventPage(
        events=[
            LineEvent(
                source=event.source,
                id=event.id,
                time=event.time,
                type=event.type,
                subject=event.subject,
                data=msgspec.json.decode(event.data_json),
                corrects=None if event.takes_back is None else event.takes_back.id,
                taken_back=(event.source, event.id) in found.taken_back,
            )
            for event in found.events
        ],
        after=found.after,
    )
