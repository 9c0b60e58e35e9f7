"""Invoices and credit notes as files: one address for each form."""

from collections.abc import AsyncIterator
from datetime import date

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from billing.documents.exporting import MEDIA_TYPES, DocumentForm, ExportedFile
from billing.repositories.invoices import InvoiceFilter
from control_plane.identity.domain import Permission
from web.api.common import ApiRequest, tenant
from web.api.credit_notes import note_id_from
from web.api.invoices import invoice_id_from
from web.compose import Application

READ = {"permission": Permission.INVOICE_READ}
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""A document's own page brings its style along, and nothing that runs."""

_WORDS = {
    DocumentForm.PDF: "a PDF (PDF/A-3, tagged)",
    DocumentForm.HTML: "one printable page of HTML",
    DocumentForm.CSV: "CSV, one row a line",
    DocumentForm.UBL: "an e-invoice of EN 16931 in UBL 2.1",
    DocumentForm.CII: "an e-invoice of EN 16931 in UN/CEFACT CII",
    DocumentForm.FACTURX: "a hybrid: a PDF/A-3 with the e-invoice inside (Factur-X, ZUGFeRD)",
}


def file_response(file: ExportedFile, *, shown: bool = False) -> Response[bytes]:
    """Hand a file over, to be kept, or ``shown`` where the reader is."""
    headers = {
        "Content-Disposition": f'{"inline" if shown else "attachment"}; filename="{file.name}"'
    }
    if file.media_type.startswith("text/html"):
        headers["Content-Security-Policy"] = PAGE_POLICY
    return Response(file.content, media_type=file.media_type, headers=headers)


def _invoice_route(form: DocumentForm) -> HTTPRouteHandler:
    async def download(
        request: ApiRequest, invoice_id: FromPath[str], application: NamedDependency[Application]
    ) -> Response[bytes]:
        file = await application.export_invoice(
            tenant_id=tenant(request),
            invoice_id=invoice_id_from(invoice_id),
            form=form,
            language=request.scope["state"]["language"],
        )
        return file_response(file, shown=form is DocumentForm.HTML)

    download.__doc__ = f"Download the invoice as {_WORDS[form]}."
    return get(
        f"/invoices/{{invoice_id:str}}/{form.value}",
        opt=READ,
        media_type=MEDIA_TYPES[form],
        name=f"invoice_{form.value}",
        operation_id=f"InvoiceAs{form.value.title()}",
    )(download)


def _note_route(form: DocumentForm) -> HTTPRouteHandler:
    async def download(
        request: ApiRequest, note_id: FromPath[str], application: NamedDependency[Application]
    ) -> Response[bytes]:
        file = await application.export_credit_note(
            tenant_id=tenant(request),
            note_id=note_id_from(note_id),
            form=form,
            language=request.scope["state"]["language"],
        )
        return file_response(file, shown=form is DocumentForm.HTML)

    download.__doc__ = f"Download the credit note as {_WORDS[form]}."
    return get(
        f"/credit-notes/{{note_id:str}}/{form.value}",
        opt=READ,
        media_type=MEDIA_TYPES[form],
        name=f"credit_note_{form.value}",
        operation_id=f"CreditNoteAs{form.value.title()}",
    )(download)


@get("/invoice-lines", opt=READ, media_type="text/csv; charset=utf-8")
async def invoice_lines(
    request: ApiRequest,
    application: NamedDependency[Application],
    currency: FromQuery[str | None] = None,
    dated_from: FromQuery[date | None] = None,
    dated_to: FromQuery[date | None] = None,
) -> Stream:
    """Download every line of your invoices as CSV, the newest invoice first."""
    wanted = InvoiceFilter(currency=currency, dated_from=dated_from, dated_to=dated_to)
    pieces: AsyncIterator[bytes] = application.export_lines(
        tenant(request), wanted, request.scope["state"]["language"]
    )
    return Stream(
        pieces,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="invoice-lines.csv"'},
    )


router = Router(
    "/v1",
    tags=["Invoices"],
    route_handlers=[
        # the invoice's PDF stands with the invoices
        *(_invoice_route(form) for form in DocumentForm if form is not DocumentForm.PDF),
        *(_note_route(form) for form in DocumentForm),
        invoice_lines,
    ],
)
