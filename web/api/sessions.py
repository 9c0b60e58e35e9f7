"""Signing in without a page: for staff scripts and single-page clients."""

import msgspec
from litestar import Response, Router, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import JSONBody

from control_plane.identity.csrf import csrf_token
from control_plane.identity.domain import Permission
from control_plane.kernel.ids import format_id
from web.api.common import ApiRequest, principal
from web.compose import Application
from web.edge.authentication import SESSION_COOKIE


class SignInRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A person's e-mail address and password."""

    email: str
    password: str


class SessionView(msgspec.Struct):
    """A session. Send ``csrf_token`` back as X-CSRF-Token with every write."""

    user_id: str
    csrf_token: str


class CallerView(msgspec.Struct):
    """Who is asking, and for which organisation."""

    kind: str
    name: str
    tenant_id: str | None
    roles: list[str]
    staff_roles: list[str]
    scopes: list[str]


def session_cookie(application: Application, secret: str) -> Cookie:
    """Build the session's cookie: unreadable to scripts, and secure wherever we are public."""
    return Cookie(
        key=SESSION_COOKIE,
        value=secret,
        path="/",
        httponly=True,
        samesite="lax",
        secure=application.settings.public_url.startswith("https:"),
    )


@post("/sessions", opt={"public": True})
async def create_session(
    data: JSONBody[SignInRequest], application: NamedDependency[Application]
) -> Response[SessionView]:
    """Sign in; the session travels in a cookie."""
    signed_in = await application.sign_in(email=data.email, password=data.password)
    view = SessionView(
        user_id=format_id("usr", signed_in.user_id),
        csrf_token=csrf_token(application.settings.secret_key, signed_in.secret),
    )
    return Response(view, cookies=[session_cookie(application, signed_in.secret)])


@get("/caller", opt={"permission": Permission.CATALOG_READ})
async def read_caller(request: ApiRequest) -> CallerView:
    """Tell who you are to this API."""
    caller = principal(request)
    return CallerView(
        kind=caller.kind.value,
        name=caller.name,
        tenant_id=format_id("ten", caller.tenant_id) if caller.tenant_id else None,
        roles=sorted(role.value for role in caller.roles),
        staff_roles=sorted(role.value for role in caller.staff_roles),
        scopes=sorted(caller.scopes),
    )


router = Router("/v1", tags=["Organisation"], route_handlers=[create_session, read_caller])
