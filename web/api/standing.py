"""How an organisation stands with its payments: for itself, and for staff."""

from datetime import datetime

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from control_plane.identity.domain import Permission
from control_plane.kernel.ids import TenantId, format_id
from control_plane.sdk.snapshot import Standing
from control_plane.standing.domain import Debt, Step, Upcoming
from control_plane.standing.services.read_standing import StandingView
from web.api.common import ApiRequest, choice_from, id_from, instant_from, principal, tenant
from web.compose import Application
from web.openings import opened_by_staff

FINANCE = {"permission": Permission.STAFF_FINANCE}
ACT = {**FINANCE, "staff": True}


class OpenAmount(msgspec.Struct):
    """What is open in one currency."""

    amount: str
    currency: str


class NextStanding(msgspec.Struct):
    """What comes if nothing is paid, and when; ``announced`` says that you were told."""

    standing: str
    effective_at: datetime
    announced: bool


class HoldBody(msgspec.Struct):
    """Until when nothing more happens, and why."""

    reason: str
    until: datetime
    held_at: datetime
    held_by: str


class StepBody(msgspec.Struct):
    """One thing that happened: a standing announced or entered, a hold placed or released."""

    number: int
    kind: str
    standing: str
    at: datetime
    effective_at: datetime | None
    reason: str


class StandingBody(msgspec.Struct):
    """How the organisation stands now, what it owes, what comes next, and what has happened.

    Instants are the organisation's own time. ``open`` and ``invoices`` are what is unpaid, whether
    overdue or not yet.
    """

    at: datetime
    standing: str
    entered_at: datetime | None
    overdue_since: datetime | None
    open: list[OpenAmount]
    invoices: list[str]
    next: NextStanding | None
    held_until: datetime | None
    steps: list[StepBody]


class StaffStandingBody(msgspec.Struct):
    """The same, with why it is held, and by whom."""

    standing: StandingBody
    hold: HoldBody | None


class StandingRowBody(msgspec.Struct):
    """A tenant that does not stand well, or whose ladder is held."""

    tenant_id: str
    name: str
    sandbox: bool
    standing: str
    overdue_since: datetime | None
    next_at: datetime | None
    held_until: datetime | None


class HoldRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Why nothing more shall happen, and until when (an instant with its offset)."""

    reason: str
    until: str


def standing_body(view: StandingView, debt: Debt | None) -> StandingBody:
    """Show a standing."""
    owed = () if debt is None else debt.open
    return StandingBody(
        at=view.at,
        standing=view.standing.value,
        entered_at=view.entered_at,
        overdue_since=view.overdue_since,
        open=[OpenAmount(each.decimal_text(), each.currency.code) for each in owed],
        invoices=[] if debt is None else list(debt.invoices),
        next=_next(view.next),
        held_until=None if view.hold is None else view.hold.effective_at,
        steps=[_step(step) for step in view.steps],
    )


def _next(coming: Upcoming | None) -> NextStanding | None:
    if coming is None:
        return None
    return NextStanding(coming.standing.value, coming.effective_at, coming.announced)


def _step(step: Step) -> StepBody:
    # What staff wrote of a hold is between them.
    own = step.actor == "standing"
    return StepBody(
        number=step.number,
        kind=step.kind.value,
        standing=step.standing.value,
        at=step.at,
        effective_at=step.effective_at,
        reason=step.reason if own else "",
    )


async def _read(application: Application, owner: TenantId) -> tuple[StandingView, Debt | None]:
    async with application.work(owner):
        return await application.read_standing(owner), await application.read_debt(owner)


def _hold(step: Step | None) -> HoldBody | None:
    if step is None or step.effective_at is None:
        return None
    return HoldBody(step.reason, step.effective_at, step.at, step.actor)


@get("/v1/standing", opt={"permission": Permission.INVOICE_READ}, tags=["Standing"])
async def read_own_standing(
    request: ApiRequest, application: NamedDependency[Application]
) -> StandingBody:
    """Read how your organisation stands, what comes next and when, and what to pay."""
    return standing_body(*await _read(application, tenant(request)))


@get("/v1/staff/standings", opt=FINANCE, tags=["Staff"])
async def list_standings(
    application: NamedDependency[Application], standing: FromQuery[str | None] = None
) -> list[StandingRowBody]:
    """List the tenants that do not stand well or whose ladder is held, the lowest first."""
    wanted = choice_from(Standing, standing, field="standing") if standing else None
    return [
        StandingRowBody(
            tenant_id=format_id("ten", row.tenant_id),
            name=row.name,
            sandbox=row.sandbox,
            standing=row.standing.value,
            overdue_since=row.overdue_since,
            next_at=row.next_at,
            held_until=row.held_until,
        )
        for row in await application.list_standings(wanted)
    ]


@get("/v1/staff/tenants/{tenant_id:str}/standing", opt=FINANCE, tags=["Staff"])
async def read_tenant_standing(
    request: ApiRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> StaffStandingBody:
    """Read a tenant's standing; its audit record tells who looked."""
    owner = TenantId(id_from("ten", tenant_id))
    async with opened_by_staff(request, application, owner, "standing"):
        view, debt = await _read(application, owner)
    return StaffStandingBody(standing_body(view, debt), _hold(view.hold))


@post("/v1/staff/tenants/{tenant_id:str}/standing-holds", opt=ACT, tags=["Staff"])
async def hold_standing(
    request: ApiRequest,
    tenant_id: FromPath[str],
    data: JSONBody[HoldRequest],
    application: NamedDependency[Application],
) -> StaffStandingBody:
    """Keep a tenant where it stands until an instant of its own time; paying still restores it."""
    owner = TenantId(id_from("ten", tenant_id))
    await application.hold_standing(
        tenant_id=owner,
        reason=data.reason,
        until=instant_from(data.until, field="until"),
        actor=principal(request).actor,
    )
    view, debt = await _read(application, owner)
    return StaffStandingBody(standing_body(view, debt), _hold(view.hold))


@post(
    "/v1/staff/tenants/{tenant_id:str}/standing-releases",
    status_code=200,
    opt=ACT,
    tags=["Staff"],
)
async def release_standing(
    request: ApiRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> StaffStandingBody:
    """End a hold now. What was due meanwhile is announced, with its full notice."""
    owner = TenantId(id_from("ten", tenant_id))
    await application.release_standing(tenant_id=owner, actor=principal(request).actor)
    view, debt = await _read(application, owner)
    return StaffStandingBody(standing_body(view, debt), _hold(view.hold))


router = Router(
    "/",
    route_handlers=[
        read_own_standing,
        list_standings,
        read_tenant_standing,
        hold_standing,
        release_standing,
    ],
)
