"""Finance: every organisation's invoices, as a list, a file and a sheet; transfers recorded."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Stream

from billing.domain.records import InvoiceState
from billing.repositories.invoices import InvoiceFilter
from control_plane.identity.domain import Permission
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import InvoiceId, TenantId, format_id
from control_plane.kernel.money import Money
from web.api.common import id_from, principal
from web.compose import Application
from web.i18n import N_
from web.openings import opened_by_staff
from web.portal.customer_choices import customer_choices, more_customers
from web.portal.forms import refused, submitted
from web.portal.invoices import (
    PAGE_SIZE,
    invoice_sheet,
    pdf_of,
    position,
    position_after,
    row,
    sums,
)
from web.portal.page import Page, PageRequest, language_of, page, query, see
from web.portal.views.invoices import Filters, FinanceView
from web.portal.views.shell import Choice, Form

READ = {"permission": Permission.STAFF_FINANCE}


@get("/finance", opt=READ, include_in_schema=False)
async def finance_page(
    request: PageRequest,
    application: NamedDependency[Application],
    after: FromQuery[str | None] = None,
) -> Page:
    """List invoices over all organisations."""
    asked = _asked(request)
    wanted = filter_of(asked)
    wanted = replace(wanted, before=position(after), limit=PAGE_SIZE)
    found = await application.list_all_invoices(wanted)
    owners = await application.list_organisations.of(entry.invoice.tenant_id for entry in found)
    language = language_of(request)
    tenants = await customer_choices(application, wanted.tenant_id, language)
    onward = position_after([entry.invoice for entry in found])
    view = FinanceView(
        filters=_filters(tenants, asked, language),
        rows=tuple(
            replace(
                row(entry.invoice),
                tenant=entry.customer,
                tenant_id=format_id("ten", entry.invoice.tenant_id),
                sandbox=owners[entry.invoice.tenant_id].sandbox,
            )
            for entry in found
        ),
        totals=sums(entry.invoice.total for entry in found),
        outstanding=sums(e.invoice.open for e in found if e.invoice.open.minor),
        after=query("/finance", {**asked, "after": onward}) if onward else None,
    )
    return await page(
        request, application, "finance/invoices.html", "finance", view=view, form=Form()
    )


def _asked(request: PageRequest) -> dict[str, str | None]:
    return {name: request.query_params.get(name) for name in ("tenant", "state", "month")}


def filter_of(asked: Mapping[str, str | None]) -> InvoiceFilter:
    """Read the filters of an address; what cannot be read does not narrow the list."""
    states = {state.value: state for state in InvoiceState}
    first = _month(asked["month"])
    return InvoiceFilter(
        state=states.get(asked["state"] or ""),
        tenant_id=TenantId(id_from("ten", asked["tenant"])) if asked["tenant"] else None,
        dated_from=first,
        dated_to=None if first is None else _last_day(first),
    )


def _month(text: str | None) -> date | None:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None


def _last_day(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _filters(
    tenants: tuple[Choice, ...], asked: Mapping[str, str | None], language: str
) -> Filters:
    return Filters(
        tenants=tenants,
        more_tenants=more_customers(tenants, language),
        states=tuple(
            Choice(value, words, value == (asked["state"] or ""))
            for value, words in (
                ("", N_("All")),
                ("issued", N_("Open")),
                ("overdue", N_("Overdue")),
                ("paid", N_("Paid")),
                ("uncollectible", N_("Written off")),
                ("voided", N_("Voided")),
            )
        ),
        month=asked["month"] or "",
        csv_url=query("/finance/invoices.csv", asked),
    )


@get("/finance/invoices.csv", opt=READ, include_in_schema=False)
async def invoices_csv(request: PageRequest, application: NamedDependency[Application]) -> Stream:
    """Download all invoices under the filters."""
    wanted = filter_of(_asked(request))
    return Stream(
        application.invoices_csv(wanted),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="invoices.csv"'},
    )


@get(
    "/finance/invoices/{tenant_id:str}/{invoice_id:str}",
    opt={**READ, "staff": True},
    include_in_schema=False,
)
async def finance_invoice(
    request: PageRequest,
    tenant_id: FromPath[str],
    invoice_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page:
    """Show one invoice, and record in its organisation's audit trail that it was opened."""
    owner = TenantId(id_from("ten", tenant_id))
    opened = format_id("inv", id_from("inv", invoice_id))
    async with opened_by_staff(request, application, owner, "invoice", opened):
        return await sheet_page(request, application, owner, invoice_id, Form())


async def sheet_page(
    request: PageRequest,
    application: Application,
    owner: TenantId,
    invoice_id: str,
    form: Form,
    status: int = 200,
) -> Page:
    """Show an invoice's sheet to finance, with a form as it stands."""
    wanted = InvoiceId(id_from("inv", invoice_id))
    view = await invoice_sheet(application, owner, wanted, language_of(request))
    url = f"/finance/invoices/{view.tenant_id}/{view.invoice_id}"
    view = replace(view, pdf_url=f"{url}/pdf", verification_url=f"{url}/verification")
    return await page(
        request, application, "finance/invoice.html", "finance", status=status, view=view, form=form
    )


@get(
    "/finance/invoices/{tenant_id:str}/{invoice_id:str}/pdf",
    opt={**READ, "staff": True},
    include_in_schema=False,
)
async def finance_pdf(
    request: PageRequest,
    tenant_id: FromPath[str],
    invoice_id: FromPath[str],
    application: NamedDependency[Application],
) -> Response[bytes]:
    """Download any organisation's invoice, and record there that it was opened."""
    owner = TenantId(id_from("ten", tenant_id))
    wanted = InvoiceId(id_from("inv", invoice_id))
    async with opened_by_staff(request, application, owner, "invoice", format_id("inv", wanted)):
        return await pdf_of(application, owner, wanted, language_of(request))


@post(
    "/finance/invoices/{tenant_id:str}/{invoice_id:str}/payments",
    opt={**READ, "staff": True},
    status_code=303,
    include_in_schema=False,
)
async def record_transfer(
    request: PageRequest,
    tenant_id: FromPath[str],
    invoice_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page | Redirect:
    """Record a bank transfer that arrived."""
    form = await submitted(request)
    owner = TenantId(id_from("ten", tenant_id))
    wanted = InvoiceId(id_from("inv", invoice_id))
    try:
        found = await application.get_invoice(tenant_id=owner, invoice_id=wanted)
        await application.record_payment(
            tenant_id=owner,
            invoice_id=wanted,
            amount=Money.parse(form.one("amount"), found.invoice.summary.total.currency),
            reference=form.one("reference"),
            actor=principal(request).actor,
        )
    except TallyardError as error:
        again, status = refused(error, form, language_of(request))
        return await sheet_page(request, application, owner, invoice_id, again, status)
    return see(f"/finance/invoices/{tenant_id}/{invoice_id}", done="paid")
