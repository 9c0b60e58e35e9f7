"""What an organisation was granted besides what it bought, and why answers are what they are."""

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from control_plane.identity.domain import Permission
from web.api.common import ApiRequest, instant_from, tenant
from web.api.grant_bodies import ExplanationView, GivenView, explanation_view, given_view
from web.compose import Application

READ = {"permission": Permission.ENTITLEMENT_READ}


@get("/v1/entitlements/grants", opt=READ)
async def list_grants(request: ApiRequest, application: NamedDependency[Application]) -> GivenView:
    """List the grants and overrides of your organisation, with what is left of units."""
    return given_view(await application.list_grants(tenant(request)))


@get("/v1/entitlements/{feature:str}/explain", opt=READ)
async def explain_entitlement(
    request: ApiRequest,
    feature: FromPath[str],
    application: NamedDependency[Application],
    at: FromQuery[str | None] = None,
) -> ExplanationView:
    """Explain the answer for a feature at an instant: past, present (without ``at``) or ahead.

    A past answer is that of the snapshot which was the newest then.
    """
    moment = None if at is None else instant_from(at, field="at")
    return explanation_view(await application.explain_entitlement(tenant(request), feature, moment))


router = Router("/", tags=["Entitlements"], route_handlers=[list_grants, explain_entitlement])
