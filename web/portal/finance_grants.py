"""Finance: what a customer is granted besides what it bought, overrides, and why answers are so."""

from datetime import datetime

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from control_plane.entitlements.domain.grants import Rollover
from control_plane.entitlements.services.grant_feature import Terms
from control_plane.kernel.anchor import Interval
from web.api.common import choice_from, principal
from web.api.staff_grants import given_id_from
from web.compose import Application
from web.grant_words import value_from
from web.portal.customer_frame import ACT, URL, CustomerFrame, owner_of
from web.portal.customer_tab import CustomerTab
from web.portal.fields import local_instant
from web.portal.forms import Submitted, submitted
from web.portal.grant_refusals import field_refused, told_by_label
from web.portal.grant_rows import given_page
from web.portal.page import Page, PageRequest
from web.portal.views.grants import GivenPage

_DIGITS = 15


async def _read(request: PageRequest, application: Application, frame: CustomerFrame) -> GivenPage:
    given = await application.list_grants(frame.owner)
    return await given_page(request, application, frame.owner, given, frame.zone)


_TAB = CustomerTab("entitlements", "grants", "finance/entitlements.html", _read)


@get(f"{URL}/entitlements", opt=ACT, include_in_schema=False)
async def entitlements_page(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show a customer's grants and overrides, and record that it was looked at."""
    return await _TAB.open(request, application, tenant_id)


@post(f"{URL}/grants", opt=ACT, status_code=303, include_in_schema=False)
async def grant(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Grant units or a value of a feature."""
    form, owner = await submitted(request), owner_of(tenant_id)

    async def act() -> None:
        zone = (await application.read_organisation(owner)).zone
        feature = (await application.list_grants(owner)).feature(form.one("feature"))
        with told_by_label(form):
            await application.grant_feature(
                tenant_id=owner,
                feature=feature.code,
                value=value_from(form.one("value"), feature),
                reason=form.one("reason"),
                actor=principal(request).actor,
                terms=_terms(form, zone),
            )

    return await _TAB.attempt(request, application, tenant_id, form, act, "granted")


@post(f"{URL}/overrides", opt=ACT, status_code=303, include_in_schema=False)
async def override(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Have the last word on a feature."""
    form, owner = await submitted(request), owner_of(tenant_id)

    async def act() -> None:
        zone = (await application.read_organisation(owner)).zone
        feature = (await application.list_grants(owner)).feature(form.one("feature"))
        with told_by_label(form):
            await application.override_feature(
                tenant_id=owner,
                feature=feature.code,
                value=value_from(form.one("value"), feature, override=True),
                reason=form.one("reason"),
                actor=principal(request).actor,
                starts_at=_instant(form, "starts_at", zone),
                ends_at=_instant(form, "ends_at", zone),
            )

    return await _TAB.attempt(request, application, tenant_id, form, act, "overridden")


@post(f"{URL}/grants/{{grant_id:str}}/end", opt=ACT, status_code=303, include_in_schema=False)
async def end(
    request: PageRequest,
    tenant_id: FromPath[str],
    grant_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page | Redirect:
    """End a grant or an override now."""
    form = await submitted(request)

    async def act() -> None:
        with told_by_label(form):
            await application.end_grant(
                tenant_id=owner_of(tenant_id),
                of=given_id_from(grant_id),
                reason=form.one("reason"),
                actor=principal(request).actor,
            )

    return await _TAB.attempt(request, application, tenant_id, form, act, "grant_ended")


def _terms(form: Submitted, zone: str) -> Terms:
    every, most = form.one("every"), _whole(form, "rollover_most")
    least = _whole(form, "rollover_least")
    rolls = most is not None or least is not None
    return Terms(
        starts_at=_instant(form, "starts_at", zone),
        expires_at=_instant(form, "expires_at", zone),
        priority=_whole(form, "priority") or 0,
        every=choice_from(Interval, every, field="every") if every else None,
        rollover=Rollover(least or 0, most) if rolls else None,
    )


def _whole(form: Submitted, name: str) -> int | None:
    text = form.one(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise field_refused(name, text)
    return int(text)


def _instant(form: Submitted, name: str, zone: str) -> datetime | None:
    text = form.one(name)
    return local_instant(text, zone, name) if text else None
