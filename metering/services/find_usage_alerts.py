"""Find what a tenant is to be told of its usage, and tell it, once each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.catalog.domain import Aggregation
from control_plane.catalog.errors import MeterNotFound
from control_plane.catalog.repository import CatalogRepository
from control_plane.entitlements.repository import SnapshotRepository
from control_plane.kernel.calendar import instant_text, local_date
from control_plane.kernel.clock import Clock
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from control_plane.notifications.webhooks.events import EventType, announce
from control_plane.notifications.webhooks.robots import for_people, page_of, template_of
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import MAIL_REQUESTED
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.sdk.quota import QuotaPeriod, quota_period
from control_plane.sdk.snapshot import FeatureGrant, FeatureKind, Snapshot, parse_snapshot
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.domain import Role
from control_plane.tenancy.repository import MemberRepository, OrganisationRepository
from metering.domain.alerts import (
    FORECAST,
    AlertSettings,
    Found,
    forecast,
    forecast_exceeds,
    reached,
)
from metering.domain.series import UsageSeries
from metering.domain.windows import Window
from metering.errors_retention import UsageDropped
from metering.services.alert_settings import settings_of
from metering.services.query_usage import QueryUsage

_ADDS_UP = frozenset({Aggregation.COUNT, Aggregation.SUM})
_BY_HOUR = timedelta(days=100)
_BY_DAY = timedelta(days=2_000)

_CLAIM = text(
    "SELECT 1 FROM usage_alert_checks WHERE tenant_id = :tenant_id FOR UPDATE SKIP LOCKED"
)
_CHECKED = text(
    "UPDATE usage_alert_checks SET due = false, checked_at = :now WHERE tenant_id = :tenant_id"
)
_TELL_ONCE = text(
    'INSERT INTO usage_alerts (tenant_id, feature, period, mark, used, "limit", forecast, found_at)'
    " VALUES (:tenant_id, :feature, :period, :mark, :used, :limit, :forecast, :at) "
    "ON CONFLICT DO NOTHING RETURNING 1"
)


@dataclass(frozen=True, slots=True)
class Metered:
    """A limit that holds now, the period it counts in, and since when the feature is granted."""

    feature: str
    meter: str
    limit: Decimal
    key: str
    period: Period
    since: datetime
    ends: bool


@dataclass(frozen=True, slots=True)
class FindUsageAlerts:
    """Compare usage with the limits of the newest snapshot, on the tenant's own clock.

    One transaction holds what was found, that it was told, and the messages that tell it: a worker
    that dies in between told nothing, and the next one tells all of it once.
    """

    work: UnitOfWork
    query: QueryUsage
    tenant_clock: TenantClock
    clock: Clock

    async def __call__(self, tenant_id: TenantId) -> int:
        """Tell what is new, and return how many alerts that were."""
        bound = {"tenant_id": tenant_id}
        async with self.work(tenant_id) as session:
            if await session.scalar(_CLAIM, bound) is None:
                return 0  # another worker is at it
            await session.execute(_CHECKED, {**bound, "now": self.clock.now()})
            stored = await SnapshotRepository(session).latest(tenant_id)
            if stored is None:
                return 0
            settings = await settings_of(session, tenant_id)
            at = await self.tenant_clock.now(session, tenant_id)
            told = 0
            for limited in metered_limits(parse_snapshot(stored.envelope.payload), at):
                told += await self._look(session, tenant_id, limited, settings, at)
            return told

    async def _look(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        limited: Metered,
        settings: AlertSettings,
        at: datetime,
    ) -> int:
        try:
            series = await self.query(
                tenant_id=tenant_id,
                meter_code=limited.meter,
                period=limited.period,
                window=_window(limited.period),
            )
        except (MeterNotFound, UsageDropped):
            return 0  # nothing can be said of this one; the others are told
        found = reached(series.quantity, limited.limit, settings.thresholds)
        if settings.forecast and limited.ends:
            found += _forecast(series, limited, at)
        told = 0
        for one in found:
            if await _first_time(session, tenant_id, limited, one, series.quantity, at):
                await _tell(session, tenant_id, limited, one, series.quantity, settings, at)
                told += 1
        return told


def metered_limits(snapshot: Snapshot, at: datetime) -> Iterator[Metered]:
    """Yield the limits that hold at an instant and whose usage a meter counts."""
    for code, grant in snapshot.features.items():
        if grant.kind is not FeatureKind.METERED or grant.meter is None:
            continue
        for window in grant.windows:
            holds = window.start <= at and (window.end is None or at < window.end)
            if holds and isinstance(window.value, Decimal):
                counted = quota_period(grant, snapshot.zone, at)
                key = _key(counted, snapshot.zone, at)
                period = _period(counted, grant, at)
                since = max(grant.windows[0].start, period.start)
                ends = counted.end is not None
                yield Metered(code, grant.meter, window.value, key, period, since, ends)


def _key(counted: QuotaPeriod, zone: str, at: datetime) -> str:
    """Return what a period is told under: of a rolling window, each local day is one."""
    if counted.key.startswith("rolling:"):
        return f"{counted.key}:{local_date(at, zone).isoformat()}"
    return counted.key


def _period(counted: QuotaPeriod, grant: FeatureGrant, at: datetime) -> Period:
    start = counted.start or min(grant.windows[0].start, at)
    return Period(start, counted.end or at + timedelta(seconds=1))


def _window(period: Period) -> Window:
    if period.length <= _BY_HOUR:
        return Window.HOUR
    return Window.DAY if period.length <= _BY_DAY else Window.YEAR


def _forecast(series: UsageSeries, limited: Metered, at: datetime) -> list[Found]:
    if series.meter.aggregation not in _ADDS_UP:
        return []
    expected = forecast(
        series.points, limited.period, since=limited.since, at=at, used=series.quantity
    )
    return forecast_exceeds(expected, series.quantity, limited.limit)


async def _first_time(
    session: AsyncSession,
    tenant_id: TenantId,
    limited: Metered,
    found: Found,
    used: Decimal,
    at: datetime,
) -> bool:
    bound = {
        "tenant_id": tenant_id,
        "feature": limited.feature,
        "period": limited.key,
        "mark": found.mark,
        "used": used,
        "limit": limited.limit,
        "forecast": found.forecast,
        "at": at,
    }
    return await session.scalar(_TELL_ONCE, bound) is not None


async def _tell(
    session: AsyncSession,
    tenant_id: TenantId,
    limited: Metered,
    found: Found,
    used: Decimal,
    settings: AlertSettings,
    at: datetime,
) -> None:
    """Announce it to endpoints and robots, and ask for mails; nobody is written to in a sandbox."""
    organisation = await OrganisationRepository(session).get(tenant_id)
    feature = (await CatalogRepository(session).current()).features.get(limited.feature)
    event, told = _said(found)
    data = {
        "feature": limited.feature,
        "name": feature.name.in_language(organisation.language) if feature else limited.feature,
        "meter": limited.meter,
        "period": limited.key,
        "period_start": instant_text(limited.period.start),
        "period_end": instant_text(limited.period.end) if limited.ends else None,
        "used": quantity_text(used),
        "limit": quantity_text(limited.limit),
        **told,
    }
    await announce(session, tenant_id, event, data, at=at)
    if organisation.sandbox or not settings.mail_roles:
        return
    roles = {Role(role) for role in settings.mail_roles}
    fields = {**for_people(data, organisation), "page": page_of(event)}
    for reader in await MemberRepository(session).addresses(tenant_id, roles):
        mail = {"template": template_of(event), "fields": fields, "language": organisation.language}
        await enqueue(session, tenant_id, MAIL_REQUESTED, {"to": reader, **mail})


def _said(found: Found) -> tuple[EventType, dict[str, object]]:
    if found.mark == FORECAST and found.forecast is not None:
        return EventType.FORECAST_EXCEEDS, {"forecast": quantity_text(found.forecast)}
    return EventType.THRESHOLD_REACHED, {"threshold_percent": int(found.mark)}
