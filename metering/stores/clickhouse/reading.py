"""One reading of usage in ClickHouse: what it asks, and how the answers become values."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from control_plane.catalog.domain import Aggregation, Charge
from control_plane.kernel.exact import EXACT
from control_plane.kernel.period import Period
from metering.domain.aggregating import average
from metering.domain.digests import Lanes, is_added, sum_digest
from metering.domain.numbers import shortest
from metering.domain.pages import Position
from metering.domain.usage import Usage, UsageGroup
from metering.stores.clickhouse.client import ClickHouse, Row
from metering.stores.clickhouse.query_sql import (
    Asking,
    amounts_sql,
    measured_sql,
    series_sql,
    sorted_digest_sql,
    weighted_sql,
)
from metering.stores.clickhouse.schema import instant, microseconds

Values: TypeAlias = tuple[str, ...]

AMOUNTS_PER_PAGE = 10_000
MOST_TOGETHER = 40
"""Questions that one query asks."""
_MICRO = Decimal("0.000001")
_LANES = slice(7, 11)


@dataclass(frozen=True, slots=True)
class Question:
    """What a charge asks of a tenant's usage."""

    asking: Asking
    charge: Charge | None = None
    digest: str | None = None
    """A digest of the kind that is wanted; None: the one that adds up."""


async def answer(clickhouse: ClickHouse, questions: Sequence[Question]) -> list[Usage]:
    """Answer several questions, the common part of many with one query."""
    answered: list[Usage] = []
    for at in range(0, len(questions), MOST_TOGETHER):
        some = [
            replace(q, asking=replace(q.asking, prefix=f"q{n}"))
            for n, q in enumerate(questions[at : at + MOST_TOGETHER])
        ]
        rows = await clickhouse.ask(
            " UNION ALL ".join(measured_sql(q.asking, n) for n, q in enumerate(some)),
            {name: value for q in some for name, value in q.asking.bound.items()},
        )
        for n, question in enumerate(some):
            own = [row for row in rows if row[0] == n]
            answered.append(await Reading(clickhouse, question).usage(own))
    return answered


async def series(
    clickhouse: ClickHouse, asking: Asking, tiles: Sequence[Period]
) -> dict[datetime, tuple[Decimal, int]]:
    """Return quantity and events of every window that has any, by its start."""
    starts = [microseconds(tile.start) for tile in tiles]
    bound = {**asking.bound, f"{asking.prefix}_starts": starts}
    rows = await clickhouse.ask(series_sql(asking), bound)
    found = {instant(row[0]): (_quantity(asking, row[1], int(row[2])), int(row[3])) for row in rows}
    if asking.meter.aggregation is Aggregation.WEIGHTED:
        weighed = await weigh(clickhouse, asking, tiles)
        for (_, start), quantity in weighed.items():
            found[start] = (quantity, found.get(start, (Decimal(0), 0))[1])
    return found


