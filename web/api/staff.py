"""What finance and operators see over all tenants. The database role can only read."""

from datetime import date, datetime

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream

from billing.domain.records import InvoiceState
from billing.repositories.invoices import InvoiceFilter
from control_plane.identity.domain import Permission
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.money import Money
from web.api.common import ApiRequest, choice_from, id_from, principal
from web.api.instances import InstanceBody, instance_body
from web.api.invoices import (
    InvoiceView,
    PaymentView,
    invoice_id_from,
    invoice_view,
    payment_view,
)
from web.api.staff_work import show_work
from web.compose import Application
from web.openings import opened_by_staff

FINANCE = {"permission": Permission.STAFF_FINANCE}
OPERATE = {"permission": Permission.STAFF_OPERATE}


class TenantOverview(msgspec.Struct):
    """A tenant in an operator's list."""

    id: str
    slug: str
    name: str
    state: str
    sandbox: bool
    currency: str
    zone: str
    members: int
    created_at: datetime
    clock_at: datetime | None


class TenantInstance(msgspec.Struct):
    """A service, and whose it is."""

    tenant_id: str
    instance: InstanceBody


class CustomerInvoiceView(msgspec.Struct):
    """An invoice, and who owes it."""

    tenant_id: str
    customer: str
    invoice: InvoiceView


class TransferRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A bank transfer that arrived: its amount, and the bank's own reference."""

    amount: str
    currency: str
    reference: str


class FindingView(msgspec.Struct):
    """A rule of the books that is broken, and where."""

    rule: str
    where: list[str]


class BooksView(msgspec.Struct):
    """Whether a tenant's books agree, and what each account holds (its own currency)."""

    findings: list[FindingView]
    balances: dict[str, str]


@get("/tenants", opt=OPERATE)
async def list_tenants(
    application: NamedDependency[Application],
    text: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
) -> list[TenantOverview]:
    """List tenants, oldest first; ``after`` is the last id of the page before."""
    found = await application.list_organisations(
        text=text,
        after=TenantId(id_from("ten", after)) if after else None,
        limit=max(1, min(limit, 500)),
    )
    return [
        TenantOverview(
            id=format_id("ten", o.id),
            slug=o.slug,
            name=o.name,
            state=o.state,
            sandbox=o.sandbox,
            currency=o.currency,
            zone=o.zone,
            members=o.members,
            created_at=o.created_at,
            clock_at=o.clock_at,
        )
        for o in found
    ]


@get("/instances", opt=OPERATE)
async def list_instances(application: NamedDependency[Application]) -> list[TenantInstance]:
    """List every tenant's services."""
    return [
        TenantInstance(format_id("ten", view.tenant_id), instance_body(view))
        for view in await application.provisioner.list_all_instances()
    ]


def wanted_invoices(
    status: str | None,
    currency_code: str | None,
    dated_from: date | None,
    dated_to: date | None,
    tenant_id: str | None,
    *,
    limit: int = 200,
) -> InvoiceFilter:
    """Read the filters that list and CSV share."""
    return InvoiceFilter(
        state=choice_from(InvoiceState, status, field="status") if status else None,
        currency=currency_code,
        dated_from=dated_from,
        dated_to=dated_to,
        tenant_id=TenantId(id_from("ten", tenant_id)) if tenant_id else None,
        limit=max(1, min(limit, 500)),
    )


@get("/invoices", opt=FINANCE)
async def list_invoices(
    application: NamedDependency[Application],
    status: FromQuery[str | None] = None,
    currency_code: FromQuery[str | None] = None,
    dated_from: FromQuery[date | None] = None,
    dated_to: FromQuery[date | None] = None,
    tenant_id: FromQuery[str | None] = None,
    limit: FromQuery[int] = 200,
) -> list[CustomerInvoiceView]:
    """List every tenant's invoices, newest first."""
    wanted = wanted_invoices(status, currency_code, dated_from, dated_to, tenant_id, limit=limit)
    return [
        CustomerInvoiceView(
            format_id("ten", found.invoice.tenant_id), found.customer, invoice_view(found.invoice)
        )
        for found in await application.list_all_invoices(wanted)
    ]


@get("/invoices.csv", opt=FINANCE, media_type="text/csv")
async def invoices_csv(
    application: NamedDependency[Application],
    status: FromQuery[str | None] = None,
    currency_code: FromQuery[str | None] = None,
    dated_from: FromQuery[date | None] = None,
    dated_to: FromQuery[date | None] = None,
    tenant_id: FromQuery[str | None] = None,
) -> Stream:
    """Download every tenant's invoices as CSV."""
    wanted = wanted_invoices(status, currency_code, dated_from, dated_to, tenant_id)
    return Stream(
        application.invoices_csv(wanted),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="invoices.csv"'},
    )


@post("/tenants/{tenant_id:str}/invoices/{invoice_id:str}/payments", opt={**FINANCE, "staff": True})
async def record_payment(
    request: ApiRequest,
    tenant_id: FromPath[str],
    invoice_id: FromPath[str],
    data: JSONBody[TransferRequest],
    application: NamedDependency[Application],
) -> PaymentView:
    """Record a bank transfer of an invoice's open amount. The same reference counts once."""
    payment = await application.record_payment(
        tenant_id=TenantId(id_from("ten", tenant_id)),
        invoice_id=invoice_id_from(invoice_id),
        amount=Money.parse(data.amount, currency(data.currency)),
        reference=data.reference,
        actor=principal(request).actor,
    )
    return payment_view(payment)


@get("/tenants/{tenant_id:str}/books", opt=FINANCE)
async def check_books(
    request: ApiRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> BooksView:
    """Run the invariants of billing over a tenant's books; its audit record tells who looked."""
    wanted = TenantId(id_from("ten", tenant_id))
    async with opened_by_staff(request, application, wanted, "books"):
        await application.read_organisation(wanted)
        return await _books(application, wanted)


@post(
    "/tenants/{tenant_id:str}/billing-resumptions",
    status_code=200,
    opt={**FINANCE, "staff": True},
)
async def resume_billing(
    request: ApiRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> BooksView:
    """Let a halted billing go on, once its reason was looked at. What fell due is closed next."""
    wanted = TenantId(id_from("ten", tenant_id))
    await application.resume_billing(tenant_id=wanted, actor=principal(request).actor)
    return await _books(application, wanted)


async def _books(application: Application, wanted: TenantId) -> BooksView:
    balances = await application.read_balances(wanted)
    return BooksView(
        findings=[
            FindingView(f.rule, list(f.where)) for f in await application.check_books(wanted)
        ],
        balances={
            f"{account.value}.{code}": money.decimal_text()
            for (account, code), money in balances.items()
        },
    )


router = Router(
    "/v1/staff",
    tags=["Staff"],
    route_handlers=[
        list_tenants,
        list_instances,
        show_work,
        list_invoices,
        invoices_csv,
        record_payment,
        check_books,
        resume_billing,
    ],
)
