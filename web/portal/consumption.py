"""Usage by day as series with their charts, in the organisation's zone."""

from datetime import datetime, timedelta
from decimal import Decimal

from control_plane.catalog.domain import Meter
from control_plane.kernel.calendar import local_date, local_day_start
from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from metering.domain.rollups import Definition
from metering.domain.series import UsageSeries as Series
from metering.domain.windows import Window
from web.compose import Application
from web.portal.addons import season_bands
from web.portal.charts import bar_chart
from web.portal.holdings import Holdings
from web.portal.views.usage import UsageSeries, UsageShare

TONES = 4
MOST_SHARES = 12
"""How many groups of a meter the page lists; the API gives them all."""


def metered(holdings: Holdings) -> tuple[Meter, ...]:
    """Return the meters that the plans held put a price on, in the catalogue's order."""
    priced = {
        charge.meter
        for subscription in holdings.subscriptions
        for plan in subscription.versions.plans.values()
        for price in plan.prices
        for charge in price.charges
        if charge.meter is not None
    }
    return tuple(m for code, m in holdings.catalog.meters.items() if code in priced)


async def usage_series(
    application: Application,
    tenant_id: TenantId,
    holdings: Holdings,
    period: Period,
    language: str,
    *,
    height: int = 170,
    by: str = "",
) -> tuple[UsageSeries, ...]:
    """Read every priced meter's days within ``period`` and lay out their charts.

    ``by`` is a property to group by, of the meters that have it as a dimension.
    """
    zone = holdings.organisation.zone
    years = tuple(range(local_date(period.start, zone).year, local_date(period.end, zone).year + 1))
    seasons = [
        (first, after, name) for first, after, name, _ in season_bands(holdings, years, language)
    ]
    found = []
    for index, meter in enumerate(metered(holdings)):
        series = await application.query_usage(
            tenant_id=tenant_id,
            meter_code=meter.code,
            period=period,
            window=Window.DAY,
            group_by=(by,) if by in Definition.of(meter).dimensions else (),
        )
        days = tuple((local_date(point.start, zone), point.quantity) for point in series.points)
        module = holdings.catalog.modules[meter.module].name.in_language(language)
        found.append(
            UsageSeries(
                meter=meter.code,
                name=meter.name.in_language(language),
                module=module,
                unit=meter.unit.in_language(language),
                total=series.quantity,
                days=days,
                chart=bar_chart(days, height=height, seasons=seasons),
                tone=index % TONES + 1,
                groups=_shares(series),
            )
        )
    return tuple(found)


def _shares(series: Series) -> tuple[UsageShare, ...]:
    """Return the groups that used most, the largest first."""
    shares = [UsageShare(g.values[0], g.quantity, g.events) for g in series.groups]
    shares.sort(key=lambda share: (-share.quantity, share.value))
    return tuple(shares[:MOST_SHARES])


def shown_period(period: Period, now: datetime, zone: str) -> Period:
    """Return the last 31 days or less of a billing period, up to the end of today.

    A yearly period has too many days for a small chart.
    """
    most = timedelta(days=31)
    if period.length <= most:
        return period
    tomorrow = local_date(now, zone) + timedelta(days=1)
    end = min(period.end, local_day_start(tomorrow, zone))
    return Period(max(period.start, local_day_start(tomorrow - most, zone)), end)


def anything(series: tuple[UsageSeries, ...]) -> bool:
    """Tell whether any of the series has a quantity."""
    return any(one.total > Decimal(0) for one in series)
