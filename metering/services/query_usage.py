"""Ask what a tenant used."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from control_plane.catalog.domain import Filter
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from control_plane.runtime.reads import PLANNED_EACH, PLANNED_ONCE, fetch
from control_plane.runtime.unit_of_work import UnitOfWork
from metering.domain.series import NOTHING, WHOLE, Amount, SeriesGroup, UsageSeries
from metering.domain.usage import UsagePoint
from metering.domain.windows import Window, at_least, windows
from metering.errors import SeriesTooLong
from metering.errors_queries import TooManyGroups
from metering.ports import UsageStore
from metering.services.event_cells import event_cells
from metering.services.meter_book import MeterBook
from metering.stores.rollups.cells import rolled_cells
from metering.stores.rollups.rolled import Asked, Cell, Values

MOST_POINTS = 2_500
"""A hundred days by the hour, or nearly seven years by the day."""

MOST_GROUPED_BY = 4

_ZONE = text(f"SELECT zone, {PLANNED_ONCE} FROM organisations WHERE id = :tenant_id")  # noqa: S608
_PLANNED_EACH = text(f"SELECT {PLANNED_EACH}")


@dataclass(frozen=True, slots=True)
class QueryUsage:
    """Add up a meter's events, those of the last second included.

    Rollups answer, with the events that are in none of them yet. What they do not hold is read
    from the events: minutes, levels by seconds, and properties that are no dimension of the meter.
    """

    work: UnitOfWork
    store: UsageStore
    clock: Clock
    meters: MeterBook

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        meter_code: str,
        period: Period,
        window: Window,
        group_by: Values = (),
        filters: tuple[Filter, ...] = (),
    ) -> UsageSeries:
        """Return the series; windows without usage are there, as zero.

        Raises:
            MeterNotFound: the catalogue has no such meter.
            SeriesTooLong: the period has more than ``MOST_POINTS`` windows.
            TooManyGroups: a property is named twice, or there are more than ``MOST_GROUPED_BY``.
            GroupingTooWide: the events would have to be read, of too long a period.
        """
        if len(group_by) > MOST_GROUPED_BY or len(set(group_by)) < len(group_by):
            raise TooManyGroups(largest=MOST_GROUPED_BY, field="group_by")
        now = self.clock.now()
        async with self.work(tenant_id) as session:
            meter = await self.meters.meter(session, meter_code)
            [(zone, *_)] = await fetch(session, _ZONE, {"tenant_id": tenant_id})
            tiles = _bounded(period, window, zone)
            asked = Asked(meter, tiles, group_by, filters, proof=False)
            rolled = await rolled_cells(session, tenant_id, period, asked)
            if rolled is None:
                await fetch(session, _PLANNED_EACH, {})
                cells = await event_cells(self.store, tenant_id, period, asked, (window, zone))
                rolled = (cells, None)
        return _series(period, (window, zone), asked, rolled, now)


def _series(
    period: Period,
    tiling: tuple[Window, str],
    asked: Asked,
    found: tuple[Mapping[Cell, Amount], datetime | None],
    now: datetime,
) -> UsageSeries:
    cells, behind = found
    whole = cells.get(((), WHOLE), NOTHING)
    named = sorted({values for values, _ in cells if values}) if asked.groups else []
    return UsageSeries(
        meter=asked.meter,
        period=period,
        window=tiling[0],
        zone=tiling[1],
        points=_points(asked, cells, ()),
        quantity=whole.quantity,
        events=whole.events,
        as_of=behind or now,
        group_by=asked.groups,
        groups=tuple(_group(asked, cells, values) for values in named),
    )


def _group(asked: Asked, cells: Mapping[Cell, Amount], values: Values) -> SeriesGroup:
    whole = cells.get((values, WHOLE), NOTHING)
    return SeriesGroup(values, _points(asked, cells, values), whole.quantity, whole.events)


def _points(asked: Asked, cells: Mapping[Cell, Amount], values: Values) -> tuple[UsagePoint, ...]:
    found = (cells.get((values, n), NOTHING) for n in range(len(asked.tiles)))
    return tuple(
        UsagePoint(tile.start, tile.end, amount.quantity, amount.events)
        for tile, amount in zip(asked.tiles, found, strict=True)
    )


def _bounded(period: Period, window: Window, zone: str) -> tuple[Period, ...]:
    # The rough count first: a thousand years need no exact one.
    rough = at_least(period, window)
    tiles = () if rough > MOST_POINTS else windows(period, window, zone)
    if max(rough, len(tiles)) > MOST_POINTS:
        raise SeriesTooLong(
            points=max(rough, len(tiles)), window=window.value, largest=MOST_POINTS, field="from"
        )
    return tiles
