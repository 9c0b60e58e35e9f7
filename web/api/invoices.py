"""Invoices: listed, read, explained, verified, paid."""

from datetime import date, datetime
from typing import Any

import msgspec
from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from billing.domain.records import InvoiceState, InvoiceSummary, Payment
from billing.repositories.invoices import InvoiceFilter
from control_plane.identity.domain import Permission
from control_plane.kernel.ids import InvoiceId, format_id
from web.api.common import ApiRequest, choice_from, id_from, principal, tenant
from web.api.document_views import ExplainedLineView, VerificationView
from web.compose import Application

READ = {"permission": Permission.INVOICE_READ}


class InvoiceView(msgspec.Struct):
    """An invoice as lists show it; amounts are decimal texts.

    total = net + tax; due = total less the balances applied; open = due - paid - credited.
    """

    id: str
    number: str
    state: str
    currency: str
    net: str
    tax: str
    total: str
    due: str
    paid: str
    credited: str
    open: str
    dated: date
    payable_by: date
    due_at: datetime
    issued_at: datetime
    paid_at: datetime | None
    purchase_order: str | None = None


class PaymentView(msgspec.Struct):
    """One attempt to pay an invoice."""

    id: str
    provider: str
    state: str
    amount: str
    currency: str
    reference: str | None
    failure: str | None
    created_at: datetime
    settled_at: datetime | None


class InvoiceDetail(msgspec.Struct):
    """An invoice with its frozen content, the manifest it was made from, and its payments."""

    invoice: InvoiceView
    content: dict[str, Any]
    content_sha256: str
    manifest: dict[str, Any]
    payments: list[PaymentView]


class ExplanationView(msgspec.Struct):
    """From the total down to tiers and fractions, in the reader's language."""

    invoice: InvoiceView
    lines: list[ExplainedLineView]


class PaymentMethodRequest(msgspec.Struct, forbid_unknown_fields=True):
    """How to pay from now on: ``manual`` (bank transfer), or a provider and its method."""

    provider: str
    method: str = ""


class PaymentMethodView(msgspec.Struct):
    """How invoices are paid."""

    provider: str
    label: str | None


def invoice_view(summary: InvoiceSummary) -> InvoiceView:
    """Show an invoice."""
    return InvoiceView(
        id=format_id("inv", summary.id),
        number=summary.number,
        state=summary.state.value,
        currency=summary.total.currency.code,
        net=summary.net.decimal_text(),
        tax=summary.tax.decimal_text(),
        total=summary.total.decimal_text(),
        due=summary.due.decimal_text(),
        paid=summary.paid.decimal_text(),
        credited=summary.credited.decimal_text(),
        open=summary.open.decimal_text(),
        dated=summary.dated,
        payable_by=summary.payable_by,
        due_at=summary.due_at,
        issued_at=summary.issued_at,
        paid_at=summary.paid_at,
        purchase_order=summary.purchase_order,
    )


def payment_view(payment: Payment) -> PaymentView:
    """Show a payment."""
    return PaymentView(
        id=format_id("pay", payment.id),
        provider=payment.provider,
        state=payment.state.value,
        amount=payment.amount.decimal_text(),
        currency=payment.amount.currency.code,
        reference=payment.reference,
        failure=payment.failure,
        created_at=payment.created_at,
        settled_at=payment.settled_at,
    )


def invoice_id_from(text: str) -> InvoiceId:
    """Read an invoice's id from an address."""
    return InvoiceId(id_from("inv", text))


@get("/invoices", opt=READ)
async def list_invoices(
    request: ApiRequest,
    application: NamedDependency[Application],
    status: FromQuery[str | None] = None,
    currency: FromQuery[str | None] = None,
    dated_from: FromQuery[date | None] = None,
    dated_to: FromQuery[date | None] = None,
    number: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
) -> list[InvoiceView]:
    """List your invoices, newest first."""
    wanted = InvoiceFilter(
        state=choice_from(InvoiceState, status, field="status") if status else None,
        currency=currency,
        dated_from=dated_from,
        dated_to=dated_to,
        number=number,
        limit=max(1, min(limit, 500)),
    )
    return [invoice_view(s) for s in await application.list_invoices(tenant(request), wanted)]


