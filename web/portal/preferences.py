"""Language and theme: kept in this browser, and with the person for their mail."""

from litestar import get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from control_plane.identity.domain import Permission
from control_plane.kernel.ids import format_id
from web.compose import Application
from web.edge.context import LANGUAGE_COOKIE
from web.edge.tenant import principal_of
from web.i18n import normalise_language
from web.portal.forms import require_own_page, submitted
from web.portal.page import (
    THEME_COOKIE,
    THEMES,
    Page,
    PageRequest,
    local_path,
    page,
    preference_cookie,
    see,
)
from web.portal.views.people import SettingsView


@post("/preferences", opt={"public": True}, status_code=303, include_in_schema=False)
async def set_preferences(
    request: PageRequest, application: NamedDependency[Application]
) -> Redirect:
    """Keep the chosen language or theme, and go back to the page."""
    require_own_page(request)
    form = await submitted(request)
    cookies = []
    language = normalise_language(form.one("language"))
    if language is not None:
        cookies.append(preference_cookie(application, LANGUAGE_COOKIE, language))
        secret = request.scope.get("state", {}).get("session_secret")
        if secret and principal_of(request.scope) is not None:
            await application.change_language(secret=secret, language=language)
    if form.one("theme") in THEMES:
        cookies.append(preference_cookie(application, THEME_COOKIE, form.one("theme")))
    return see(local_path(form.one("next"), "/"), cookies=tuple(cookies))


@get("/portal/settings", opt={"permission": Permission.CATALOG_READ}, include_in_schema=False)
async def settings_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """Show the organisation's settings beside the reader's own."""
    principal = principal_of(request.scope)
    view = None
    if principal is not None and principal.tenant_id is not None:
        found = await application.read_organisation(principal.tenant_id)
        view = SettingsView(
            name=found.name,
            slug=found.slug,
            zone=found.zone,
            currency=found.currency,
            organisation_id=format_id("ten", found.id),
            created_at=found.created_at,
        )
    return await page(request, application, "portal/settings.html", "settings", view=view)
