"""Credit notes, what stands to the customer's credit, and what is not issued yet."""

from datetime import date

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from billing.repositories.invoices import InvoiceFilter
from control_plane.identity.domain import Permission
from control_plane.kernel.ids import CreditNoteId
from web.api.common import ApiRequest, id_from, tenant
from web.api.document_views import ExplainedLineView, VerificationView
from web.api.invoices import invoice_id_from
from web.api.note_views import (
    CreditBody,
    CreditNoteDetail,
    CreditNoteView,
    LineEventPage,
    NoteExplanationView,
    UpcomingView,
    credit_body,
    event_page,
    note_view,
)
from web.compose import Application

READ = {"permission": Permission.INVOICE_READ}


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
    return VerificationView.of(verdict, request.scope["state"]["language"])


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
