"""What finance does to documents: write off, void, credit, refund; and a tenant's billing terms."""

from datetime import timedelta

import msgspec
from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from billing.domain.records import Account
from control_plane.identity.domain import Permission
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import TenantId
from control_plane.kernel.money import Money
from web.api.common import ApiRequest, id_from, principal
from web.api.invoices import InvoiceView, invoice_id_from, invoice_view
from web.api.note_views import CreditBody, CreditNoteView, credit_body, note_view
from web.compose import Application

ACT = {"permission": Permission.STAFF_FINANCE, "staff": True}


class ReasonRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Why something is done, for the record."""

    reason: str


class CreditNoteRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What to give back: all that is left of the invoice, or amounts of lines (decimal texts).

    Amounts are before discounts, with tax where the line's price includes it.
    """

    reason: str
    lines: dict[str, str] | None = None


class RefundRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A transfer back to the customer: its amount, and the bank's own reference."""

    amount: str
    currency: str
    reference: str


class BillingTerms(msgspec.Struct, forbid_unknown_fields=True):
    """How a tenant is billed: its own policies, grace period and threshold (minor units)."""

    policies: dict[str, str | int] = {}
    grace_seconds: int = 0
    threshold_minor: int | None = None


def tenant_from(text: str) -> TenantId:
    """Read a tenant's id from an address."""
    return TenantId(id_from("ten", text))


@post("/tenants/{tenant_id:str}/invoices/{invoice_id:str}/write-offs", status_code=200, opt=ACT)
async def write_off(
    request: ApiRequest,
    tenant_id: FromPath[str],
    invoice_id: FromPath[str],
    data: JSONBody[ReasonRequest],
    application: NamedDependency[Application],
) -> InvoiceView:
    """Write off what is open on an invoice. A payment that comes after all is still recorded."""
    return invoice_view(
        await application.write_off_invoice(
            tenant_id=tenant_from(tenant_id),
            invoice_id=invoice_id_from(invoice_id),
            reason=data.reason,
            actor=principal(request).actor,
        )
    )


@post("/tenants/{tenant_id:str}/invoices/{invoice_id:str}/voids", status_code=200, opt=ACT)
async def void(
    request: ApiRequest,
    tenant_id: FromPath[str],
    invoice_id: FromPath[str],
    data: JSONBody[ReasonRequest],
    application: NamedDependency[Application],
) -> InvoiceView:
    """Void an invoice of which nothing is settled. What it billed is billed again next."""
    return invoice_view(
        await application.void_invoice(
            tenant_id=tenant_from(tenant_id),
            invoice_id=invoice_id_from(invoice_id),
            reason=data.reason,
            actor=principal(request).actor,
        )
    )


@post("/tenants/{tenant_id:str}/invoices/{invoice_id:str}/credit-notes", opt=ACT)
async def credit(
    request: ApiRequest,
    tenant_id: FromPath[str],
    invoice_id: FromPath[str],
    data: JSONBody[CreditNoteRequest],
    application: NamedDependency[Application],
) -> CreditNoteView:
    """Give back an invoice, or parts of its lines, out of goodwill."""
    owner, wanted = tenant_from(tenant_id), invoice_id_from(invoice_id)
    found = await application.get_invoice(tenant_id=owner, invoice_id=wanted)
    code = found.invoice.summary.total.currency
    lines = None
    if data.lines is not None:
        lines = {key: Money.parse(text, code) for key, text in data.lines.items()}
    return note_view(
        await application.issue_credit_note(
            tenant_id=owner,
            invoice_id=wanted,
            reason=data.reason,
            lines=lines,
            actor=principal(request).actor,
        )
    )


@post("/tenants/{tenant_id:str}/refunds", opt=ACT)
async def refund(
    request: ApiRequest,
    tenant_id: FromPath[str],
    data: JSONBody[RefundRequest],
    application: NamedDependency[Application],
) -> CreditBody:
    """Record a transfer back to the customer, out of its credit. A reference counts once."""
    owner = tenant_from(tenant_id)
    await application.refund_credit(
        tenant_id=owner,
        amount=Money.parse(data.amount, currency(data.currency)),
        reference=data.reference,
        actor=principal(request).actor,
    )
    return credit_body(await application.read_credit(owner))


@get("/tenants/{tenant_id:str}/billing-terms", opt=ACT)
async def read_terms(
    tenant_id: FromPath[str], application: NamedDependency[Application]
) -> BillingTerms:
    """Read how a tenant is billed."""
    found = await application.read_billing_terms(tenant_from(tenant_id))
    return BillingTerms() if found is None else _terms(found)


@put("/tenants/{tenant_id:str}/billing-terms", opt=ACT)
async def set_terms(
    request: ApiRequest,
    tenant_id: FromPath[str],
    data: JSONBody[BillingTerms],
    application: NamedDependency[Application],
) -> BillingTerms:
    """Set how a tenant is billed from now on."""
    account = await application.set_billing_terms(
        tenant_id=tenant_from(tenant_id),
        policies=data.policies,
        grace=timedelta(seconds=max(-1, min(data.grace_seconds, 1 << 40))),
        threshold_minor=data.threshold_minor,
        actor=principal(request).actor,
    )
    return _terms(account)


def _terms(account: Account) -> BillingTerms:
    return BillingTerms(
        policies=dict(account.policies),
        grace_seconds=int(account.grace.total_seconds()),
        threshold_minor=account.threshold_minor,
    )


router = Router(
    "/v1/staff",
    tags=["Staff"],
    route_handlers=[write_off, void, credit, refund, read_terms, set_terms],
)
