"""What the modules are told, feature by feature."""

from datetime import datetime

from litestar import get
from litestar.di import NamedDependency

from control_plane.entitlements.services.list_entitlements import Entitlement
from control_plane.identity.domain import Permission
from web.api.common import tenant
from web.compose import Application
from web.portal.grant_rows import read_given
from web.portal.page import Page, PageRequest, language_of, page
from web.portal.views.subscriptions import EntitlementRow, EntitlementsView, WindowRow


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
    rows = tuple(row for item in found.items if (row := _row(item, found.at, language)).windows)
    view = EntitlementsView(rows=rows, revision=found.revision, issued_at=found.at)
    zone = (await application.read_organisation(owner)).zone
    given = await read_given(request, application, owner, zone)
    return await page(
        request,
        application,
        "portal/entitlements.html",
        "entitlements",
        view=view,
        given_view=given,
    )


def _row(item: Entitlement, at: datetime, language: str) -> EntitlementRow:
    feature = item.feature
    return EntitlementRow(
        code=feature.code,
        name=feature.name.in_language(language),
        kind=feature.kind.value,
        per=feature.per,
        windows=tuple(
            WindowRow(
                start=window.start,
                end=window.end,
                value=window.value,
                burst=window.burst,
                source=window.source,
                now=window.start <= at,
            )
            for window in item.windows
            if window.end is None or window.end > at
        ),
    )
