"""Usage alerts: what is told, by which ways, and what was told lately."""

from litestar import get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from control_plane.identity.domain import Permission
from control_plane.notifications.webhooks.events import EventType
from control_plane.tenancy.domain import Role
from metering.domain.alerts import FORECAST
from metering.errors_alerts import AlertThresholdsInvalid
from metering.services.alert_settings import (
    LARGEST_THRESHOLD,
    MOST_THRESHOLDS,
    UsageAlert,
)
from web.api.common import choice_from, principal, tenant
from web.compose import Application
from web.portal import labels
from web.portal.forms import attempt, submitted
from web.portal.page import Page, PageRequest, language_of, page, see
from web.portal.views.shell import Choice, Form
from web.portal.views.webhooks import AlertRow, AlertsView
from web.portal.webhooks import endpoint_row

URL = "/portal/alerts"
_TOLD = {EventType.THRESHOLD_REACHED.value, EventType.FORECAST_EXCEEDS.value}
_DIGITS = 4


@get(URL, opt={"permission": Permission.WEBHOOK_READ}, include_in_schema=False)
async def alerts_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """Show the settings, the ways, and the latest alerts."""
    return await _page(request, application, Form())


async def _page(
    request: PageRequest, application: Application, form: Form, status: int = 200
) -> Page:
    settings, alerts = await application.read_usage_alerts(tenant(request))
    endpoints = await application.list_webhooks(tenant(request))
    names = {}
    if alerts:
        features = (await application.read_catalog()).features
        language = language_of(request)
        names = {code: feature.name.in_language(language) for code, feature in features.items()}
    view = AlertsView(
        thresholds=", ".join(str(percent) for percent in settings.thresholds),
        forecast=settings.forecast,
        roles=tuple(
            Choice(role.value, labels.ROLES[role.value], role.value in settings.mail_roles)
            for role in Role
        ),
        channels=tuple(endpoint_row(e) for e in endpoints if _TOLD & set(e.endpoint.events)),
        alerts=tuple(_row(alert, names.get(alert.feature, alert.feature)) for alert in alerts),
    )
    return await page(
        request, application, "portal/alerts.html", "alerts", status=status, view=view, form=form
    )


@post(
    URL,
    opt={"permission": Permission.WEBHOOK_MANAGE},
    status_code=303,
    include_in_schema=False,
)
async def set_alerts(
    request: PageRequest, application: NamedDependency[Application]
) -> Page | Redirect:
    """Set what is told."""
    form = await submitted(request)

    async def keep() -> None:
        await application.set_usage_alerts(
            tenant_id=tenant(request),
            thresholds=_percentages(form.one("thresholds")),
            forecast=bool(form.one("forecast")),
            mail_roles=[choice_from(Role, r, field="mail_roles") for r in form.many("mail_roles")],
            actor=principal(request).actor,
        )

    async def again(shown: Form, status: int) -> Page:
        return await _page(request, application, shown, status)

    return await attempt(request, form, keep, again, see(URL, done="alerts_kept"))


def _percentages(text: str) -> list[int]:
    """Read percentages, set apart by commas or spaces."""
    separated = text.replace("\N{FULLWIDTH COMMA}", " ").replace("\N{IDEOGRAPHIC COMMA}", " ")
    parts = separated.replace(",", " ").replace("%", " ").split()
    if any(not (p.isascii() and p.isdigit() and len(p) <= _DIGITS) for p in parts):
        raise AlertThresholdsInvalid(
            value=text[:100], most=MOST_THRESHOLDS, largest=LARGEST_THRESHOLD, field="thresholds"
        )
    return [int(part) for part in parts]


def _row(alert: UsageAlert, name: str) -> AlertRow:
    return AlertRow(
        feature=name,
        period=alert.period.partition(":")[2] or alert.period,
        percent=None if alert.mark == FORECAST else alert.mark,
        used=alert.used,
        limit=alert.limit,
        forecast=alert.forecast,
        found_at=alert.found_at,
    )
