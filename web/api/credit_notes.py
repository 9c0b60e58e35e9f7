"""Credit notes, what stands to the customer's credit, and what is not issued yet."""

from datetime import date, datetime
from typing import Any

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from billing.domain.records import NoteSummary
from billing.repositories.invoices import InvoiceFilter
from billing.services.invoicing.read_credit import CreditView
from control_plane.identity.domain import Permission
from control_plane.kernel.ids import CreditNoteId, format_id
from metering.domain.events import EventPage
from web.api.common import ApiRequest, id_from, tenant
from web.api.invoices import ExplainedLineView, VerificationView, invoice_id_from
from web.compose import Application

READ = {"permission": Permission.INVOICE_READ}


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
    """One usage event behind a line."""

    source: str
    id: str
    time: datetime
    type: str
    subject: str | None
    data: Any


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
            LineEvent(e.source, e.id, e.time, e.type, e.subject, msgspec.json.decode(e.data_json))
            for e in found.events
        ],
        after=found.after,
    )


def note_id_from(text: str) -> CreditNoteId:
    """Read a credit note's id from an address."""
    return CreditNoteId(id_from("crn", text))


@get("/credit-notes", opt=READ)
async def list_credit_notes(
    request: ApiRequest,
    application: NamedDependency[Application],
    currency: FromQuery[str | None] = None,
    dated_from: FromQuery[date | None] = None,
    dated_to: FromQuery[date | None] = None,
    number: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
) -> list[CreditNoteView]:
    """List your credit notes, newest first."""
    wanted = InvoiceFilter(
        currency=currency,
        dated_from=dated_from,
        dated_to=dated_to,
        number=number,
        limit=max(1, min(limit, 500)),
    )
    return [note_view(n) for n in await application.list_credit_notes(tenant(request), wanted)]


@get("/credit-notes/{note_id:str}", opt=READ)
async def get_credit_note(
    request: ApiRequest, note_id: FromPath[str], application: NamedDependency[Application]
) -> CreditNoteDetail:
    """Read one credit note."""
    found = await application.get_credit_note(
        tenant_id=tenant(request), note_id=note_id_from(note_id)
    )
    return CreditNoteDetail(
        note_view(found.summary), found.content, found.body_sha256, found.inputs
    )


@get("/credit-notes/{note_id:str}/explanation", opt=READ)
async def explain_credit_note(
    request: ApiRequest, note_id: FromPath[str], application: NamedDependency[Application]
) -> NoteExplanationView:
    """Explain every line that was credited: what it had been, and what it is now."""
    found = await application.explain_credit_note(
        tenant_id=tenant(request),
        note_id=note_id_from(note_id),
        language=request.scope["state"]["language"],
    )
    return NoteExplanationView(
        credit_note=note_view(found.note),
        lines=[ExplainedLineView.of(line) for line in found.lines],
    )


@get("/credit-notes/{note_id:str}/verification", opt=READ)
async def verify_credit_note(
    request: ApiRequest, note_id: FromPath[str], application: NamedDependency[Application]
) -> VerificationView:
    """Make the credit note again from its manifest and compare the bytes."""
    verdict = await application.verify_credit_note(
        tenant_id=tenant(request), note_id=note_id_from(note_id)
    )
    return VerificationView.of(verdict)


@get("/credit-notes/{note_id:str}/events", opt=READ)
async def credit_note_events(
    request: ApiRequest,
    note_id: FromPath[str],
    application: NamedDependency[Application],
    line: FromQuery[str],
    after: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
) -> LineEventPage:
    """List the usage events by which a line was corrected, in order of time."""
    found = await application.list_line_events.of_note(
        tenant_id=tenant(request),
        note_id=note_id_from(note_id),
        line_key=line,
        after=after,
        limit=max(1, min(limit, 1000)),
    )
    return event_page(found)


@get("/invoices/upcoming", opt=READ)
async def upcoming_invoices(
    request: ApiRequest, application: NamedDependency[Application]
) -> list[UpcomingView]:
    """Show what would be invoiced now: the open period so far, and what waits in grace."""
    return [
        UpcomingView(u.state.value, u.due_at, u.issued_at, u.body)
        for u in await application.list_upcoming(tenant(request))
    ]


@get("/invoices/{invoice_id:str}/credit-notes", opt=READ)
async def invoice_credit_notes(
    request: ApiRequest, invoice_id: FromPath[str], application: NamedDependency[Application]
) -> list[CreditNoteView]:
    """List the credit notes over one invoice, the first one first."""
    found = await application.get_invoice(
        tenant_id=tenant(request), invoice_id=invoice_id_from(invoice_id)
    )
    return [note_view(note) for note in found.notes]


@get("/invoices/{invoice_id:str}/events", opt=READ)
async def invoice_events(
    request: ApiRequest,
    invoice_id: FromPath[str],
    application: NamedDependency[Application],
    line: FromQuery[str],
    after: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
) -> LineEventPage:
    """List the usage events behind a line, by its key, in order of time."""
    found = await application.list_line_events(
        tenant_id=tenant(request),
        invoice_id=invoice_id_from(invoice_id),
        line_key=line,
        after=after,
        limit=max(1, min(limit, 1000)),
    )
    return event_page(found)


@get("/credit", opt=READ)
async def read_credit(request: ApiRequest, application: NamedDependency[Application]) -> CreditBody:
    """Read what stands to your credit; it settles your next invoices by itself."""
    return credit_body(await application.read_credit(tenant(request)))


router = Router(
    "/v1",
    tags=["Invoices"],
    route_handlers=[
        list_credit_notes,
        get_credit_note,
        explain_credit_note,
        verify_credit_note,
        credit_note_events,
        upcoming_invoices,
        invoice_credit_notes,
        invoice_events,
        read_credit,
    ],
)
