"""Grants and overrides of a customer's features, as the vendor's finance makes and ends them."""

from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from control_plane.identity.domain import Permission
from control_plane.kernel.ids import InvalidId, TenantId, parse_id
from web.api.common import ApiRequest, ThingNotFound, id_from, instant_from, principal
from web.api.grant_bodies import (
    EndRequest,
    ExplanationView,
    GivenView,
    GrantRequest,
    GrantView,
    OverrideRequest,
    OverrideView,
    explanation_view,
    given_view,
    grant_row,
    override_row,
)
from web.api.grant_values import grant_from
from web.compose import Application
from web.openings import opened_by_staff

FINANCE = {"permission": Permission.STAFF_FINANCE}
WRITE = {**FINANCE, "staff": True}


def _tenant(text: str) -> TenantId:
    return TenantId(id_from("ten", text))


def given_id_from(text: str) -> UUID:
    """Read the id of a grant or an override, or raise ThingNotFound."""
    for prefix in ("gra", "ovr"):
        try:
            return parse_id(prefix, text)
        except InvalidId:
            continue
    raise ThingNotFound(id=text)


@get("/tenants/{tenant_id:str}/grants", opt=WRITE)
async def list_customer_grants(
    request: ApiRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> GivenView:
    """List a customer's grants and overrides; its audit record tells who looked."""
    owner = _tenant(tenant_id)
    async with opened_by_staff(request, application, owner, "grants"):
        return given_view(await application.list_grants(owner))


@get("/tenants/{tenant_id:str}/entitlements/{feature:str}/explain", opt=WRITE)
async def explain_customer_entitlement(
    request: ApiRequest,
    tenant_id: FromPath[str],
    feature: FromPath[str],
    application: NamedDependency[Application],
    at: FromQuery[str | None] = None,
) -> ExplanationView:
    """Explain the answer for a customer's feature at an instant; it is told who looked."""
    owner = _tenant(tenant_id)
    moment = None if at is None else instant_from(at, field="at")
    async with opened_by_staff(request, application, owner, "entitlement"):
        return explanation_view(await application.explain_entitlement(owner, feature, moment))


@post("/tenants/{tenant_id:str}/grants", opt=WRITE)
async def grant_feature(
    request: ApiRequest,
    tenant_id: FromPath[str],
    data: JSONBody[GrantRequest],
    application: NamedDependency[Application],
) -> GrantView:
    """Grant a customer units or a value of a feature, once or again and again."""
    grant = await application.grant_feature(
        tenant_id=_tenant(tenant_id),
        feature=data.feature,
        value=grant_from(data.value),
        reason=data.reason,
        actor=principal(request).actor,
        terms=data.terms(),
    )
    return grant_row(grant, None)


@post("/tenants/{tenant_id:str}/overrides", opt=WRITE)
async def override_feature(
    request: ApiRequest,
    tenant_id: FromPath[str],
    data: JSONBody[OverrideRequest],
    application: NamedDependency[Application],
) -> OverrideView:
    """Have the last word on a customer's feature, until an instant or until it is ended."""
    starts, ends = data.starts_at, data.ends_at
    override = await application.override_feature(
        tenant_id=_tenant(tenant_id),
        feature=data.feature,
        value=grant_from(data.value),
        reason=data.reason,
        actor=principal(request).actor,
        starts_at=None if starts is None else instant_from(starts, field="starts_at"),
        ends_at=None if ends is None else instant_from(ends, field="ends_at"),
    )
    return override_row(override)


@post("/tenants/{tenant_id:str}/grants/{grant_id:str}/end", status_code=204, opt=WRITE)
async def end_grant(
    request: ApiRequest,
    tenant_id: FromPath[str],
    grant_id: FromPath[str],
    data: JSONBody[EndRequest],
    application: NamedDependency[Application],
) -> None:
    """End a grant or an override now; units that were used stay used."""
    await application.end_grant(
        tenant_id=_tenant(tenant_id),
        of=given_id_from(grant_id),
        reason=data.reason,
        actor=principal(request).actor,
    )


router = Router(
    "/v1/staff",
    tags=["Staff"],
    route_handlers=[
        list_customer_grants,
        explain_customer_entitlement,
        grant_feature,
        override_feature,
        end_grant,
    ],
)
