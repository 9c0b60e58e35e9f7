"""One consolidated invoice as a page and as files, the same for the parent and for finance."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from billing.documents.exporting import DocumentForm
from billing.domain.groups.records import ConsolidatedDetail, ConsolidatedInvoice, SharedInvoice
from billing.services.groups.export_consolidated import FORMS
from control_plane.identity.domain import Permission
from control_plane.kernel.ids import ConsolidatedInvoiceId, TenantId, format_id
from web.api.common import ChoiceInvalid, choice_from, tenant
from web.api.documents import file_response
from web.api.groups import consolidated_id_from
from web.compose import Application
from web.portal.page import Page, PageRequest, language_of, page
from web.portal.views.groups import ConsolidatedPageView, ConsolidatedRow, PaymentRow, SharedRow

READ = {"permission": Permission.INVOICE_READ}
URL = "/portal/group/invoices/{consolidated_id:str}"


def consolidated_row(made: ConsolidatedInvoice, customer: str | None = None) -> ConsolidatedRow:
    """Show a consolidated invoice in a list."""
    return ConsolidatedRow(
        consolidated_id=format_id("cin", made.id),
        number=made.number,
        dated=made.dated,
        payable_by=made.payable_by,
        days=(made.first_day, made.last_day),
        total=made.total,
        state=made.state.value,
        open=made.open,
        tenant_id=format_id("ten", made.tenant_id),
        customer=customer,
    )


def shared_row(invoice: SharedInvoice) -> SharedRow:
    """Show a child's invoice."""
    state = "consolidated" if invoice.consolidated_id else "open"
    state = state if invoice.open.minor else "paid"
    return SharedRow(
        number=invoice.number,
        child=invoice.child_name,
        dated=invoice.dated,
        total=invoice.total,
        open=invoice.open,
        state=f"shared_{state}" if invoice.parent_pays else "shared_shown",
    )


@get(URL, opt=READ, include_in_schema=False)
async def consolidated_page(
    request: PageRequest, consolidated_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show one consolidated invoice."""
    wanted = consolidated_id_from(consolidated_id)
    view = consolidated_sheet(await application.group_invoices.one(tenant(request), wanted))
    return await page(request, application, "portal/consolidated.html", "group", view=view)


@get(f"{URL}/document", opt=READ, include_in_schema=False)
async def consolidated_document(
    request: PageRequest,
    consolidated_id: FromPath[str],
    application: NamedDependency[Application],
    form: FromQuery[str] = DocumentForm.PDF.value,
) -> Response[bytes]:
    """Download one in the form that was chosen."""
    wanted = consolidated_id_from(consolidated_id)
    return await statement_file(request, application, tenant(request), wanted, form)


async def statement_file(
    request: PageRequest,
    application: Application,
    owner: TenantId,
    wanted: ConsolidatedInvoiceId,
    form: str,
) -> Response[bytes]:
    """Hand a consolidated invoice over as a file."""
    chosen = choice_from(DocumentForm, form, field="form")
    if chosen not in FORMS:
        raise ChoiceInvalid(value=form, choices=", ".join(FORMS), field="form")
    file = await application.export_consolidated(
        tenant_id=owner, consolidated_id=wanted, form=chosen, language=language_of(request)
    )
    return file_response(file, shown=chosen is DocumentForm.HTML)


def consolidated_sheet(found: ConsolidatedDetail) -> ConsolidatedPageView:
    """Show one consolidated invoice as paper, with what became of it."""
    body = found.made.content
    buyer = body["buyer"]
    return ConsolidatedPageView(
        row=consolidated_row(found.made),
        seller=body["seller"]["name"],
        buyer=buyer if isinstance(buyer, str) else buyer["name"],
        invoices=tuple(shared_row(invoice) for invoice in found.invoices),
        notes=found.notes,
        payments=tuple(
            PaymentRow(p.created_at, p.amount, p.kept, p.reference, p.failure, p.state.value)
            for p in found.payments
        ),
    )
