"""What a change of a subscription would cost, and making it as it was shown."""

from datetime import datetime

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from billing.changing import Changed
from control_plane.identity.domain import Permission
from control_plane.kernel.calendar import Interval
from control_plane.kernel.ids import SubscriptionId, format_id
from web.api.common import ApiRequest, choice_from, id_from, principal, tenant
from web.api.lines import LineView, line_view
from web.compose import Application

READ = {"permission": Permission.SUBSCRIPTION_READ, "idempotent": False}
CHANGE = {"permission": Permission.SUBSCRIPTION_CHANGE}


class StartRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A plan to begin with. ``token`` of a preview makes sure that its price still holds."""

    plan_code: str
    interval: str = "month"
    currency: str | None = None
    token: str | None = None


class PlanChangeRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The plan to change to; on confirmation, the token of the preview that was agreed to."""

    plan_code: str
    interval: str | None = None
    token: str = ""


class AddonRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The add-on to book; on confirmation, the token of the preview that was agreed to."""

    addon_code: str
    token: str = ""


class CancellationRequest(msgspec.Struct, forbid_unknown_fields=True):
    """At the period's end, or at once."""

    at_once: bool = False


class StartPreviewView(msgspec.Struct):
    """What the first invoice would hold."""

    plan: str
    interval: str
    currency: str
    starts_at: datetime
    first_period_end: datetime
    fee: str
    lines: list[LineView]
    total: str
    token: str


class PlanChangePreviewView(msgspec.Struct):
    """What would be charged at once, from when, and what recurs before and after."""

    timing: str
    effective_at: datetime
    currency: str
    plan_before: str
    fee_before: str
    plan_after: str
    fee_after: str
    lines: list[LineView]
    total: str
    token: str


class AddonPreviewView(msgspec.Struct):
    """What booking the season's next window would cost."""

    addon: str
    window_start: datetime
    window_end: datetime
    currency: str
    lines: list[LineView]
    total: str
    token: str


class ChangedView(msgspec.Struct):
    """A change that was made, and the invoice it caused, if any."""

    subscription_id: str
    effective_at: datetime
    invoice_id: str | None
    invoice_number: str | None
    total: str | None


def changed_view(changed: Changed) -> ChangedView:
    """Show a change."""
    invoice = changed.invoice
    return ChangedView(
        subscription_id=format_id("sub", changed.subscription_id),
        effective_at=changed.effective_at,
        invoice_id=format_id("inv", invoice.id) if invoice else None,
        invoice_number=invoice.number if invoice else None,
        total=invoice.total.decimal_text() if invoice else None,
    )


def _interval(text: str | None) -> Interval | None:
    return choice_from(Interval, text, field="interval") if text else None


def _subscription(text: str) -> SubscriptionId:
    return SubscriptionId(id_from("sub", text))


@post("/subscription-previews", status_code=200, opt=READ)
async def preview_start(
    request: ApiRequest, data: JSONBody[StartRequest], application: NamedDependency[Application]
) -> StartPreviewView:
    """Show the first invoice of a new subscription. Changes nothing."""
    preview = await application.preview_start(
        tenant_id=tenant(request),
        plan_code=data.plan_code,
        interval=choice_from(Interval, data.interval, field="interval"),
        currency_code=data.currency,
    )
    return StartPreviewView(
        plan=preview.plan.label,
        interval=preview.interval.value,
        currency=preview.total.currency.code,
        starts_at=preview.starts_at,
        first_period_end=preview.first_period.end,
        fee=preview.fee.decimal_text(),
        lines=[line_view(line) for line in preview.lines],
        total=preview.total.decimal_text(),
        token=preview.token,
    )


@post("/subscriptions", opt=CHANGE)
async def start_subscription(
    request: ApiRequest, data: JSONBody[StartRequest], application: NamedDependency[Application]
) -> ChangedView:
    """Subscribe to a plan from now on; its first fee is invoiced at once."""
    changed = await application.start_subscription(
        tenant_id=tenant(request),
        plan_code=data.plan_code,
        interval=choice_from(Interval, data.interval, field="interval"),
        currency_code=data.currency,
        token=data.token,
        actor=principal(request).actor,
    )
    return changed_view(changed)


