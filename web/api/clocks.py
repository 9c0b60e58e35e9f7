"""A sandbox's test clock: time as an argument, for the whole tenant."""

from datetime import datetime

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from control_plane.identity.domain import Permission
from control_plane.tenancy.test_clocks import SandboxClock
from web.api.common import ApiRequest, instant_from, principal, tenant
from web.compose import Application


class ClockRequest(msgspec.Struct, forbid_unknown_fields=True):
    """When the clock begins; now, without."""

    at: str | None = None


class AdvanceRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The instant to advance to; it stops at every boundary on its way."""

    to: str


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
    """Advance; returns at once. The clock is there when its state is ``ready`` again."""
    clock = await application.request_clock_advance(
        tenant_id=tenant(request),
        to=instant_from(data.to, field="to"),
        actor=principal(request).actor,
    )
    return clock_view(clock)


router = Router(
    "/v1", tags=["Test clock"], route_handlers=[read_clock, create_clock, advance_clock]
)