@dataclass(frozen=True, slots=True)
class Reading:
    """Turns the answer to one question into usage, and asks for what else its charge needs."""

    clickhouse: ClickHouse
    question: Question

    async def usage(self, rows: Sequence[Row]) -> Usage:
        """Read the whole and the groups from the rows of `measured_sql`."""
        asking, charge = self.question.asking, self.question.charge
        whole = next((row for row in rows if row[1]), None)
        groups = {tuple(row[2]): _group(asking, row) for row in rows if not row[1]}
        weighed = asking.meter.aggregation is Aggregation.WEIGHTED
        total = UsageGroup((), Decimal(0), 0) if whole is None else _group(asking, whole)
        if weighed:
            total = await self._level(total)
            groups = {g.values: g for g in await self._level_groups(groups)}
        by_event = charge is not None and charge.by_event
        amounts = await self._amounts(()) if by_event else {}
        of_groups = await self._amounts(asking.dimensions) if by_event and groups else {}
        return Usage(
            quantity=total.quantity,
            events=total.events,
            digest=await self._digest(whole),
            amount=total.amount if charge is not None and charge.of_money else Decimal(0),
            amounts=tuple(amounts.get((), ())) if by_event else None,
            groups=tuple(
                replace(groups[v], amounts=tuple(of_groups.get(v, ()))) if by_event else groups[v]
                for v in sorted(groups)
            ),
            taken_back=0 if whole is None else int(whole[12]),
        )

    async def _digest(self, whole: Row | None) -> str:
        asking, wanted = self.question.asking, self.question.digest
        if wanted is not None and not is_added(wanted):
            rows = await self.clickhouse.ask(sorted_digest_sql(asking), asking.bound)
            return hashlib.sha256(b"".join(bytes(row[0]) for row in rows)).hexdigest()
        if whole is None:
            return sum_digest(0, Lanes())
        counted, gone = int(whole[11]), int(whole[12])
        lanes = [int(text) for text in whole[_LANES]]
        return _added(counted, gone if asking.signed else 0, lanes)

    async def _level_groups(self, groups: Mapping[Values, UsageGroup]) -> list[UsageGroup]:
        asking = self.question.asking
        if not asking.dimensions:
            return []
        weighed = await weigh(self.clickhouse, asking, [asking.period])
        empty = UsageGroup((), Decimal(0), 0)
        found = dict(groups)
        for (values, _), quantity in weighed.items():
            found[values] = replace(found.get(values, empty), values=values, quantity=quantity)
        return list(found.values())

    async def _level(self, whole: UsageGroup) -> UsageGroup:
        asking = replace(self.question.asking, dimensions=())
        weighed = await weigh(self.clickhouse, asking, [asking.period])
        return replace(whole, quantity=next(iter(weighed.values()), Decimal(0)))

    async def _amounts(self, dimensions: Sequence[str]) -> dict[Values, list[Decimal]]:
        asking = replace(self.question.asking, dimensions=dimensions)
        found: dict[Values, list[Decimal]] = {}
        place: Position | None = None
        while True:
            rows = await self.clickhouse.ask(
                amounts_sql(asking, after=place is not None),
                {**asking.bound, **page_values(asking, place, AMOUNTS_PER_PAGE)},
            )
            for row in rows:
                found.setdefault(tuple(row[3]), []).append(shortest(Decimal(row[4])))
            if len(rows) < AMOUNTS_PER_PAGE:
                return found
            place = (instant(rows[-1][0]), rows[-1][1], rows[-1][2])


def page_values(asking: Asking, place: Position | None, limit: int) -> dict[str, Any]:
    """Return what is bound to read a page, from a place on."""
    values: dict[str, Any] = {"limit": limit}
    if place is not None:
        values |= {
            "after_time": microseconds(place[0]),
            "after_source": place[1],
            "after_id": place[2],
        }
    return {f"{asking.prefix}_{name}": value for name, value in values.items()}


async def weigh(
    clickhouse: ClickHouse, asking: Asking, tiles: Sequence[Period]
) -> dict[tuple[Values, datetime], Decimal]:
    """Return level by seconds for each group and window, by the window's start."""
    bounds = [(microseconds(tile.start), microseconds(tile.end)) for tile in tiles]
    bound = {**asking.bound, f"{asking.prefix}_tiles": bounds}
    rows = await clickhouse.ask(weighted_sql(asking), bound)
    return {
        (tuple(row[0]), instant(row[1])): shortest(EXACT.multiply(Decimal(row[2]), _MICRO))
        for row in rows
    }


def _group(asking: Asking, row: Row) -> UsageGroup:
    return UsageGroup(
        values=tuple(row[2]),
        quantity=_quantity(asking, row[3], int(row[4])),
        events=int(row[5]),
        amount=shortest(Decimal(row[6])),
    )


def _quantity(asking: Asking, text: str, stated: int) -> Decimal:
    if asking.meter.aggregation is Aggregation.AVERAGE:
        return average(shortest(Decimal(text)), stated)
    return shortest(Decimal(text))


def _added(counted: int, gone: int, lanes: Sequence[int]) -> str:
    """Name the set: what was taken back late is in it by its inverted hash, lane by lane."""
    # All bits turned, a number n is -n - 1: the sum has -n already.
    return sum_digest(counted + gone, Lanes(*(lane - gone for lane in lanes)))
