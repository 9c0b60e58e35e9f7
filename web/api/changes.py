"""What a change of a subscription would cost, and making it as it was shown."""

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from billing.domain.life.requests import (
    BookingWanted,
    CancelWanted,
    Moment,
    PlanWanted,
    Request,
)
from control_plane.identity.domain import Permission
from control_plane.kernel.ids import SubscriptionId
from web.api.change_bodies import ChangeRequest, StartRequest, interval_from
from web.api.change_views import ChangedView, PreviewView, changed_view, preview_view
from web.api.common import ApiRequest, id_from, principal, tenant
from web.compose import Application

READ = {"permission": Permission.SUBSCRIPTION_READ, "idempotent": False}
CHANGE = {"permission": Permission.SUBSCRIPTION_CHANGE}


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


async def _preview(
    request: ApiRequest, application: Application, wanted: Request, subscription: str | None
) -> PreviewView:
    preview = await application.preview_change(
        tenant_id=tenant(request),
        subscription_id=None if subscription is None else _subscription(subscription),
        request=wanted,
    )
    return preview_view(preview)


async def _confirm(
    request: ApiRequest,
    application: Application,
    wanted: Request,
    subscription: str | None,
    token: str | None,
) -> ChangedView:
    changed = await application.confirm_change(
        tenant_id=tenant(request),
        subscription_id=None if subscription is None else _subscription(subscription),
        request=wanted,
        token=token,
        actor=principal(request).actor,
    )
    return changed_view(changed)


def _subscription(text: str) -> SubscriptionId:
    return SubscriptionId(id_from("sub", text))


@post("/subscription-previews", status_code=200, opt=READ)
async def preview_start(
    request: ApiRequest, data: JSONBody[StartRequest], application: NamedDependency[Application]
) -> PreviewView:
    """Show the first invoice of a new subscription. Changes nothing."""
    return await _preview(request, application, data.request(), None)


@post("/subscriptions", opt=CHANGE)
async def start_subscription(
    request: ApiRequest, data: JSONBody[StartRequest], application: NamedDependency[Application]
) -> ChangedView:
    """Subscribe to a plan; what is due at its start is invoiced with it."""
    return await _confirm(request, application, data.request(), None, data.token)


@post("/subscriptions/{subscription_id:str}/previews", status_code=200, opt=READ)
async def preview_change(
    request: ApiRequest,
    subscription_id: FromPath[str],
    data: JSONBody[ChangeRequest],
    application: NamedDependency[Application],
) -> PreviewView:
    """Show everything a change would do: lines, credits, tax, what is due. Changes nothing."""
    return await _preview(request, application, data.request(), subscription_id)


@post("/subscriptions/{subscription_id:str}/changes", opt=CHANGE)
async def make_change(
    request: ApiRequest,
    subscription_id: FromPath[str],
    data: JSONBody[ChangeRequest],
    application: NamedDependency[Application],
) -> ChangedView:
    """Make the change exactly as it was previewed; refused as stale when anything moved."""
    return await _confirm(request, application, data.request(), subscription_id, data.token)


@post("/subscriptions/{subscription_id:str}/plan-change-previews", status_code=200, opt=READ)
async def preview_plan_change(
    request: ApiRequest,
    subscription_id: FromPath[str],
    data: JSONBody[PlanChangeRequest],
    application: NamedDependency[Application],
) -> PreviewView:
    """Show a plan change; short for ``/previews`` with ``change_plan``."""
    wanted = PlanWanted(data.plan_code, interval_from(data.interval))
    return await _preview(request, application, wanted, subscription_id)


@post("/subscriptions/{subscription_id:str}/plan-changes", opt=CHANGE)
async def change_plan(
    request: ApiRequest,
    subscription_id: FromPath[str],
    data: JSONBody[PlanChangeRequest],
    application: NamedDependency[Application],
) -> ChangedView:
    """Change the plan as it was previewed; short for ``/changes`` with ``change_plan``."""
    wanted = PlanWanted(data.plan_code, interval_from(data.interval))
    return await _confirm(request, application, wanted, subscription_id, data.token)


@post("/subscriptions/{subscription_id:str}/addon-previews", status_code=200, opt=READ)
async def preview_addon(
    request: ApiRequest,
    subscription_id: FromPath[str],
    data: JSONBody[AddonRequest],
    application: NamedDependency[Application],
) -> PreviewView:
    """Show an add-on's running or next window; short for ``/previews`` with ``book_addon``."""
    return await _preview(request, application, BookingWanted(data.addon_code), subscription_id)


@post("/subscriptions/{subscription_id:str}/addons", opt=CHANGE)
async def book_addon(
    request: ApiRequest,
    subscription_id: FromPath[str],
    data: JSONBody[AddonRequest],
    application: NamedDependency[Application],
) -> ChangedView:
    """Book an add-on's window as it was previewed; short for ``/changes`` with ``book_addon``."""
    wanted = BookingWanted(data.addon_code)
    return await _confirm(request, application, wanted, subscription_id, data.token)


@post("/subscriptions/{subscription_id:str}/cancellation", opt=CHANGE)
async def cancel_subscription(
    request: ApiRequest,
    subscription_id: FromPath[str],
    data: JSONBody[CancellationRequest],
    application: NamedDependency[Application],
) -> ChangedView:
    """Cancel without a preview, at the period's end unless ``at_once``."""
    wanted = CancelWanted(Moment.NOW if data.at_once else Moment.PERIOD_END)
    return await _confirm(request, application, wanted, subscription_id, None)


HANDLERS = [
    preview_start,
    start_subscription,
    preview_change,
    make_change,
    preview_plan_change,
    change_plan,
    preview_addon,
    book_addon,
    cancel_subscription,
]
"""They share paths with what reads subscriptions, and so its router."""
