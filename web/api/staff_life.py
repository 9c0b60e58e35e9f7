"""What the vendor does to a tenant's subscriptions: also in the past, with terms and trials."""

import msgspec
from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from billing.domain.life.requests import Request
from control_plane.catalog.policies import DEFAULTS
from control_plane.identity.domain import Permission
from control_plane.kernel.ids import SubscriptionId, TenantId
from web.api.change_bodies import StaffChangeRequest, StaffStartRequest
from web.api.change_views import ChangedView, PreviewView, changed_view, preview_view
from web.api.common import ApiRequest, id_from, principal
from web.api.subscriptions import SubscriptionBody, subscription_body
from web.compose import Application
from web.openings import opened_by_staff

FINANCE = {"permission": Permission.STAFF_FINANCE}
PREVIEW = {**FINANCE, "staff": True, "idempotent": False}
CHANGE = {**FINANCE, "staff": True}


class PoliciesBody(msgspec.Struct):
    """A tenant's own choices, and what is in force where plan and price say nothing else."""

    chosen: dict[str, str | int]
    in_force: dict[str, str | int]


class PoliciesRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The choices to keep: all others go back to the plan's, the price's, or the default."""

    policies: dict[str, str | int]


def _tenant(text: str) -> TenantId:
    return TenantId(id_from("ten", text))


async def _preview(
    application: Application, tenant_id: str, wanted: Request, subscription: str | None
) -> PreviewView:
    preview = await application.preview_change(
        tenant_id=_tenant(tenant_id),
        subscription_id=None if subscription is None else _subscription(subscription),
        request=wanted,
        staff=True,
    )
    return preview_view(preview)


def _subscription(text: str) -> SubscriptionId:
    return SubscriptionId(id_from("sub", text))


@get("/tenants/{tenant_id:str}/subscriptions", opt=FINANCE)
async def list_tenant_subscriptions(
    request: ApiRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> list[SubscriptionBody]:
    """List a tenant's subscriptions; its audit record tells who looked."""
    wanted = _tenant(tenant_id)
    async with opened_by_staff(request, application, wanted, "subscriptions"):
        await application.read_organisation(wanted)
        return [subscription_body(v) for v in await application.list_subscriptions(wanted)]


@post("/tenants/{tenant_id:str}/subscription-previews", status_code=200, opt=PREVIEW)
async def preview_tenant_start(
    tenant_id: FromPath[str],
    data: JSONBody[StaffStartRequest],
    application: NamedDependency[Application],
) -> PreviewView:
    """Show the first documents of a subscription, back-dated or with terms too."""
    return await _preview(application, tenant_id, data.request(), None)


@post("/tenants/{tenant_id:str}/subscriptions", opt=CHANGE)
async def start_tenant_subscription(
    request: ApiRequest,
    tenant_id: FromPath[str],
    data: JSONBody[StaffStartRequest],
    application: NamedDependency[Application],
) -> ChangedView:
    """Start a subscription for a tenant as it was previewed."""
    changed = await application.confirm_change(
        tenant_id=_tenant(tenant_id),
        request=data.request(),
        token=data.token,
        actor=principal(request).actor,
        staff=True,
    )
    return changed_view(changed)


@post(
    "/tenants/{tenant_id:str}/subscriptions/{subscription_id:str}/previews",
    status_code=200,
    opt=PREVIEW,
)
async def preview_tenant_change(
    tenant_id: FromPath[str],
    subscription_id: FromPath[str],
    data: JSONBody[StaffChangeRequest],
    application: NamedDependency[Application],
) -> PreviewView:
    """Show what any change would do, terms, trials and the past included."""
    return await _preview(application, tenant_id, data.request(), subscription_id)


@post("/tenants/{tenant_id:str}/subscriptions/{subscription_id:str}/changes", opt=CHANGE)
async def make_tenant_change(
    request: ApiRequest,
    tenant_id: FromPath[str],
    subscription_id: FromPath[str],
    data: JSONBody[StaffChangeRequest],
    application: NamedDependency[Application],
) -> ChangedView:
    """Make a change of a tenant's subscription as it was previewed."""
    changed = await application.confirm_change(
        tenant_id=_tenant(tenant_id),
        subscription_id=_subscription(subscription_id),
        request=data.request(),
        token=data.token,
        actor=principal(request).actor,
        staff=True,
    )
    return changed_view(changed)


@get("/tenants/{tenant_id:str}/policies", opt=FINANCE)
async def read_policies(
    tenant_id: FromPath[str], application: NamedDependency[Application]
) -> PoliciesBody:
    """Read the conventions that a tenant's money follows."""
    chosen = await application.read_policies(_tenant(tenant_id))
    return PoliciesBody(chosen=dict(chosen), in_force=DEFAULTS.over(chosen).body())


@put("/tenants/{tenant_id:str}/policies", opt=CHANGE)
async def set_policies(
    request: ApiRequest,
    tenant_id: FromPath[str],
    data: JSONBody[PoliciesRequest],
    application: NamedDependency[Application],
) -> PoliciesBody:
    """Choose a tenant's conventions. What is due already is invoiced first, by the old ones."""
    chosen = await application.set_policies(
        tenant_id=_tenant(tenant_id), policies=data.policies, actor=principal(request).actor
    )
    return PoliciesBody(chosen=dict(chosen), in_force=DEFAULTS.over(chosen).body())


router = Router(
    "/v1/staff",
    tags=["Staff"],
    route_handlers=[
        list_tenant_subscriptions,
        preview_tenant_start,
        start_tenant_subscription,
        preview_tenant_change,
        make_tenant_change,
        read_policies,
        set_policies,
    ],
)
