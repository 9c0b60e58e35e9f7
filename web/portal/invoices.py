"""Invoices: the list, the sheet with every line explained, the PDF."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from billing.domain.explain import ExplainedLine
from billing.domain.records import InvoiceState, InvoiceSummary, Payment, PaymentState
from billing.repositories.invoices import InvoiceFilter
from control_plane.identity.domain import Permission
from control_plane.kernel.currency import Currency
from control_plane.kernel.ids import InvoiceId, TenantId, format_id
from control_plane.kernel.money import Money
from web.api.common import id_from, tenant
from web.api.invoices import invoice_id_from
from web.compose import Application
from web.i18n import N_, translate
from web.portal.page import Page, PageRequest, language_of, page
from web.portal.views.invoices import (
    InvoiceLineView,
    InvoiceRow,
    InvoicesView,
    InvoiceView,
    PaymentView,
)

READ = {"permission": Permission.INVOICE_READ}
PAGE_SIZE = 50
_METHODS = {"manual": N_("Bank transfer"), "stripe": N_("Card")}


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
        unpaid = await application.list_invoices(
            tenant_id, InvoiceFilter(state=InvoiceState.ISSUED, limit=500)
        )
        view = InvoicesView(
            rows=tuple(row(summary) for summary in found),
            outstanding=sums(summary.open for summary in unpaid),
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
    summary, content = found.invoice.summary, found.invoice.content
    settled = [p.amount for p in found.payments if p.state is PaymentState.SUCCEEDED]
    text_id = format_id("inv", invoice_id)
    return InvoiceView(
        invoice_id=text_id,
        number=summary.number,
        state=summary.state.value,
        dated=summary.dated,
        payable_by=summary.payable_by,
        organisation=content["buyer"]["name"],
        seller=content["seller"]["name"],
        lines=tuple(
            _line(told, line, summary.total.currency, language)
            for told, line in zip(explained.lines, content["lines"], strict=True)
        ),
        total=summary.total,
        paid=Money.total(settled, summary.total.currency),
        payments=tuple(_payment(payment, language) for payment in found.payments),
        pdf_url=f"/portal/invoices/{text_id}/pdf",
        manifest=_manifest(found.invoice.inputs, found.invoice.body_sha256),
        tenant_id=format_id("ten", tenant_id),
    )


def _line(
    told: ExplainedLine, line: dict[str, Any], currency: Currency, language: str
) -> InvoiceLineView:
    return InvoiceLineView(
        line_id=told.key,
        description=told.title,
        amount=Money(told.amount_minor, currency),
        quantity=None if line["quantity"] is None else Decimal(line["quantity"]),
        unit=None if line["unit"] is None else line["unit"][language],
        period=_days(told),
        explanation=tuple(step.text for step in told.steps),
    )


def _days(told: ExplainedLine) -> tuple[date, date]:
    return date.fromisoformat(told.first_day), date.fromisoformat(told.last_day)


def _payment(payment: Payment, language: str) -> PaymentView:
    method = _METHODS.get(payment.provider, payment.provider)
    return PaymentView(
        at=payment.settled_at or payment.created_at,
        method=translate(language, method),
        reference=payment.reference or "",
        amount=payment.amount,
        state=payment.state.value,
    )


def _manifest(inputs: dict[str, Any], sha256: str) -> tuple[tuple[str, str], ...]:
    """Return the plain members of the manifest, and the digest of the frozen invoice."""
    plain = [(name, str(value)) for name, value in inputs.items() if isinstance(value, str | int)]
    return (*plain, ("sha256", sha256))


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