@get("/invoices/{invoice_id:str}", opt=READ)
async def get_invoice(
    request: ApiRequest, invoice_id: FromPath[str], application: NamedDependency[Application]
) -> InvoiceDetail:
    """Read one invoice."""
    found = await application.get_invoice(
        tenant_id=tenant(request), invoice_id=invoice_id_from(invoice_id)
    )
    return InvoiceDetail(
        invoice=invoice_view(found.invoice.summary),
        content=found.invoice.content,
        content_sha256=found.invoice.body_sha256,
        manifest=found.invoice.inputs,
        payments=[payment_view(payment) for payment in found.payments],
    )


@get("/invoices/{invoice_id:str}/explanation", opt=READ)
async def explain_invoice(
    request: ApiRequest, invoice_id: FromPath[str], application: NamedDependency[Application]
) -> ExplanationView:
    """Explain every line, step by step."""
    found = await application.explain_invoice(
        tenant_id=tenant(request),
        invoice_id=invoice_id_from(invoice_id),
        language=request.scope["state"]["language"],
    )
    return ExplanationView(
        invoice=invoice_view(found.invoice),
        lines=[ExplainedLineView.of(line) for line in found.lines],
    )


@get("/invoices/{invoice_id:str}/verification", opt=READ)
async def verify_invoice(
    request: ApiRequest, invoice_id: FromPath[str], application: NamedDependency[Application]
) -> VerificationView:
    """Make the invoice again from its manifest and compare the bytes."""
    verdict = await application.verify_invoice(
        tenant_id=tenant(request), invoice_id=invoice_id_from(invoice_id)
    )
    return VerificationView.of(verdict, request.scope["state"]["language"])


@get("/invoices/{invoice_id:str}/pdf", opt=READ, media_type="application/pdf")
async def invoice_pdf(
    request: ApiRequest, invoice_id: FromPath[str], application: NamedDependency[Application]
) -> Response[bytes]:
    """Download the invoice as a PDF."""
    tenant_id, wanted = tenant(request), invoice_id_from(invoice_id)
    content = await application.render_invoice_pdf(
        tenant_id=tenant_id, invoice_id=wanted, language=request.scope["state"]["language"]
    )
    found = await application.get_invoice(tenant_id=tenant_id, invoice_id=wanted)
    return Response(
        content,
        media_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{found.invoice.summary.number}.pdf"'},
    )


@post(
    "/invoices/{invoice_id:str}/collections",
    status_code=202,
    opt={"permission": Permission.INVOICE_PAY},
)
async def request_collection(
    request: ApiRequest, invoice_id: FromPath[str], application: NamedDependency[Application]
) -> InvoiceView:
    """Ask for another attempt to collect an open invoice by your payment method."""
    tenant_id, wanted = tenant(request), invoice_id_from(invoice_id)
    await application.request_collection(
        tenant_id=tenant_id, invoice_id=wanted, actor=principal(request).actor
    )
    found = await application.get_invoice(tenant_id=tenant_id, invoice_id=wanted)
    return invoice_view(found.invoice.summary)


@put("/payment-method", opt={"permission": Permission.INVOICE_PAY})
async def set_payment_method(
    request: ApiRequest,
    data: JSONBody[PaymentMethodRequest],
    application: NamedDependency[Application],
) -> PaymentMethodView:
    """Choose how your invoices are paid from now on."""
    account = await application.set_payment_method(
        tenant_id=tenant(request),
        provider=data.provider,
        method=data.method,
        actor=principal(request).actor,
    )
    return PaymentMethodView(account.provider, account.method_label)


router = Router(
    "/v1",
    tags=["Invoices"],
    route_handlers=[
        list_invoices,
        get_invoice,
        explain_invoice,
        verify_invoice,
        invoice_pdf,
        request_collection,
        set_payment_method,
    ],
)
