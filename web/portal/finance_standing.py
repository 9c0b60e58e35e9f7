"""Finance: who does not pay, how one customer stands, and holding its ladder."""

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from control_plane.identity.domain import Permission
from control_plane.kernel.ids import format_id
from web.api.common import principal
from web.compose import Application
from web.portal.customer_frame import ACT, URL, CustomerFrame, owner_of
from web.portal.customer_tab import CustomerTab
from web.portal.fields import local_instant
from web.portal.forms import Submitted, submitted
from web.portal.page import Page, PageRequest, page
from web.portal.standing_page import page_of
from web.portal.views.standing import StandingListRow, StandingPage

READ = {"permission": Permission.STAFF_FINANCE}


@get("/finance/standings", opt=READ, include_in_schema=False)
async def standings_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """List who does not stand well, and whose ladder is held."""
    rows = tuple(
        StandingListRow(
            tenant_id=format_id("ten", row.tenant_id),
            name=row.name,
            zone=row.zone,
            sandbox=row.sandbox,
            standing=row.standing.value,
            overdue_since=row.overdue_since,
            next_at=row.next_at,
            held_until=row.held_until,
        )
        for row in await application.list_standings()
    )
    return await page(
        request, application, "finance/standings.html", "finance_standings", view=rows
    )


async def _read(
    _request: PageRequest, application: Application, frame: CustomerFrame
) -> StandingPage:
    view = await application.read_standing(frame.owner)
    return page_of(view, await application.read_debt(frame.owner))


_TAB = CustomerTab("standing", "standing", "finance/standing.html", _read)


@get(f"{URL}/standing", opt=ACT, include_in_schema=False)
async def standing_page(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show how a customer stands, and record in its audit trail that it was looked at."""
    return await _TAB.open(request, application, tenant_id)


@post(f"{URL}/standing/hold", opt=ACT, status_code=303, include_in_schema=False)
async def hold(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Keep the customer where it stands until a time of its own clock."""
    form, owner = await submitted(request), owner_of(tenant_id)

    async def act() -> None:
        zone = (await application.read_organisation(owner)).zone
        await application.hold_standing(
            tenant_id=owner,
            reason=form.one("reason"),
            until=local_instant(form.one("until"), zone, "until"),
            actor=principal(request).actor,
        )

    return await _TAB.attempt(request, application, tenant_id, form, act, "held")


@post(f"{URL}/standing/release", opt=ACT, status_code=303, include_in_schema=False)
async def release(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """End a hold now."""

    async def act() -> None:
        await application.release_standing(
            tenant_id=owner_of(tenant_id), actor=principal(request).actor
        )

    return await _TAB.attempt(request, application, tenant_id, Submitted({}), act, "released")
