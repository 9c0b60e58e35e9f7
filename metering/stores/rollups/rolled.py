"""Answers from rollups: buckets, and the few events beside them, put together exactly."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.catalog.domain import Aggregation, Filter, Meter
from control_plane.kernel.ids import TenantId
from control_plane.kernel.instants import instant_text
from control_plane.kernel.period import Period
from control_plane.runtime.reads import fetch
from metering.domain.covers import Cover, cover, quarters_tile
from metering.domain.digests import Lanes
from metering.domain.rollups import DIVISIBLE, ROLLED, Definition, Rollup
from metering.stores.rollups import answering
from metering.stores.rollups.texts import DAY, QUARTER

MOST_WAITING = 20_000
"""Events not rolled up yet that a question reads; beyond, it is answered as of the rollups."""

Values: TypeAlias = tuple[str, ...]
Cell: TypeAlias = tuple[Values, int]
"""A group's values, and the number of a window from 0."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a meter counted in windows that tile a period, by groups, as of a cut-off or of now.

    Money and digests are added up only where a ``proof`` is wanted.
    """

    meter: Meter
    tiles: tuple[Period, ...]
    groups: Values = ()
    filters: tuple[Filter, ...] = ()
    cutoff: str | None = None
    proof: bool = True

    @property
    def rolled(self) -> bool:
        """Whether rollups can answer: windows of whole quarter hours, and no level by seconds."""
        return self.meter.aggregation in ROLLED and quarters_tile(self.tiles)

    @property
    def names(self) -> list[str]:
        """The dimensions a set of rollups needs."""
        return sorted({*self.groups, *(f.property for f in self.filters)})

    def covers(self) -> list[Cover]:
        """Return the buckets of every window."""
        return [cover(tile) for tile in self.tiles]


@dataclass(frozen=True, slots=True)
class Rolled:
    """An answer: a rollup for every window and group that has any events.

    ``behind`` is the instant of the rollups where they alone were read. ``values`` are the numbers
    of different values of a meter of unique values.
    """

    cutoff: str
    behind: datetime | None
    cells: Mapping[Cell, Rollup]
    values: Mapping[Cell, int] = field(default_factory=dict)

    def quantity(self, meter: Meter, cell: Cell) -> Decimal:
        """Return the quantity of a window's group."""
        if meter.aggregation is Aggregation.UNIQUE:
            return Decimal(self.values.get(cell, 0))
        return self.cells.get(cell, _NOTHING).quantity(meter.aggregation)


_NOTHING = Rollup()


@dataclass(frozen=True, slots=True)
class _Set:
    snapshot: str
    cutoff: str
    behind: datetime | None
    recorded: Sequence[str]
    taken: bool
    cells: dict[Cell, Rollup]


async def read_rolled(
    session: AsyncSession, tenant_id: TenantId, asked: Sequence[Asked]
) -> list[Rolled | None]:
    """Answer what rollups can answer; None stands where the events have to be read."""
    wanted = {n: one for n, one in enumerate(asked) if one.rolled}
    sets = await _sets(session, tenant_id, wanted) if wanted else {}
    return [
        await _answered(session, tenant_id, one, sets[n]) if n in sets else None
        for n, one in enumerate(asked)
    ]


async def _sets(
    session: AsyncSession, tenant_id: TenantId, wanted: Mapping[int, Asked]
) -> dict[int, _Set]:
    said = [said_of(n, one) for n, one in wanted.items()]
    bound = {"tenant_id": tenant_id, "asked": json.dumps(said), "most": MOST_WAITING}
    found: dict[int, _Set] = {}
    for row in await fetch(session, answering.rolled_sql(sums_of(wanted.values())), bound):
        q, rollup, snapshot, rolled_at, cutoff, behind, recorded, taken, n, named, *state = row
        if rollup is None:
            continue
        if q not in found:
            at = rolled_at.astimezone(UTC) if behind else None
            found[q] = _Set(snapshot, cutoff, at, recorded or (), bool(taken), {})
        if n is not None:
            found[q].cells[tuple(named), int(n)] = rollup_from(state)
    return found


def sums_of(asked: Collection[Asked]) -> answering.Sums:
    """Return what has to be added up of buckets to answer all of these."""
    return answering.Sums(
        latest=any(one.meter.aggregation is Aggregation.LATEST for one in asked),
        proof=any(one.proof for one in asked),
        plain=not any(one.groups or one.filters for one in asked),
    )


