"""Finance: what is done to an invoice besides its payment, and credit notes."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from control_plane.identity.domain import Permission
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import InvoiceId, TenantId, format_id
from web.api.common import id_from, principal
from web.api.credit_notes import note_id_from
from web.compose import Application
from web.openings import opened_by_staff
from web.portal.finance import sheet_page
from web.portal.forms import refused, submitted
from web.portal.invoices import note_sheet
from web.portal.page import Page, PageRequest, language_of, page, see
from web.portal.views.shell import Form

ACT = {"permission": Permission.STAFF_FINANCE, "staff": True}


@post(
    "/finance/invoices/{tenant_id:str}/{invoice_id:str}/actions",
    opt=ACT,
    status_code=303,
    include_in_schema=False,
)
async def act_on_invoice(
    request: PageRequest,
    tenant_id: FromPath[str],
    invoice_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page | Redirect:
    """Give an invoice back, write it off, or void it."""
    form = await submitted(request)
    owner = TenantId(id_from("ten", tenant_id))
    wanted = InvoiceId(id_from("inv", invoice_id))
    acts: dict[str, Callable[..., Awaitable[object]]] = {
        "credit": application.issue_credit_note,
        "write_off": application.write_off_invoice,
        "void": application.void_invoice,
    }
    act = acts.get(form.one("act"))
    if act is None:
        return await sheet_page(request, application, owner, invoice_id, Form(), 400)
    try:
        await act(
            tenant_id=owner,
            invoice_id=wanted,
            reason=form.one("reason"),
            actor=principal(request).actor,
        )
    except TallyardError as error:
        again, status = refused(error, form, language_of(request))
        return await sheet_page(request, application, owner, invoice_id, again, status)
    return see(f"/finance/invoices/{tenant_id}/{invoice_id}")


@get(
    "/finance/credit-notes/{tenant_id:str}/{note_id:str}",
    opt=ACT,
    include_in_schema=False,
)
async def finance_credit_note(
    request: PageRequest,
    tenant_id: FromPath[str],
    note_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page:
    """Show one credit note, and record in its organisation's audit trail that it was opened."""
    owner, wanted = TenantId(id_from("ten", tenant_id)), note_id_from(note_id)
    opened = format_id("crn", wanted)
    async with opened_by_staff(request, application, owner, "credit_note", opened):
        view = await note_sheet(application, owner, wanted, language_of(request))
        url = f"/finance/credit-notes/{tenant_id}/{note_id}"
        view = replace(view, verification_url=f"{url}/verification")
        return await page(request, application, "finance/credit_note.html", "finance", view=view)
