"""The windows and groups of a question about usage, as rollups answer them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.catalog.domain import Aggregation
from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from metering.domain.rollups import Rollup
from metering.domain.series import WHOLE, Amount
from metering.stores.rollups.rolled import Asked, Cell, Rolled, read_rolled


async def rolled_cells(
    session: AsyncSession, tenant_id: TenantId, period: Period, asked: Asked
) -> tuple[Mapping[Cell, Amount], datetime | None] | None:
    """Return what rollups tell of windows, groups and the whole, and as of when.

    None where the events have to be read. The instant is None where everything committed is in.
    """
    wanted = _apart(asked, period) if asked.meter.aggregation is Aggregation.UNIQUE else [asked]
    found = [rolled for rolled in await read_rolled(session, tenant_id, wanted) if rolled]
    if len(found) < len(wanted):
        return None
    behind = min((r.behind for r in found if r.behind is not None), default=None)
    if asked.meter.aggregation is not Aggregation.UNIQUE:
        return _added(asked, found[0]), behind
    cells: dict[Cell, Amount] = {}
    for one, rolled in zip(wanted, found, strict=True):
        whole = one.tiles == (period,)
        for (values, n), rollup in rolled.cells.items():
            amount = Amount(rolled.quantity(asked.meter, (values, n)), rollup.events)
            if whole:
                cells[values, WHOLE] = amount
            if one.tiles == asked.tiles:
                cells[values, n] = amount
    return cells, behind


def _apart(asked: Asked, period: Period) -> list[Asked]:
    """Return every total of its own: numbers of different values do not add up."""
    return [
        replace(asked, tiles=tiles, groups=groups)
        for tiles in dict.fromkeys([asked.tiles, (period,)])
        for groups in dict.fromkeys([(), asked.groups])
    ]


def _added(asked: Asked, rolled: Rolled) -> dict[Cell, Amount]:
    sums: dict[Cell, Rollup] = {}
    for (values, n), rollup in rolled.cells.items():
        for cell in {(values, n), (values, WHOLE), ((), n), ((), WHOLE)}:
            sums[cell] = sums[cell].plus(rollup) if cell in sums else rollup
    kind = asked.meter.aggregation
    return {cell: Amount(rollup.quantity(kind), rollup.events) for cell, rollup in sums.items()}
