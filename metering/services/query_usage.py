"""Ask what a tenant used."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from control_plane.catalog.domain import Aggregation, Meter
from control_plane.catalog.errors import MeterNotFound
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.models import OrganisationRow
from metering.domain.aggregating import total_of
from metering.domain.usage import UsagePoint
from metering.domain.windows import Window, windows
from metering.errors import SeriesTooLong
from metering.ports import UsageStore

MOST_POINTS = 2_500
"""A hundred days by the hour, or nearly seven years by the day."""


_ADDITIVE = {Aggregation.COUNT, Aggregation.SUM, Aggregation.WEIGHTED}


@dataclass(frozen=True, slots=True)
class UsageSeries:
    """A meter's usage over a period, window by window in the tenant's zone."""

    meter: Meter
    period: Period
    window: Window
    zone: str
    points: tuple[UsagePoint, ...]
    quantity: Decimal
    """The quantity of the whole period: of a peak or a mean it is not the sum of the windows."""

    @property
    def events(self) -> int:
        """The number of events of the whole period."""
        return sum(point.events for point in self.points)


@dataclass(frozen=True, slots=True)
class QueryUsage:
    """Add up a meter's events as they are now, including those of the last second."""

    work: UnitOfWork
    store: UsageStore

    async def __call__(
        self, *, tenant_id: TenantId, meter_code: str, period: Period, window: Window
    ) -> UsageSeries:
        """Return the series; windows without usage are there, as zero.

        Raises:
            MeterNotFound: the catalogue has no such meter.
            SeriesTooLong: the period has more than ``MOST_POINTS`` windows.
        """
        async with self.work(tenant_id) as session:
            meter = (await CatalogRepository(session).meters()).get(meter_code)
            if meter is None:
                raise MeterNotFound(meter_code=meter_code, field="meter")
            organisation = await session.get_one(OrganisationRow, tenant_id)
            zone = organisation.zone
            _bound(period, window, zone)
            points = await self.store.series(tenant_id, meter, period, window, zone)
            whole = await self._whole(tenant_id, meter, period, points)
        return UsageSeries(meter, period, window, zone, tuple(points), whole)

    async def _whole(
        self, tenant_id: TenantId, meter: Meter, period: Period, points: Sequence[UsagePoint]
    ) -> Decimal:
        if meter.aggregation in _ADDITIVE:
            return total_of(point.quantity for point in points)
        cutoff = await self.store.cutoff()
        total = await self.store.total(tenant_id, meter, period, cutoff=cutoff, since=None)
        return total.quantity


def _bound(period: Period, window: Window, zone: str) -> None:
    # The rough count first: a thousand years need no exact one.
    if period.length.days > MOST_POINTS:
        raise _too_long(period.length.days, window)
    points = len(windows(period, window, zone))
    if points > MOST_POINTS:
        raise _too_long(points, window)


def _too_long(points: int, window: Window) -> SeriesTooLong:
    return SeriesTooLong(points=points, window=window.value, largest=MOST_POINTS, field="from")
