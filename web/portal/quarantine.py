"""Events whose type no meter counts: seen, replayed and discarded by the organisation."""

from typing import Annotated
from urllib.parse import urlencode

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Redirect

from control_plane.identity.domain import Permission
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import TenantId
from metering.domain.quarantine import QuarantinedType
from web.api.common import LAST_MARK, principal, tenant
from web.compose import Application
from web.portal.forms import refused, submitted
from web.portal.page import Page, PageRequest, language_of, page, see
from web.portal.views.quarantine import EventRow, QuarantineView, TypeRow
from web.portal.views.shell import Form

URL = "/portal/usage/quarantine"
MANAGE = {"permission": Permission.USAGE_MANAGE}
SHOWN = 50

Type = Annotated[str | None, QueryParameter(name="type")]


@get(URL, opt={"permission": Permission.USAGE_READ}, include_in_schema=False)
async def quarantine_page(
    request: PageRequest,
    application: NamedDependency[Application],
    type_: Type = None,
    after: FromQuery[int | None] = None,
) -> Page:
    """Show what is in quarantine by type, and the latest events."""
    return await _page(request, application, Form(), type_=type_, after=after)


async def _page(
    request: PageRequest,
    application: Application,
    form: Form,
    *,
    type_: str | None = None,
    after: int | None = None,
    status: int = 200,
) -> Page:
    view = await quarantine_view(application, tenant(request), URL, type_, after)
    return await page(
        request,
        application,
        "portal/quarantine.html",
        "usage",
        status=status,
        view=view,
        form=form,
    )


@post(f"{URL}/replays", opt=MANAGE, status_code=303, include_in_schema=False)
async def replay(
    request: PageRequest, application: NamedDependency[Application]
) -> Page | Redirect:
    """Count what a meter counts by now."""
    form = await submitted(request)
    try:
        done = await application.replay_quarantine(
            tenant_id=tenant(request),
            actor=principal(request).actor,
            event_type=form.one("type") or None,
        )
    except TallyardError as error:
        again, status = refused(error, form, language_of(request))
        return await _page(request, application, again, status=status)
    return see(URL, done="replayed_some" if done.kept or done.more else "replayed")


@post(f"{URL}/discards", opt=MANAGE, status_code=303, include_in_schema=False)
async def discard(
    request: PageRequest, application: NamedDependency[Application]
) -> Page | Redirect:
    """Give up the events of a type."""
    form = await submitted(request)
    try:
        await application.discard_quarantined(
            tenant_id=tenant(request),
            event_type=form.one("type"),
            reason=form.one("reason"),
            actor=principal(request).actor,
        )
    except TallyardError as error:
        again, status = refused(error, form, language_of(request))
        return await _page(request, application, again, status=status)
    return see(URL, done="discarded")


async def quarantine_view(
    application: Application,
    owner: TenantId,
    url: str,
    chosen: str | None,
    after: int | None,
    organisation: str = "",
) -> QuarantineView:
    """Read a page of one organisation's quarantine; ``url`` is where the next one is."""
    found = await application.list_quarantine(
        tenant_id=owner,
        event_type=chosen or None,
        after=None if after is None else max(0, min(after, LAST_MARK)),
        limit=SHOWN,
    )
    following = {"type": chosen or "", "after": str(found.after)}
    return QuarantineView(
        types=tuple(type_row(kind) for kind in found.types),
        events=tuple(
            EventRow(
                type=kept.event.type,
                source=kept.event.source,
                event_id=kept.event.id,
                time=kept.event.time,
                received_at=kept.received_at,
                data=kept.event.data_json.decode(),
                reason=kept.refusal,
            )
            for kept in found.events
        ),
        chosen=chosen or None,
        more=None if found.after is None else f"{url}?{urlencode(following)}",
        organisation=organisation,
    )


def type_row(kind: QuarantinedType, tenant_id: str = "", tenant_name: str = "") -> TypeRow:
    """Show the events of one type, counted."""
    return TypeRow(
        type=kind.type,
        events=kind.events,
        first_received_at=kind.first_received_at,
        last_received_at=kind.last_received_at,
        known=kind.known,
        tenant_id=tenant_id,
        tenant=tenant_name,
    )