@post("/subscriptions/{subscription_id:str}/plan-change-previews", status_code=200, opt=READ)
async def preview_plan_change(
    request: ApiRequest,
    subscription_id: FromPath[str],
    data: JSONBody[PlanChangeRequest],
    application: NamedDependency[Application],
) -> PlanChangePreviewView:
    """Show the exact lines of a plan change. Changes nothing."""
    preview = await application.preview_plan_change(
        tenant_id=tenant(request),
        subscription_id=_subscription(subscription_id),
        plan_code=data.plan_code,
        interval=_interval(data.interval),
    )
    return PlanChangePreviewView(
        timing=preview.timing.value,
        effective_at=preview.effective_at,
        currency=preview.total.currency.code,
        plan_before=preview.plan_before.label,
        fee_before=preview.fee_before.decimal_text(),
        plan_after=preview.plan_after.label,
        fee_after=preview.fee_after.decimal_text(),
        lines=[line_view(line) for line in preview.lines],
        total=preview.total.decimal_text(),
        token=preview.token,
    )


@post("/subscriptions/{subscription_id:str}/plan-changes", opt=CHANGE)
async def change_plan(
    request: ApiRequest,
    subscription_id: FromPath[str],
    data: JSONBody[PlanChangeRequest],
    application: NamedDependency[Application],
) -> ChangedView:
    """Change the plan as it was previewed; refused as stale when the price moved."""
    changed = await application.change_plan(
        tenant_id=tenant(request),
        subscription_id=_subscription(subscription_id),
        plan_code=data.plan_code,
        token=data.token,
        actor=principal(request).actor,
        interval=_interval(data.interval),
    )
    return changed_view(changed)


@post("/subscriptions/{subscription_id:str}/addon-previews", status_code=200, opt=READ)
async def preview_addon(
    request: ApiRequest,
    subscription_id: FromPath[str],
    data: JSONBody[AddonRequest],
    application: NamedDependency[Application],
) -> AddonPreviewView:
    """Show the next window of an add-on's season and its price. Changes nothing."""
    preview = await application.preview_addon(
        tenant_id=tenant(request),
        subscription_id=_subscription(subscription_id),
        addon_code=data.addon_code,
    )
    return AddonPreviewView(
        addon=preview.addon.label,
        window_start=preview.window.start,
        window_end=preview.window.end,
        currency=preview.total.currency.code,
        lines=[line_view(line) for line in preview.lines],
        total=preview.total.decimal_text(),
        token=preview.token,
    )


@post("/subscriptions/{subscription_id:str}/addons", opt=CHANGE)
async def book_addon(
    request: ApiRequest,
    subscription_id: FromPath[str],
    data: JSONBody[AddonRequest],
    application: NamedDependency[Application],
) -> ChangedView:
    """Book an add-on's window as it was previewed; it is invoiced at booking."""
    changed = await application.book_addon(
        tenant_id=tenant(request),
        subscription_id=_subscription(subscription_id),
        addon_code=data.addon_code,
        token=data.token,
        actor=principal(request).actor,
    )
    return changed_view(changed)


@post("/subscriptions/{subscription_id:str}/cancellation", opt=CHANGE)
async def cancel_subscription(
    request: ApiRequest,
    subscription_id: FromPath[str],
    data: JSONBody[CancellationRequest],
    application: NamedDependency[Application],
) -> ChangedView:
    """Cancel, at the period's end unless ``at_once``."""
    changed = await application.cancel_subscription(
        tenant_id=tenant(request),
        subscription_id=_subscription(subscription_id),
        actor=principal(request).actor,
        at_once=data.at_once,
    )
    return changed_view(changed)


HANDLERS = [
    preview_start,
    start_subscription,
    preview_plan_change,
    change_plan,
    preview_addon,
    book_addon,
    cancel_subscription,
]
"""They share paths with what reads subscriptions, and so its router."""
