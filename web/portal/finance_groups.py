"""Consolidated invoices for finance: the list, the sheet, the file, and transfers that pay it."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from billing.documents.exporting import DocumentForm
from control_plane.identity.domain import Permission
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import TenantId
from control_plane.kernel.money import Money
from web.api.common import id_from, principal
from web.api.groups import consolidated_id_from
from web.compose import Application
from web.openings import opened_by_staff
from web.portal.consolidated import consolidated_row, consolidated_sheet, statement_file
from web.portal.forms import refused, submitted
from web.portal.page import Page, PageRequest, language_of, page, see
from web.portal.views.shell import Form

READ = {"permission": Permission.STAFF_FINANCE}
ONE = {**READ, "staff": True}
URL = "/finance/consolidated"
ADDRESS = f"{URL}/{{tenant_id:str}}/{{consolidated_id:str}}"
KIND = "consolidated_invoice"


@get(URL, opt=READ, include_in_schema=False)
async def list_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """List every parent's consolidated invoices."""
    rows = tuple(
        consolidated_row(made, customer)
        for made, customer in await application.list_all_consolidated()
    )
    return await page(
        request, application, "finance/consolidated_list.html", "finance_groups", rows=rows
    )


@get(ADDRESS, opt=ONE, include_in_schema=False)
async def sheet_page(
    request: PageRequest,
    tenant_id: FromPath[str],
    consolidated_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page:
    """Show one, and record in its organisation's audit trail that it was opened."""
    return await _sheet(request, application, tenant_id, consolidated_id, Form())


async def _sheet(
    request: PageRequest,
    application: Application,
    tenant_id: str,
    consolidated_id: str,
    form: Form,
    status: int = 200,
) -> Page:
    owner, wanted = TenantId(id_from("ten", tenant_id)), consolidated_id_from(consolidated_id)
    async with opened_by_staff(request, application, owner, KIND, consolidated_id):
        view = consolidated_sheet(await application.group_invoices.one(owner, wanted))
        return await page(
            request,
            application,
            "finance/consolidated.html",
            "finance_groups",
            status=status,
            view=view,
            form=form,
        )


@get(f"{ADDRESS}/document", opt=ONE, include_in_schema=False)
async def document(
    request: PageRequest,
    tenant_id: FromPath[str],
    consolidated_id: FromPath[str],
    application: NamedDependency[Application],
    form: FromQuery[str] = DocumentForm.PDF.value,
) -> Response[bytes]:
    """Download one in the form that was chosen, and record there that it was opened."""
    owner, wanted = TenantId(id_from("ten", tenant_id)), consolidated_id_from(consolidated_id)
    async with opened_by_staff(request, application, owner, KIND, consolidated_id):
        return await statement_file(request, application, owner, wanted, form)


@post(f"{ADDRESS}/payments", opt=ONE, status_code=303, include_in_schema=False)
async def pay(
    request: PageRequest,
    tenant_id: FromPath[str],
    consolidated_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page | Redirect:
    """Record a transfer that pays all or a part of it."""
    form = await submitted(request)
    owner, wanted = TenantId(id_from("ten", tenant_id)), consolidated_id_from(consolidated_id)
    made = (await application.group_invoices.one(owner, wanted)).made
    try:
        await application.record_consolidated_payment(
            tenant_id=owner,
            consolidated_id=wanted,
            amount=Money.parse(form.one("amount"), made.total.currency),
            reference=form.one("reference"),
            actor=principal(request).actor,
        )
    except TallyardError as error:
        again, status = refused(error, form, language_of(request))
        return await _sheet(request, application, tenant_id, consolidated_id, again, status)
    return see(f"{URL}/{tenant_id}/{consolidated_id}", done="paid")
