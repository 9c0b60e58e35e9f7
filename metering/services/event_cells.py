"""The windows and groups of a question about usage, read from the events themselves."""

from collections.abc import Mapping

from control_plane.catalog.domain import Aggregation, Charge, ChargeKind, Text, Timing
from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from metering.domain.aggregating import total_of
from metering.domain.series import WHOLE, Amount
from metering.domain.usage import UsageGroup
from metering.domain.windows import Window
from metering.errors_queries import GroupingTooWide
from metering.ports import UsageStore
from metering.stores.rollups.rolled import Asked, Cell

MOST_DAYS = 31
MOST_WINDOWS = 62
"""What grouping by a property that no rollup holds may take: every window is a question."""

_ADDED_UP = {Aggregation.COUNT, Aggregation.SUM, Aggregation.WEIGHTED}


async def event_cells(
    store: UsageStore,
    tenant_id: TenantId,
    period: Period,
    asked: Asked,
    tiling: tuple[Window, str],
) -> Mapping[Cell, Amount]:
    """Add up windows, groups and the whole, as of now.

    Raises:
        GroupingTooWide: of groups, the period has too many days or windows.
    """
    meter = asked.meter.narrowed(asked.filters)
    if asked.groups and (period.length.days > MOST_DAYS or len(asked.tiles) > MOST_WINDOWS):
        raise GroupingTooWide(
            properties=", ".join(asked.groups),
            days=MOST_DAYS,
            windows=MOST_WINDOWS,
            field="group_by",
        )
    points = await store.series(tenant_id, meter, period, *tiling)
    cells: dict[Cell, Amount] = {
        ((), n): Amount(point.quantity, point.events) for n, point in enumerate(points)
    }
    cutoff = await store.cutoff()
    if meter.aggregation in _ADDED_UP:
        quantity = total_of(point.quantity for point in points)
        cells[(), WHOLE] = Amount(quantity, sum(point.events for point in points))
    else:
        total = await store.total(tenant_id, meter, period, cutoff=cutoff, since=None)
        cells[(), WHOLE] = Amount(total.quantity, total.events)
    if not asked.groups:
        return cells
    charge = _grouping(asked)
    for n, tile in [*enumerate(asked.tiles), (WHOLE, period)]:
        found = await store.measure(
            tenant_id, meter, tile, cutoff=cutoff, since=None, charge=charge
        )
        cells |= {(group.values, n): _amount(group) for group in found.groups}
    return cells


def _amount(group: UsageGroup) -> Amount:
    return Amount(group.quantity, group.events)


def _grouping(asked: Asked) -> Charge:
    """Return a charge of which nothing is asked but its groups."""
    return Charge(
        code="usage",
        kind=ChargeKind.PER_UNIT,
        timing=Timing.ARREARS,
        name=Text("", ""),
        meter=asked.meter.code,
        group_by=asked.groups,
    )
