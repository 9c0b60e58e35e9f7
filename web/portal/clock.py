"""The test clock of a sandbox: what time it is there, and moving it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from litestar import get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from control_plane.identity.domain import Permission
from control_plane.kernel.errors import TallyardError
from control_plane.tenancy.errors import ClockNotFound
from control_plane.tenancy.test_clocks import SandboxClock
from web.api.clocks import advance_target
from web.api.common import TimeInvalid, instant_from, principal, tenant
from web.compose import Application
from web.portal.forms import Submitted, refused, submitted
from web.portal.page import Page, PageRequest, language_of, page, see
from web.portal.views.people import ClockView
from web.portal.views.shell import Form

MANAGE = {"permission": Permission.CLOCK_MANAGE}


@get("/portal/test-clock", opt={"permission": Permission.TENANT_READ}, include_in_schema=False)
async def clock_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """Show the clock; it moves by itself while it is on its way."""
    return await _clock(request, application, Form())


async def _clock(
    request: PageRequest, application: Application, form: Form, status: int = 200
) -> Page:
    tenant_id = tenant(request)
    async with application.work(tenant_id):
        zone = ZoneInfo((await application.read_organisation(tenant_id)).zone)
        found = await _read(application, request)
        view = ClockView(now_at=None, target_at=None, state="ready")
        if found is not None:
            suggested = (found.now + timedelta(days=30)).astimezone(zone)
            view = ClockView(
                now_at=found.now,
                target_at=found.target,
                state=found.state,
                suggested=f"{suggested:%Y-%m-%dT%H:%M}",
                failure=found.last_error,
            )
        return await page(
            request, application, "portal/clock.html", "clock", status=status, view=view, form=form
        )


async def _read(application: Application, request: PageRequest) -> SandboxClock | None:
    try:
        return await application.read_test_clock(tenant(request))
    except ClockNotFound:
        return None


@post("/portal/test-clock", opt=MANAGE, status_code=303, include_in_schema=False)
async def create_clock(request: PageRequest, application: NamedDependency[Application]) -> Redirect:
    """Give the sandbox a clock of its own, standing at the present."""
    await application.create_test_clock(tenant_id=tenant(request), actor=principal(request).actor)
    return see("/portal/test-clock", done="clock")


@post("/portal/test-clock/advance", opt=MANAGE, status_code=303, include_in_schema=False)
async def advance(
    request: PageRequest, application: NamedDependency[Application]
) -> Page | Redirect:
    """Send the clock to an instant, or so many days on."""
    form = await submitted(request)
    try:
        await application.request_clock_advance(
            tenant_id=tenant(request),
            to=await _target(application, request, form),
            actor=principal(request).actor,
        )
    except TallyardError as error:
        again, status = refused(error, form, language_of(request))
        return await _clock(request, application, again, status)
    return see("/portal/test-clock", done="advancing")


async def _target(application: Application, request: PageRequest, form: Submitted) -> datetime:
    if by := form.one("by"):
        return await advance_target(application, tenant(request), to=None, by=by)
    zone = ZoneInfo((await application.read_organisation(tenant(request))).zone)
    try:
        local = datetime.fromisoformat(form.one("to"))
    except ValueError as error:
        raise TimeInvalid(value=form.one("to"), field="to") from error
    return instant_from(local.replace(tzinfo=zone).isoformat(), field="to")
