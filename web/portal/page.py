"""From a request to a page: the frame around it, whole or one fragment, and its way back."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.enums import MediaType
from litestar.response import Redirect

from control_plane.identity.csrf import csrf_token
from control_plane.identity.domain import Principal, permissions_of
from control_plane.kernel.ids import format_id, new_id
from control_plane.tenancy.repository import OrganisationRepository
from web.compose import Application
from web.edge.tenant import principal_of
from web.i18n import ENGLISH
from web.portal.notices import notice_for
from web.portal.rendering import PAGE_HEADERS, render, render_fragment
from web.portal.standing_banner import standing_banner
from web.portal.views.shell import Choice, Shell

PageRequest = Request[Any, Any, Any]
Page = Response[str]

THEME_COOKIE: Final = "tallyard_theme"
THEMES: Final = ("auto", "light", "dark")
STAFF_SECTIONS: Final = frozenset(
    {
        "finance",
        "reports",
        "finance_backtest",
        "finance_fapiao",
        "finance_customers",
        "finance_groups",
        "finance_standings",
        "finance_tax",
        "finance_discounts",
        "tenants",
        "instances",
        "quarantines",
        "plan_versions",
    }
)
_YEAR_SECONDS: Final = 31_536_000


def language_of(request: PageRequest) -> str:
    """Return the language that the edge chose for this request."""
    return str(request.scope.get("state", {}).get("language", ENGLISH))


def bare_shell(request: PageRequest, application: Application | None = None) -> Shell:
    """Return the frame of a page for anybody: no organisation, no database."""
    theme = request.cookies.get(THEME_COOKIE, THEMES[0])
    session = str(request.scope.get("state", {}).get("session_secret", ""))
    csrf = csrf_token(application.settings.secret_key, session) if application and session else ""
    return Shell(
        language=language_of(request),
        theme=theme if theme in THEMES else THEMES[0],
        path=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        csrf=csrf,
        idempotency_key=str(new_id()),
        notice=notice_for(request.query_params.get("done"), language_of(request)),
    )


async def shell(request: PageRequest, application: Application, section: str) -> Shell:
    """Return the frame for whoever is signed in, in the organisation they act for."""
    bare = bare_shell(request, application)
    principal = principal_of(request.scope)
    if principal is None:
        return bare
    # Staff pages stand in no organisation: they may already work for one that is not their own.
    tenant = {} if section in STAFF_SECTIONS else await _tenant(application, principal)
    return Shell(
        language=bare.language,
        theme=bare.theme,
        path=bare.path,
        csrf=bare.csrf,
        idempotency_key=bare.idempotency_key,
        notice=bare.notice,
        section=section,
        user_name=principal.name,
        user_email=principal.email,
        permissions=frozenset(p.value for p in permissions_of(principal)),
        **tenant,
    )


async def _tenant(application: Application, principal: Principal) -> dict[str, Any]:
    """Read what the frame says of the organisation, and where else one may go."""
    if principal.tenant_id is None or principal.user_id is None:
        return {}
    async with application.work(principal.tenant_id) as session:
        organisation = await OrganisationRepository(session).get(principal.tenant_id)
        reading = await application.tenant_clock.read(session, principal.tenant_id)
        standing = await standing_banner(application, session, principal.tenant_id)
    memberships = await application.list_memberships(principal.user_id)
    return {
        "zone": organisation.zone,
        "organisation": organisation.name,
        "sandbox": organisation.sandbox,
        "clock_at": reading.now if reading.test else None,
        "standing": standing,
        "organisations": tuple(
            Choice(format_id("ten", m.tenant_id), m.name, m.tenant_id == principal.tenant_id)
            for m in memberships
        ),
    }


async def page(
    request: PageRequest,
    application: Application,
    template: str,
    section: str,
    *,
    status: int = 200,
    **values: object,
) -> Page:
    """Render a page; when the script asks for one of its fragments, only that."""
    frame = await shell(request, application, section)
    return respond(request, template, frame, status=status, **values)


def respond(
    request: PageRequest, template: str, frame: Shell, *, status: int = 200, **values: object
) -> Page:
    """Render within a given frame."""
    html = None
    if wanted := request.headers.get("x-fragment"):
        html = render_fragment(template, wanted, frame, **values)
    return Response(
        html if html is not None else render(template, frame, **values),
        status_code=status,
        media_type=MediaType.HTML,
        headers=PAGE_HEADERS,
    )


def see(path: str, *, done: str | None = None, cookies: tuple[Cookie, ...] = ()) -> Redirect:
    """Send the browser to a page after a form (303), with a notice to show there once."""
    if done is not None:
        path += ("&" if "?" in path else "?") + f"done={done}"
    return Redirect(path, status_code=303, cookies=list(cookies))


def local_path(text: str | None, default: str = "/portal") -> str:
    """Return an address of this site to go on to; anything else becomes the default."""
    if text and text.startswith("/") and not text.startswith(("//", "/\\")):
        return text if text.isprintable() else default
    return default


def preference_cookie(application: Application, key: str, value: str) -> Cookie:
    """Build a cookie that keeps a reader's choice of language or theme for a year."""
    return Cookie(
        key=key,
        value=value,
        path="/",
        max_age=_YEAR_SECONDS,
        samesite="lax",
        httponly=True,
        secure=application.settings.public_url.startswith("https:"),
    )


def query(path: str, values: Mapping[str, str | None]) -> str:
    """Return ``path`` with those of the values that are not empty."""
    kept = {key: value for key, value in values.items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path
