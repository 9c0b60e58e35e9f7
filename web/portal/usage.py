"""Usage of a month: a chart for each meter, and the numbers."""

from datetime import date, timedelta

from babel.dates import format_skeleton
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from control_plane.identity.domain import Permission
from control_plane.kernel.calendar import local_date, local_day_start
from control_plane.kernel.period import Period
from metering.domain.events import RefusedEvent
from metering.domain.rollups import USUAL_DIMENSIONS
from web.api.common import tenant
from web.compose import Application
from web.i18n import LOCALES
from web.portal.consumption import usage_series
from web.portal.holdings import Holdings, read_holdings
from web.portal.page import Page, PageRequest, language_of, page
from web.portal.views.shell import Choice
from web.portal.views.usage import RefusedRow, UsageView

MONTHS_BACK = 24
REFUSED_SHOWN = 10


@get("/portal/usage", opt={"permission": Permission.USAGE_READ}, include_in_schema=False)
async def usage_page(
    request: PageRequest,
    application: NamedDependency[Application],
    month: FromQuery[str | None] = None,
    by: FromQuery[str] = "",
) -> Page:
    """Show a calendar month, the current one by default, perhaps by a property of the events."""
    tenant_id, language = tenant(request), language_of(request)
    grouped = by if by in USUAL_DIMENSIONS else ""
    async with application.work(tenant_id):
        holdings = await read_holdings(application, tenant_id)
        months = _months(holdings)
        chosen = next((m for m in months if f"{m:%Y-%m}" == month), months[0])
        zone = holdings.organisation.zone
        period = Period(local_day_start(chosen, zone), local_day_start(_next(chosen), zone))
        late = await application.list_refused_usage(
            tenant_id=tenant_id, after=None, limit=REFUSED_SHOWN
        )
        view = UsageView(
            series=await usage_series(
                application, tenant_id, holdings, period, language, by=grouped
            ),
            by=grouped,
            months=tuple(
                Choice(
                    f"{m:%Y-%m}",
                    format_skeleton("yMMMM", m, locale=LOCALES[language]),
                    m == chosen,
                )
                for m in months
            ),
            period=period,
            refused=tuple(_refused(kept) for kept in late.refused),
            more_refused=late.after is not None,
            quarantined=await application.list_quarantine.waiting(tenant_id),
        )
        return await page(request, application, "portal/usage.html", "usage", view=view)


def _refused(kept: RefusedEvent) -> RefusedRow:
    return RefusedRow(
        time=kept.event.time,
        refused_at=kept.refused_at,
        kind=kept.event.type,
        source=kept.event.source,
        event_id=kept.event.id,
    )


def _months(holdings: Holdings) -> list[date]:
    """Return the months since the first subscription, the current one first."""
    zone = holdings.organisation.zone
    month = local_date(holdings.now, zone).replace(day=1)
    started = min((s.started_at for s in holdings.subscriptions), default=holdings.now)
    first = local_date(started, zone).replace(day=1)
    months = [month]
    while months[-1] > first and len(months) < MONTHS_BACK:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)
