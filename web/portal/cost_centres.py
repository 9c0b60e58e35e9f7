"""An invoice over the customer's cost centres: a page, and a file for its own books."""

import csv
import io

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from control_plane.identity.domain import Permission
from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.money import Money
from web.api.common import tenant
from web.api.cost_centres import quantity_of
from web.api.invoices import invoice_id_from
from web.compose import Application
from web.portal.page import Page, PageRequest, language_of, page
from web.portal.views.groups import CentreLine, CentrePageView, CentreTotal

READ = {"permission": Permission.INVOICE_READ}
URL = "/portal/invoices/{invoice_id:str}/cost-centres"
_COLUMNS = ("invoice", "line", "item", "cost_centre", "quantity", "amount", "currency")


async def _view(
    application: Application, tenant_id: TenantId, invoice_id: str, language: str
) -> CentrePageView:
    wanted = invoice_id_from(invoice_id)
    async with application.work(tenant_id):
        found = await application.get_invoice(tenant_id=tenant_id, invoice_id=wanted)
        splits = await application.read_splits(tenant_id, wanted)
    lines, totals = [], dict[str, Money]()
    for line in found.invoice.content["lines"]:
        shares = splits.get(line["key"], ())
        if shares:
            words = (line["item_name"][language], line["name"][language])
            lines.append(CentreLine(line["key"], " · ".join(dict.fromkeys(words)), shares))
        for share in shares:
            before = totals.get(share.centre, Money.zero(share.amount.currency))
            totals[share.centre] = before + share.amount
    return CentrePageView(
        invoice_id=format_id("inv", wanted),
        number=found.invoice.summary.number,
        lines=tuple(lines),
        totals=tuple(CentreTotal(centre, totals[centre]) for centre in sorted(totals)),
    )


@get(URL, opt=READ, include_in_schema=False)
async def cost_centres_page(
    request: PageRequest, invoice_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show how the lines spread, and each cost centre's sum."""
    view = await _view(application, tenant(request), invoice_id, language_of(request))
    return await page(request, application, "portal/cost_centres.html", "invoices", view=view)


@get(f"{URL}/csv", opt=READ, include_in_schema=False)
async def cost_centres_csv(
    request: PageRequest, invoice_id: FromPath[str], application: NamedDependency[Application]
) -> Response[str]:
    """Download the shares, one a row."""
    view = await _view(application, tenant(request), invoice_id, language_of(request))
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(_COLUMNS)
    for line in view.lines:
        for share in line.shares:
            amount, code = share.amount.decimal_text(), share.amount.currency.code
            quantity = quantity_of(share) or ""
            # A leading apostrophe keeps a spreadsheet from running what a customer's event said.
            centre = f"'{share.centre}" if share.centre[:1] in tuple("=+-@\t\r") else share.centre
            rows.writerow([view.number, line.key, line.name, centre, quantity, amount, code])
    return Response(
        "\ufeff" + written.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{view.number}-cost-centres.csv"'},
    )
