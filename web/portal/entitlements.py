"""What the modules are told, feature by feature."""

from collections.abc import Mapping
from datetime import datetime

from litestar import get
from litestar.di import NamedDependency

from control_plane.entitlements.services.list_entitlements import Entitlement
from control_plane.entitlements.services.list_grants import GivenFeatures
from control_plane.identity.domain import Permission
from web.api.common import tenant
from web.compose import Application
from web.portal.grant_rows import given_page, sold_names, window_sources, window_words
from web.portal.page import Page, PageRequest, language_of, page
from web.portal.views.subscriptions import EntitlementRow, EntitlementsView, WindowRow

_SHOWN = 3
"""How many windows of a feature are shown at once."""


@get(
    "/portal/entitlements",
    opt={"permission": Permission.ENTITLEMENT_READ},
    include_in_schema=False,
)
async def entitlements_page(
    request: PageRequest, application: NamedDependency[Application]
) -> Page:
    """Show every feature that is or will be granted, with its windows that are not over.

    With a feature in the address, and perhaps an instant, it says why the answer is what it is.
    """
    owner = tenant(request)
    found = await application.list_entitlements(owner)
    language = language_of(request)
    sold = await sold_names(application, owner, language)
    known = await application.list_grants(owner)
    rows = tuple(
        EntitlementRow(
            item.feature.code,
            item.feature.name.in_language(language),
            *_folded(windows),
        )
        for item in found.items
        if (windows := _windows(item, found.at, known, sold, language))
    )
    view = EntitlementsView(rows=rows, revision=found.revision, issued_at=found.at)
    zone = (await application.read_organisation(owner)).zone
    given = await given_page(request, application, owner, known, zone)
    return await page(
        request,
        application,
        "portal/entitlements.html",
        "entitlements",
        view=view,
        given_view=given,
    )


def _folded(
    windows: tuple[WindowRow, ...],
) -> tuple[tuple[WindowRow, ...], tuple[WindowRow, ...]]:
    """Part what is shown at once from the rest; a single one is not worth hiding."""
    shown = len(windows) if len(windows) <= _SHOWN + 1 else _SHOWN
    return windows[:shown], windows[shown:]


def _windows(
    item: Entitlement, at: datetime, given: GivenFeatures, sold: Mapping[str, str], language: str
) -> tuple[WindowRow, ...]:
    return tuple(
        WindowRow(
            start=window.start,
            end=window.end,
            value=window_words(window, item.feature, language),
            sources=window_sources(window, given, sold, language),
            now=window.start <= at,
        )
        for window in item.windows
        if window.end is None or window.end > at
    )
