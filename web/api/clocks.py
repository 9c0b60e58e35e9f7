"""A sandbox's test clock: time as an argument, for the whole tenant."""

from datetime import datetime

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from control_plane.identity.domain import Permission
from control_plane.kernel.duration import parse_duration
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.ids import TenantId
from control_plane.tenancy.test_clocks import SandboxClock
from web.api.common import ApiRequest, instant_from, principal, tenant
from web.compose import Application


class ClockRequest(msgspec.Struct, forbid_unknown_fields=True):
    """When the clock begins; now, without."""

    at: str | None = None


class AdvanceRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Where to advance to: an instant (``to``), or a duration from here (``by``, ``P1Y6M``)."""

    to: str | None = None
    by: str | None = None


class AdvanceAmbiguous(TallyardError):
    """A clock is told two places to go to, or none."""

    code = "advance_ambiguous"
    kind = ErrorKind.INVALID
    message = "Say either when to advance to, or by how much."
    remedy = "Give “to” with a time, or “by” with a duration such as P30D."


class ClockView(msgspec.Struct):
    """A test clock: ``ready`` stands still, ``advancing`` is on its way to ``target``."""

    now: datetime
    state: str
    target: datetime | None
    last_error: str | None


def clock_view(clock: SandboxClock) -> ClockView:
    """Show a test clock."""
    return ClockView(
        now=clock.now, state=clock.state, target=clock.target, last_error=clock.last_error
    )


@get("/test-clock", opt={"permission": Permission.TENANT_READ})
async def read_clock(request: ApiRequest, application: NamedDependency[Application]) -> ClockView:
    """Read what time it is in your sandbox."""
    return clock_view(await application.read_test_clock(tenant(request)))


@post("/test-clock", opt={"permission": Permission.CLOCK_MANAGE})
async def create_clock(
    request: ApiRequest, data: JSONBody[ClockRequest], application: NamedDependency[Application]
) -> ClockView:
    """Give your sandbox a clock of its own. Only before anything was bought."""
    clock = await application.create_test_clock(
        tenant_id=tenant(request),
        actor=principal(request).actor,
        at=instant_from(data.at, field="at") if data.at else None,
    )
    return clock_view(clock)


@post("/test-clock/advance", status_code=202, opt={"permission": Permission.CLOCK_MANAGE})
async def advance_clock(
    request: ApiRequest, data: JSONBody[AdvanceRequest], application: NamedDependency[Application]
) -> ClockView:
    """Advance by any amount; returns at once. The clock is there once its state is ``ready``."""
    target = await advance_target(application, tenant(request), to=data.to, by=data.by)
    clock = await application.request_clock_advance(
        tenant_id=tenant(request), to=target, actor=principal(request).actor
    )
    return clock_view(clock)


async def advance_target(
    application: Application, tenant_id: TenantId, *, to: str | None, by: str | None
) -> datetime:
    """Return the instant that ``to`` names, or that lies ``by`` a duration ahead of the clock.

    Raises:
        AdvanceAmbiguous: both are given, or neither.
        InvalidDuration, TimeInvalid: the one given cannot be read.
        ClockNotFound: there is no clock to count from.
    """
    if to is not None and by is None:
        return instant_from(to, field="to")
    if by is None or to is not None:
        raise AdvanceAmbiguous(field="by")
    duration = parse_duration(by)
    clock = await application.read_test_clock(tenant_id)
    zone = (await application.read_organisation(tenant_id)).zone
    return duration.after(clock.now, zone)


router = Router(
    "/v1", tags=["Test clock"], route_handlers=[read_clock, create_clock, advance_clock]
)
