"""Sign in with a company account: to the identity provider and back."""

from dataclasses import replace
from typing import Final

from litestar import get
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.response import Redirect

from control_plane.identity.oidc import OidcAnswer, OidcLogin
from control_plane.identity.oidc_provider import OidcProvider
from control_plane.kernel.errors import ErrorKind, TallyardError
from web.api.sessions import session_cookie
from web.compose import Application
from web.edge.tenant import principal_of
from web.portal.page import PageRequest, language_of, local_path, see

STATE_COOKIE: Final = "tallyard_oidc"
NEXT_COOKIE: Final = "tallyard_oidc_next"
_TEN_MINUTES: Final = 600


class CompanySignInNotSet(TallyardError):
    """This installation knows no identity provider."""

    code = "company_sign_in_not_set"
    kind = ErrorKind.NOT_FOUND
    message = "No company accounts are set up here."
    remedy = "Sign in with your e-mail address and password."


def company_login(application: Application) -> OidcLogin:
    """Build the login from the settings.

    Raises:
        CompanySignInNotSet: they name no provider.
    """
    settings = application.settings
    if not settings.oidc_issuer:
        raise CompanySignInNotSet
    return OidcLogin(
        provider=OidcProvider(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            redirect_uri=f"{settings.public_url.rstrip('/')}/oidc/callback",
            clock=application.clock,
        ),
        auth=application.auth,
        work=application.work,
        clock=application.clock,
        create_organisation=application.create_organisation,
        open_session=application.open_session,
    )


@get("/oidc/start", opt={"public": True}, include_in_schema=False)
async def start(request: PageRequest, application: NamedDependency[Application]) -> Redirect:
    """Send the browser to the provider, with a cookie that ties its answer to this browser."""
    begun = await company_login(application).start()
    onward = local_path(request.query_params.get("next"), "/")
    secure = application.settings.public_url.startswith("https:")
    state = Cookie(
        key=STATE_COOKIE,
        value=begun.state,
        path="/oidc",
        max_age=_TEN_MINUTES,
        httponly=True,
        samesite="lax",
        secure=secure,
    )
    return see(begun.url, cookies=(state, replace(state, key=NEXT_COOKIE, value=onward)))


@get("/oidc/callback", opt={"public": True}, include_in_schema=False)
async def callback(request: PageRequest, application: NamedDependency[Application]) -> Redirect:
    """Check the provider's answer and open a session."""
    given = request.query_params
    principal = principal_of(request.scope)
    signed_in = await company_login(application).finish(
        OidcAnswer(
            code=given.get("code", ""),
            state=given.get("state", ""),
            issuer=given.get("iss"),
            error=given.get("error"),
        ),
        state_cookie=request.cookies.get(STATE_COOKIE, ""),
        signed_in_as=None if principal is None else principal.user_id,
        language=language_of(request),
    )
    onward = local_path(request.cookies.get(NEXT_COOKIE), "/")
    return see(onward, cookies=(session_cookie(application, signed_in.secret),))
