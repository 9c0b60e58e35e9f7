"""Finance: who does not pay, how one customer stands, and holding its ladder."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from control_plane.identity.domain import Permission
from control_plane.kernel.ids import TenantId, format_id
from web.api.common import TimeInvalid, instant_from, principal
from web.compose import Application
from web.openings import opened_by_staff
from web.portal.customer_frame import ACT, URL, customer_page, owner_of, read_frame
from web.portal.forms import Submitted, attempt, submitted
from web.portal.page import Page, PageRequest, language_of, page, see
from web.portal.standing_page import page_of
from web.portal.views.shell import Form
from web.portal.views.standing import StandingListRow

READ = {"permission": Permission.STAFF_FINANCE}


@get("/finance/standings", opt=READ, include_in_schema=False)
async def standings_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """List who does not stand well, and whose ladder is held."""
    rows = tuple(
        StandingListRow(
            tenant_id=format_id("ten", row.tenant_id),
            name=row.name,
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


@get(f"{URL}/standing", opt=ACT, include_in_schema=False)
async def standing_page(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show how a customer stands, and record in its audit trail that it was looked at."""
    owner = owner_of(tenant_id)
    async with opened_by_staff(request, application, owner, "standing"):
        return await _show(request, application, owner, Form())


async def _show(
    request: PageRequest, application: Application, owner: TenantId, form: Form, status: int = 200
) -> Page:
    async with application.work(owner):
        frame = await read_frame(application, owner, "standing", language_of(request))
        view = await application.read_standing(owner)
        debt = await application.read_debt(owner)
    return await customer_page(
        request,
        application,
        frame,
        "finance/standing.html",
        form=form,
        status=status,
        view=page_of(view, debt),
    )


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
            until=_local(form.one("until"), zone),
            actor=principal(request).actor,
        )

    return await _attempt(request, application, tenant_id, form, act, "held")


@post(f"{URL}/standing/release", opt=ACT, status_code=303, include_in_schema=False)
async def release(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """End a hold now."""

    async def act() -> None:
        await application.release_standing(
            tenant_id=owner_of(tenant_id), actor=principal(request).actor
        )

    return await _attempt(request, application, tenant_id, Submitted({}), act, "released")


def _local(text: str, zone: str) -> datetime:
    try:
        local = datetime.fromisoformat(text)
    except ValueError as error:
        raise TimeInvalid(value=text, field="until") from error
    return instant_from(local.replace(tzinfo=ZoneInfo(zone)).isoformat(), field="until")


async def _attempt(
    request: PageRequest,
    application: Application,
    tenant_id: str,
    form: Submitted,
    act: Callable[[], Awaitable[object]],
    done: str,
) -> Page | Redirect:
    async def again(shown: Form, status: int) -> Page:
        return await _show(request, application, owner_of(tenant_id), shown, status)

    onward = see(f"/finance/customers/{tenant_id}/standing", done=done)
    return await attempt(request, form, act, again, onward)
