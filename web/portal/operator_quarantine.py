"""The operator's view of quarantine: counted for everybody, opened for one with a record of it."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from control_plane.identity.domain import Permission
from control_plane.kernel.ids import TenantId, format_id
from web.api.common import id_from
from web.compose import Application
from web.openings import opened_by_staff
from web.portal.page import Page, PageRequest, page
from web.portal.quarantine import Type, quarantine_view, type_row

URL = "/operator/quarantine"
OPERATE = {"permission": Permission.STAFF_OPERATE}
MOST = 500


@get(URL, opt=OPERATE, include_in_schema=False)
async def quarantines_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """Count events in quarantine by organisation and type; what they say is not shown."""
    counted = await application.count_quarantines(limit=MOST)
    owners = await application.list_organisations.of(one.tenant_id for one in counted)
    rows = tuple(
        type_row(one.kind, format_id("ten", one.tenant_id), owners[one.tenant_id].name)
        for one in counted
    )
    return await page(
        request, application, "operator/quarantines.html", "quarantines", rows=rows, most=MOST
    )


@get(f"{URL}/{{tenant_id:str}}", opt=OPERATE, include_in_schema=False)
async def quarantined_page(
    request: PageRequest,
    tenant_id: FromPath[str],
    application: NamedDependency[Application],
    type_: Type = None,
    after: FromQuery[int | None] = None,
) -> Page:
    """Show one organisation's events; its record tells who looked."""
    owner = TenantId(id_from("ten", tenant_id))
    async with opened_by_staff(request, application, owner, "usage_quarantine"):
        organisation = await application.read_organisation(owner)
        view = await quarantine_view(
            application, owner, f"{URL}/{tenant_id}", type_, after, organisation.name
        )
        return await page(
            request, application, "operator/quarantine.html", "quarantines", view=view
        )
