"""Verification as a page: a document made again from its manifest, and by the newest rating."""

from dataclasses import dataclass

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from billing.services.invoicing.verify_credit_note import NoteVerdict
from billing.services.verify_invoice import Verdict
from control_plane.identity.domain import Permission
from control_plane.kernel.ids import TenantId, format_id
from web.api.common import id_from, tenant
from web.api.credit_notes import note_id_from
from web.api.invoices import invoice_id_from
from web.compose import Application
from web.i18n import told
from web.openings import opened_by_staff
from web.portal.page import Page, PageRequest, language_of, page

READ = {"permission": Permission.INVOICE_READ}
STAFF = {"permission": Permission.STAFF_FINANCE, "staff": True}


@dataclass(frozen=True, slots=True)
class VerificationPage:
    """Two comparisons: byte by byte under the document's own rating, and by the newest one.

    ``differences`` and ``newest`` are sentences in the reader's language, none where all agrees.
    """

    number: str
    back: str
    note: bool
    sha256: str
    version: str
    newest_version: str
    differences: tuple[str, ...]
    newest: tuple[str, ...]


@get("/portal/invoices/{invoice_id:str}/verification", opt=READ, include_in_schema=False)
async def invoice_verified(
    request: PageRequest, invoice_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Make an invoice again and show what that comes to."""
    verdict = await application.verify_invoice(
        tenant_id=tenant(request), invoice_id=invoice_id_from(invoice_id)
    )
    back = f"/portal/invoices/{invoice_id}"
    return await _shown(request, application, verdict, back, "invoices")


@get("/portal/credit-notes/{note_id:str}/verification", opt=READ, include_in_schema=False)
async def note_verified(
    request: PageRequest, note_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Make a credit note again and show what that comes to."""
    verdict = await application.verify_credit_note(
        tenant_id=tenant(request), note_id=note_id_from(note_id)
    )
    back = f"/portal/credit-notes/{note_id}"
    return await _shown(request, application, verdict, back, "invoices")


@get(
    "/finance/invoices/{tenant_id:str}/{invoice_id:str}/verification",
    opt=STAFF,
    include_in_schema=False,
)
async def finance_invoice_verified(
    request: PageRequest,
    tenant_id: FromPath[str],
    invoice_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page:
    """Make any organisation's invoice again; its audit trail tells who looked."""
    owner, wanted = TenantId(id_from("ten", tenant_id)), invoice_id_from(invoice_id)
    async with opened_by_staff(request, application, owner, "invoice", format_id("inv", wanted)):
        verdict = await application.verify_invoice(tenant_id=owner, invoice_id=wanted)
    back = f"/finance/invoices/{tenant_id}/{invoice_id}"
    return await _shown(request, application, verdict, back, "finance")


@get(
    "/finance/credit-notes/{tenant_id:str}/{note_id:str}/verification",
    opt=STAFF,
    include_in_schema=False,
)
async def finance_note_verified(
    request: PageRequest,
    tenant_id: FromPath[str],
    note_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page:
    """Make any organisation's credit note again; its audit trail tells who looked."""
    owner, wanted = TenantId(id_from("ten", tenant_id)), note_id_from(note_id)
    opened = format_id("crn", wanted)
    async with opened_by_staff(request, application, owner, "credit_note", opened):
        verdict = await application.verify_credit_note(tenant_id=owner, note_id=wanted)
    back = f"/finance/credit-notes/{tenant_id}/{note_id}"
    return await _shown(request, application, verdict, back, "finance")


async def _shown(
    request: PageRequest,
    application: Application,
    verdict: Verdict | NoteVerdict,
    back: str,
    section: str,
) -> Page:
    language = language_of(request)
    note = isinstance(verdict, NoteVerdict)
    view = VerificationPage(
        number=verdict.note.number if isinstance(verdict, NoteVerdict) else verdict.invoice.number,
        back=back,
        note=note,
        sha256=verdict.sha256,
        version=verdict.version,
        newest_version=verdict.newest_version,
        differences=tuple(told(language, found) for found in verdict.differences),
        newest=tuple(told(language, found) for found in verdict.newest),
    )
    return await page(request, application, "portal/verification.html", section, view=view)
