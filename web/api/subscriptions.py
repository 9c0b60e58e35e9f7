"""What a tenant bought: its subscriptions as they stand, and their timelines."""

from datetime import datetime

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from billing.services.list_subscriptions import BookedAddon, ScheduledChange, SubscriptionView
from control_plane.identity.domain import Permission
from control_plane.kernel.ids import SubscriptionId, format_id
from control_plane.subscriptions.codec import action_kind
from control_plane.subscriptions.domain import Action, BookAddon, Change, ChangePlan, Start
from web.api.catalog import Name
from web.api.changes import HANDLERS
from web.api.common import ApiRequest, id_from, tenant
from web.compose import Application

READ = {"permission": Permission.SUBSCRIPTION_READ}


class ScheduledView(msgspec.Struct):
    """A change that is still ahead; ``cancel`` is the end. Its id takes it back."""

    change_id: str
    action: str
    effective_at: datetime
    plan: str | None
    interval: str | None
    component: str | None
    quantity: int | None


class BookedAddonView(msgspec.Struct):
    """A window that was booked; ``price`` is that of all of them, as fixed at booking."""

    booking_id: str
    addon: str
    name: Name
    window_start: datetime
    window_end: datetime
    quantity: int
    price: str
    status: str
    cancelled_at: datetime | None


class SubscriptionBody(msgspec.Struct):
    """A subscription as it stands; ``fee`` is per ``count`` intervals, before usage."""

    id: str
    status: str
    paused: bool
    trial_end: datetime | None
    plan: str
    name: Name
    modules: list[str]
    interval: str
    count: int
    quantities: dict[str, int]
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
    """One entry of a timeline: what it did, from when, and when it became known.

    ``waits`` says that it has not taken effect yet and can be taken back.
    """

    id: str
    seq: int
    action: str
    effective_at: datetime
    known_at: datetime
    item: str | None
    interval: str | None
    component: str | None
    quantity: int | None
    booking_id: str | None
    until: datetime | None
    window_start: datetime | None
    window_end: datetime | None
    waits: bool


def subscription_body(view: SubscriptionView) -> SubscriptionBody:
    """Show a subscription."""
    period = view.current_period
    return SubscriptionBody(
        id=format_id("sub", view.id),
        status=view.status.value,
        paused=view.paused,
        trial_end=view.trial_end,
        plan=view.plan.label,
        name=Name(en=view.plan.name.en, zh=view.plan.name.zh),
        modules=list(view.plan.modules),
        interval=view.interval.value,
        count=view.count,
        quantities=dict(view.components),
        currency=view.currency.code,
        fee=view.fee.decimal_text(),
        started_at=view.started_at,
        ends_at=view.ends_at,
        period_start=period.start if period else None,
        period_end=period.end if period else None,
        next_invoice_at=view.next_invoice_at,
        scheduled=[_scheduled(change) for change in view.scheduled],
        addons=[_booked(booked) for booked in view.addons],
    )


def _scheduled(change: ScheduledChange) -> ScheduledView:
    return ScheduledView(
        change_id=format_id("chg", change.change_id),
        action=change.kind,
        effective_at=change.effective_at,
        plan=change.plan.label if change.plan else None,
        interval=change.interval.value if change.interval else None,
        component=change.component,
        quantity=change.quantity,
    )


def _booked(booked: BookedAddon) -> BookedAddonView:
    return BookedAddonView(
        booking_id=format_id("chg", booked.booking_id),
        addon=booked.addon.label,
        name=Name(en=booked.addon.name.en, zh=booked.addon.name.zh),
        window_start=booked.window.start,
        window_end=booked.window.end,
        quantity=booked.quantity,
        price=booked.price.decimal_text(),
        status=booked.status.value,
        cancelled_at=booked.cancelled_at,
    )


def timeline_body(view: SubscriptionView) -> list[ChangeView]:
    """Show a timeline, in the order of recording."""
    waiting = {change.change_id for change in view.scheduled}
    return [_entry(view, change, waits=change.id in waiting) for change in view.timeline.changes]


def _entry(view: SubscriptionView, change: Change, *, waits: bool) -> ChangeView:
    action = change.action
    window = getattr(action, "window", None)
    interval = getattr(action, "interval", None)
    booking = getattr(action, "booking", None)
    return ChangeView(
        id=format_id("chg", change.id),
        seq=change.seq,
        action=action_kind(action),
        effective_at=change.effective_at,
        known_at=change.known_at,
        item=_item(view, action),
        interval=None if interval is None else interval.value,
        component=getattr(action, "component", None),
        quantity=getattr(action, "quantity", None),
        booking_id=None if booking is None else format_id("chg", booking),
        until=getattr(action, "until", None),
        window_start=None if window is None else window.start,
        window_end=None if window is None else window.end,
        waits=waits,
    )


def _item(view: SubscriptionView, action: Action) -> str | None:
    if isinstance(action, Start | ChangePlan):
        return view.versions.plans[action.plan_version_id].label
    if isinstance(action, BookAddon):
        return view.versions.addons[action.addon_version_id].label
    return None


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
