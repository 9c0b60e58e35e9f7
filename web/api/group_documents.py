"""Consolidated invoices as files: one address for each form."""

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from billing.documents.exporting import MEDIA_TYPES, DocumentForm
from billing.services.groups.export_consolidated import FORMS
from control_plane.identity.domain import Permission
from web.api.common import ApiRequest, tenant
from web.api.documents import file_response
from web.api.groups import consolidated_id_from
from web.compose import Application

_WORDS = {
    DocumentForm.PDF: "a PDF (PDF/A-3, tagged)",
    DocumentForm.HTML: "one printable page of HTML",
    DocumentForm.CSV: "CSV: every line of the invoices in it, one a row",
}


def _route(form: DocumentForm) -> HTTPRouteHandler:
    async def download(
        request: ApiRequest,
        consolidated_id: FromPath[str],
        application: NamedDependency[Application],
    ) -> Response[bytes]:
        file = await application.export_consolidated(
            tenant_id=tenant(request),
            consolidated_id=consolidated_id_from(consolidated_id),
            form=form,
            language=request.scope["state"]["language"],
        )
        return file_response(file, shown=form is DocumentForm.HTML)

    download.__doc__ = f"Download the consolidated invoice as {_WORDS[form]}."
    return get(
        f"/consolidated-invoices/{{consolidated_id:str}}/{form.value}",
        opt={"permission": Permission.INVOICE_READ},
        media_type=MEDIA_TYPES[form],
        name=f"consolidated_{form.value}",
        operation_id=f"ConsolidatedAs{form.value.title()}",
    )(download)


router = Router("/v1", tags=["Groups"], route_handlers=[_route(form) for form in FORMS])
