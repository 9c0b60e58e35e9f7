"""The first step: a person, an organisation, and a key to begin with."""

import msgspec
from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from control_plane.identity.domain import Principal, PrincipalKind, Scope
from control_plane.kernel.ids import format_id
from control_plane.tenancy.domain import Role
from web.compose import Application

FIRST_KEY_SCOPES = tuple(scope.value for scope in Scope)


class SignUpRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Who signs up, and for which organisation.

    A sandbox lives on a test clock and never pays real money.
    """

    email: str
    password: str
    name: str
    organisation_name: str
    language: str = "en"
    sandbox: bool = False
    zone: str = "Asia/Shanghai"
    currency: str = "CNY"


class SignUpView(msgspec.Struct):
    """What was made. ``api_key`` is shown this once and holds every scope."""

    tenant_id: str
    user_id: str
    api_key: str


@post("/sign-ups", opt={"public": True})
async def sign_up(
    data: JSONBody[SignUpRequest], application: NamedDependency[Application]
) -> SignUpView:
    """Sign up. Repeating it meets the e-mail address that is taken by then."""
    user_id, tenant_id = await application.sign_up(
        email=data.email,
        password=data.password,
        name=data.name,
        organisation_name=data.organisation_name,
        language=data.language,
        sandbox=data.sandbox,
        zone=data.zone,
        currency=data.currency,
    )
    owner = Principal(
        kind=PrincipalKind.USER,
        tenant_id=tenant_id,
        name=data.name,
        user_id=user_id,
        roles=frozenset({Role.OWNER}),
    )
    _, secret = await application.create_api_key(
        tenant_id=tenant_id, name="First key", scopes=FIRST_KEY_SCOPES, by=owner
    )
    return SignUpView(
        tenant_id=format_id("ten", tenant_id), user_id=format_id("usr", user_id), api_key=secret
    )


router = Router("/v1", tags=["Organisation"], route_handlers=[sign_up])
