"""The files of invoices and credit notes, as the portal's menus offer them."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from billing.documents.exporting import DocumentForm
from control_plane.identity.domain import Permission
from web.api.common import choice_from, tenant
from web.api.credit_notes import note_id_from
from web.api.documents import file_response
from web.api.invoices import invoice_id_from
from web.compose import Application
from web.portal.page import PageRequest, language_of

READ = {"permission": Permission.INVOICE_READ}


@get("/portal/invoices/{invoice_id:str}/document", opt=READ, include_in_schema=False)
async def invoice_document(
    request: PageRequest,
    invoice_id: FromPath[str],
    application: NamedDependency[Application],
    form: FromQuery[str] = DocumentForm.PDF.value,
) -> Response[bytes]:
    """Download an invoice in the form that was chosen."""
    file = await application.export_invoice(
        tenant_id=tenant(request),
        invoice_id=invoice_id_from(invoice_id),
        form=choice_from(DocumentForm, form, field="form"),
        language=language_of(request),
    )
    return file_response(file, shown=form == DocumentForm.HTML)


@get("/portal/credit-notes/{note_id:str}/document", opt=READ, include_in_schema=False)
async def credit_note_document(
    request: PageRequest,
    note_id: FromPath[str],
    application: NamedDependency[Application],
    form: FromQuery[str] = DocumentForm.PDF.value,
) -> Response[bytes]:
    """Download a credit note in the form that was chosen."""
    file = await application.export_credit_note(
        tenant_id=tenant(request),
        note_id=note_id_from(note_id),
        form=choice_from(DocumentForm, form, field="form"),
        language=language_of(request),
    )
    return file_response(file, shown=form == DocumentForm.HTML)
