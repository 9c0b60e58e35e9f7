"""Invoices: the list, the sheet with every line explained, the PDF."""

from collections.abc import Iterable
from datetime import date

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from billing.domain.records import InvoiceSummary
from billing.errors import AccountParked
from billing.repositories.invoices import InvoiceFilter
from control_plane.identity.domain import Permission
from control_plane.kernel.ids import CreditNoteId, InvoiceId, TenantId, format_id
from control_plane.kernel.money import Money
from web.api.common import id_from, tenant
from web.api.credit_notes import note_id_from
from web.api.invoices import invoice_id_from
from web.compose import Application
from web.portal.page import Page, PageRequest, language_of, page
from web.portal.sheets import note_row, sheet_of_invoice, sheet_of_note, upcoming_views
from web.portal.views.invoices import InvoiceRow, InvoicesView, InvoiceView, UpcomingView

READ = {"permission": Permission.INVOICE_READ}
PAGE_SIZE = 50


def position(text: str | None) -> tuple[date, str] | None:
    """Read where a list goes on: the date and number of the last invoice of the page before."""
    day, _, number = (text or "").partition("~")
    try:
        return (date.fromisoformat(day), number) if number else None
    except ValueError:
        return None


def position_after(found: list[InvoiceSummary]) -> str | None:
    """Return where the list goes on, when it does."""
    last = found[-1] if len(found) == PAGE_SIZE else None
    return None if last is None else f"{last.dated.isoformat()}~{last.number}"


def row(summary: InvoiceSummary) -> InvoiceRow:
    """Show an invoice in a list."""
    return InvoiceRow(
        invoice_id=format_id("inv", summary.id),
        number=summary.number,
        total=summary.total,
        state=summary.state.value,
        open=summary.open,
        dated=summary.dated,
        payable_by=summary.payable_by,
    )


@get("/portal/invoices", opt=READ, include_in_schema=False)
async def invoices_page(
    request: PageRequest,
    application: NamedDependency[Application],
    after: FromQuery[str | None] = None,
) -> Page:
    """List the organisation's invoices, newest first."""
    tenant_id = tenant(request)
    async with application.work(tenant_id):
        found = await application.list_invoices(
            tenant_id, InvoiceFilter(before=position(after), limit=PAGE_SIZE)
        )
        unpaid = await application.list_invoices(tenant_id, InvoiceFilter(unpaid=True, limit=500))
        credit = await application.read_credit(tenant_id)
        notes = await application.list_credit_notes(tenant_id, InvoiceFilter(limit=PAGE_SIZE))
        view = InvoicesView(
            rows=tuple(row(summary) for summary in found),
            outstanding=sums(summary.open for summary in unpaid),
            credit=credit.totals,
            notes=tuple(note_row(note) for note in notes),
            upcoming=await _upcoming(application, tenant_id, language_of(request)),
            after=position_after(found),
        )
        return await page(request, application, "portal/invoices.html", "invoices", view=view)


def sums(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """Add amounts up, currency by currency."""
    totals: dict[str, Money] = {}
    for amount in amounts:
        code = amount.currency.code
        totals[code] = totals[code] + amount if code in totals else amount
    return tuple(totals[code] for code in sorted(totals))


@get("/portal/invoices/{invoice_id:str}", opt=READ, include_in_schema=False)
async def invoice_page(
    request: PageRequest, invoice_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show one invoice."""
    view = await invoice_sheet(
        application, tenant(request), invoice_id_from(invoice_id), language_of(request)
    )
    return await page(request, application, "portal/invoice.html", "invoices", view=view)


async def invoice_sheet(
    application: Application, tenant_id: TenantId, invoice_id: InvoiceId, language: str
) -> InvoiceView:
    """Read an invoice with its explanation and payments.

    Raises:
        InvoiceNotFound: the organisation has none of that id.
    """
    async with application.work(tenant_id):
        found = await application.get_invoice(tenant_id=tenant_id, invoice_id=invoice_id)
        explained = await application.explain_invoice(
            tenant_id=tenant_id, invoice_id=invoice_id, language=language
        )
    return sheet_of_invoice(found, explained, tenant_id, language)


@get("/portal/credit-notes/{note_id:str}", opt=READ, include_in_schema=False)
async def credit_note_page(
    request: PageRequest, note_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show one credit note."""
    view = await note_sheet(
        application, tenant(request), note_id_from(note_id), language_of(request)
    )
    return await page(request, application, "portal/credit_note.html", "invoices", view=view)


async def note_sheet(
    application: Application, tenant_id: TenantId, note_id: CreditNoteId, language: str
) -> InvoiceView:
    """Read a credit note with its explanation.

    Raises:
        CreditNoteNotFound: the organisation has none of that id.
    """
    async with application.work(tenant_id):
        stored = await application.get_credit_note(tenant_id=tenant_id, note_id=note_id)
        explained = await application.explain_credit_note(
            tenant_id=tenant_id, note_id=note_id, language=language
        )
    return sheet_of_note(stored, explained, tenant_id, language)


async def _upcoming(
    application: Application, tenant_id: TenantId, language: str
) -> tuple[UpcomingView, ...]:
    """Read what is not issued yet; nothing while billing is halted."""
    try:
        return upcoming_views(await application.list_upcoming(tenant_id), language)
    except AccountParked:
        return ()


@get("/portal/invoices/{invoice_id:str}/pdf", opt=READ, include_in_schema=False)
async def invoice_pdf(
    request: PageRequest, invoice_id: FromPath[str], application: NamedDependency[Application]
) -> Response[bytes]:
    """Download the invoice as a PDF."""
    return await pdf_of(
        application, tenant(request), InvoiceId(id_from("inv", invoice_id)), language_of(request)
    )


async def pdf_of(
    application: Application, tenant_id: TenantId, invoice_id: InvoiceId, language: str
) -> Response[bytes]:
    """Render the PDF in the reader's language."""
    found = await application.get_invoice(tenant_id=tenant_id, invoice_id=invoice_id)
    content = await application.render_invoice_pdf(
        tenant_id=tenant_id, invoice_id=invoice_id, language=language
    )
    name = found.invoice.summary.number
    return Response(
        content,
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}.pdf"'},
    )