def said_of(n: int, one: Asked) -> dict[str, Any]:
    """Write a question as `metering.stores.rollups.answering.rolled_sql` reads it."""
    level = 2 if one.names else 0
    spans = [
        _span(tile, level + kind, period)
        for tile, covered in enumerate(one.covers())
        for kind, periods in ((QUARTER, covered.quarters), (DAY, covered.days))
        for period in periods
    ]
    return {
        "q": n,
        "base": Definition.of(one.meter).base,
        "dims": one.names,
        "groups": list(one.groups),
        "own": msgspec.to_builtins(one.filters) if one.filters else None,
        "cutoff": one.cutoff,
        "spans": spans,
    }


def _span(n: int, level: int, period: Period) -> dict[str, Any]:
    start, until = instant_text(period.start), instant_text(period.end)
    return {"n": n, "level": level, "start": start, "until": until}


async def _answered(
    session: AsyncSession, tenant_id: TenantId, one: Asked, found: _Set
) -> Rolled | None:
    cells = dict(found.cells)
    parts = [(n, sliver) for n, c in enumerate(one.covers()) for sliver in c.slivers]
    if parts or found.recorded:
        bound = _more_bound(tenant_id, one, found, parts)
        filters = (*one.meter.filters, *one.filters)
        read = answering.Parts(
            bool(filters), slivers=bool(parts), taken=found.taken, proof=one.proof
        )
        sql = answering.more_sql(one.meter.aggregation, read)
        rows = await fetch(session, sql, bound)
        if any(row[0] < 0 for row in rows) and one.meter.aggregation not in DIVISIBLE:
            return await _as_rolled(session, tenant_id, one, found)
        for sign, n, named, *state in rows:
            cell, more = (tuple(named), int(n)), rollup_from(state)
            known = cells.get(cell, _NOTHING)
            cells[cell] = known.plus(more) if sign > 0 else known.less(more)
    standing = {cell: rollup for cell, rollup in cells.items() if rollup.events}
    rolled = Rolled(found.cutoff, found.behind, standing)
    if one.meter.aggregation is not Aggregation.UNIQUE:
        return rolled
    values = await _unique(session, tenant_id, replace(one, cutoff=found.cutoff), parts)
    return None if values is None else replace(rolled, values=values)


async def _as_rolled(
    session: AsyncSession, tenant_id: TenantId, one: Asked, found: _Set
) -> Rolled | None:
    """Answer as of the rollups, where what was taken back since would need a bucket made again."""
    if one.cutoff is not None:
        return None
    [rolled] = await read_rolled(session, tenant_id, [replace(one, cutoff=found.snapshot)])
    return rolled


def _more_bound(
    tenant_id: TenantId, one: Asked, found: _Set, parts: Sequence[tuple[int, Period]]
) -> dict[str, Any]:
    definition = Definition.of(one.meter)
    rolled = [c.rolled for c in one.covers() if c.rolled is not None]
    start = rolled[0].start if rolled else one.tiles[0].start
    return {
        "tenant_id": tenant_id,
        "type": definition.event_type,
        "property": definition.counted,
        "money": definition.money,
        "filters": msgspec.json.encode((*one.meter.filters, *one.filters)).decode(),
        "groups": list(one.groups),
        "cutoff": found.cutoff,
        "snapshot": found.snapshot,
        "recorded": list(found.recorded),
        "starts": [tile.start for tile in one.tiles],
        "parts": [n for n, _ in parts],
        "part_starts": [part.start for _, part in parts],
        "part_ends": [part.end for _, part in parts],
        "rolled_start": start,
        "rolled_end": rolled[-1].end if rolled else start,
    }


async def _unique(
    session: AsyncSession, tenant_id: TenantId, one: Asked, parts: Sequence[tuple[int, Period]]
) -> dict[Cell, int] | None:
    nothing = _Set("", one.cutoff or "", None, (), taken=True, cells={})
    bound = {
        **_more_bound(tenant_id, one, nothing, parts),
        "asked": json.dumps([said_of(0, one)]),
        "most": MOST_WAITING,
    }
    sql = answering.unique_sql(filtered=bool(one.meter.filters or one.filters))
    rows = await fetch(session, sql, bound)
    if not rows:
        return None
    return {(tuple(named), int(n)): int(count) for n, named, count in rows if n is not None}


def rollup_from(state: Sequence[Any]) -> Rollup:
    """Read the columns of `metering.stores.rollups.texts.STATE`."""
    events, stated, total, most, least, latest, at, source, identity, money, *lanes = state
    return Rollup(
        events=int(events),
        stated=int(stated),
        total=Decimal(total),
        most=most,
        least=least,
        latest=None if at is None else ((at.astimezone(UTC), source, identity), latest),
        money=Decimal(money),
        lanes=Lanes(*(int(lane) for lane in lanes)),
    )
