"""What a tenant bought: its subscriptions as they stand, and their timelines."""

from datetime import datetime

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from billing.services.list_subscriptions import SubscriptionView
from control_plane.identity.domain import Permission
from control_plane.kernel.ids import SubscriptionId, format_id
from control_plane.subscriptions.domain import BookAddon, ChangePlan, Start
from control_plane.subscriptions.domain.changes import Action
from web.api.catalog import Name
from web.api.changes import HANDLERS
from web.api.common import ApiRequest, id_from, tenant
from web.compose import Application

READ = {"permission": Permission.SUBSCRIPTION_READ}


class ScheduledView(msgspec.Struct):
    """A change that is still ahead; without a plan it is the end."""

    effective_at: datetime
    plan: str | None
    interval: str | None


class BookedAddonView(msgspec.Struct):
    """A window that was booked."""

    addon: str
    name: Name
    window_start: datetime
    window_end: datetime
    status: str


class SubscriptionBody(msgspec.Struct):
    """A subscription as it stands; ``fee`` is per interval, before usage."""

    id: str
    status: str
    plan: str
    name: Name
    modules: list[str]
    interval: str
    currency: str
    fee: str
    started_at: datetime
    ends_at: datetime | None
    period_start: datetime | None
    period_end: datetime | None
    next_invoice_at: datetime | None
    scheduled: list[ScheduledView]
    addons: list[BookedAddonView]


class ChangeView(msgspec.Struct):
    """One entry of a timeline: what it did, from when, and when it became known."""

    id: str
    seq: int
    action: str
    effective_at: datetime
    known_at: datetime
    item: str | None
    interval: str | None
    window_start: datetime | None
    window_end: datetime | None


def subscription_body(view: SubscriptionView) -> SubscriptionBody:
    """Show a subscription."""
    period = view.current_period
    return SubscriptionBody(
        id=format_id("sub", view.id),
        status=view.status.value,
        plan=view.plan.label,
        name=Name(en=view.plan.name.en, zh=view.plan.name.zh),
        modules=list(view.plan.modules),
        interval=view.interval.value,
        currency=view.currency.code,
        fee=view.fee.decimal_text(),
        started_at=view.started_at,
        ends_at=view.ends_at,
        period_start=period.start if period else None,
        period_end=period.end if period else None,
        next_invoice_at=view.next_invoice_at,
        scheduled=[
            ScheduledView(
                effective_at=change.effective_at,
                plan=change.plan.label if change.plan else None,
                interval=change.interval.value if change.interval else None,
            )
            for change in view.scheduled
        ],
        addons=[
            BookedAddonView(
                addon=booked.addon.label,
                name=Name(en=booked.addon.name.en, zh=booked.addon.name.zh),
                window_start=booked.window.start,
                window_end=booked.window.end,
                status=booked.status.value,
            )
            for booked in view.addons
        ],
    )


def _item(view: SubscriptionView, action: Action) -> str | None:
    if isinstance(action, Start | ChangePlan):
        return view.versions.plans[action.plan_version_id].label
    if isinstance(action, BookAddon):
        return view.versions.addons[action.addon_version_id].label
    return None


_NAMES = {"Start": "start", "ChangePlan": "change_plan", "BookAddon": "book_addon"}


def timeline_body(view: SubscriptionView) -> list[ChangeView]:
    """Show a timeline, in the order of recording."""
    return [
        ChangeView(
            id=format_id("chg", change.id),
            seq=change.seq,
            action=_NAMES.get(type(change.action).__name__, "cancel"),
            effective_at=change.effective_at,
            known_at=change.known_at,
            item=_item(view, change.action),
            interval=change.action.interval.value
            if isinstance(change.action, Start | ChangePlan)
            else None,
            window_start=change.action.window.start
            if isinstance(change.action, BookAddon)
            else None,
            window_end=change.action.window.end if isinstance(change.action, BookAddon) else None,
        )
        for change in view.timeline.changes
    ]


@get("/subscriptions", opt=READ)
async def list_subscriptions(
    request: ApiRequest, application: NamedDependency[Application]
) -> list[SubscriptionBody]:
    """List your subscriptions, ended ones too."""
    return [subscription_body(v) for v in await application.list_subscriptions(tenant(request))]


@get("/subscriptions/{subscription_id:str}", opt=READ)
async def get_subscription(
    request: ApiRequest, subscription_id: FromPath[str], application: NamedDependency[Application]
) -> SubscriptionBody:
    """Read one subscription."""
    wanted = SubscriptionId(id_from("sub", subscription_id))
    return subscription_body(
        await application.get_subscription(tenant_id=tenant(request), subscription_id=wanted)
    )


@get("/subscriptions/{subscription_id:str}/timeline", opt=READ)
async def read_timeline(
    request: ApiRequest, subscription_id: FromPath[str], application: NamedDependency[Application]
) -> list[ChangeView]:
    """Read everything that was bought and changed, and when it became known."""
    wanted = SubscriptionId(id_from("sub", subscription_id))
    return timeline_body(
        await application.get_subscription(tenant_id=tenant(request), subscription_id=wanted)
    )


router = Router(
    "/v1",
    tags=["Subscriptions"],
    route_handlers=[list_subscriptions, get_subscription, read_timeline, *HANDLERS],
)
