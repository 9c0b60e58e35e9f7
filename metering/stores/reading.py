"""One reading of usage in PostgreSQL: what it is bound to, and how its answers become values."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.catalog.domain import Aggregation, Charge, Meter
from control_plane.kernel.ids import TenantId
from control_plane.kernel.instants import instant_text
from control_plane.kernel.period import Period
from control_plane.runtime.writes import run
from metering.domain.aggregating import ADDITIVE, average
from metering.domain.numbers import shortest
from metering.domain.pages import Position
from metering.domain.usage import Usage, UsageGroup, UsageTotal
from metering.errors_retention import UsageDropped
from metering.stores.measure_sql import (
    amounts_sql,
    by_source_sql,
    measured_sql,
    series_sql,
    weighted_sql,
)
from metering.stores.query_sql import total_sql, totals_sql

AMOUNTS_PER_PAGE = 10_000

Values: TypeAlias = tuple[str, ...]
NOWHERE = {"after_time": None, "after_source": None, "after_id": None}


def hold_to(meter: Meter, period: Period, kept_from: datetime | None) -> None:
    """Refuse to answer for a time of which the events were dropped.

    Raises:
        UsageDropped: the period begins in one.
    """
    # Events that set levels are never dropped.
    levels = meter.aggregation is Aggregation.WEIGHTED
    if kept_from is not None and period.start < kept_from and not levels:
        raise UsageDropped(
            meter=meter.code,
            start=instant_text(period.start),
            kept_from=instant_text(kept_from.astimezone(UTC)),
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """What a meter counted of a tenant in a period, between two cut-offs."""

    session: AsyncSession
    tenant_id: TenantId
    meter: Meter
    period: Period
    cutoff: str | None = None
    since: str | None = None

    @property
    def bound(self) -> dict[str, Any]:
        """The values of everything that the queries name."""
        counted = self.meter.aggregation is Aggregation.COUNT
        return {
            "tenant_id": self.tenant_id,
            "type": self.meter.event_type,
            "property": None if counted else self.meter.property,
            "money": self.meter.money_property(),
            "filters": msgspec.json.encode(self.meter.filters).decode(),
            "start": self.period.start,
            "end": self.period.end,
            "cutoff": self.cutoff,
            "since": self.since,
            "signed": self.meter.aggregation in ADDITIVE,
        }

    @property
    def filtered(self) -> bool:
        """Whether the meter has filters, which cost a little at every event."""
        return bool(self.meter.filters)

    async def total(self) -> UsageTotal:
        """Add up with one query; aggregations other than sum and count need another."""
        found = await run(self.session, total_sql(filtered=self.filtered), self.bound)
        return await self.totalled(*found.one())

    async def totalled(
        self,
        quantity: Decimal,
        events: int,
        digest: str,
        taken_back: int,
        kept_from: datetime | None,
    ) -> UsageTotal:
        """Return the total that a query added up.

        Raises:
            UsageDropped: some of what it should have added up is gone.
        """
        self.hold_to(kept_from)
        if self.meter.aggregation not in ADDITIVE:
            quantity = (await self._whole()).quantity
        return UsageTotal(shortest(Decimal(quantity)), int(events), digest, int(taken_back))

    def hold_to(self, kept_from: datetime | None) -> None:
        """Refuse to answer for a time of which the events were dropped.

        Raises:
            UsageDropped: the period begins in one.
        """
        hold_to(self.meter, self.period, kept_from)

    async def measure(self, charge: Charge, total: UsageTotal) -> Usage:
        """Add to its total what else the charge is priced by, and no more."""
        whole = await self._whole() if charge.of_money else None
        amounts = await self._amounts(()) if charge.by_event else None
        groups = await self._groups(charge) if charge.dimensions else ()
        return Usage(
            quantity=total.quantity,
            events=total.events,
            digest=total.digest,
            amount=whole.amount if whole else Decimal(0),
            amounts=None if amounts is None else tuple(amounts.get((), ())),
            groups=groups,
            taken_back=total.taken_back,
        )

    async def series(self, tiles: Sequence[Period]) -> dict[int, tuple[Decimal, int]]:
        """Return quantity and events of every window that has any, by its number from 0."""
        bound = {**self.bound, "starts": [tile.start for tile in tiles]}
        sql = series_sql(self.meter.aggregation, filtered=self.filtered)
        rows = (await self.session.execute(sql, bound)).all()
        found = {int(row[0]): (self._quantity(row), int(row[3])) for row in rows}
        if self.meter.aggregation is Aggregation.WEIGHTED:
            weighed = await self._weighed((), tiles)
            found = {
                n: (weighed.get(((), n), Decimal(0)), found.get(n, (Decimal(0), 0))[1])
                for n in range(len(tiles))
            }
        return found

    async def by_source(self, sources: Sequence[str]) -> dict[str, Decimal]:
        """Return the quantity of every source that has any."""
        sql = by_source_sql(self.meter.aggregation, filtered=self.filtered)
        rows = await self.session.execute(sql, {**self.bound, "sources": list(sources)})
        return {row[0]: shortest(Decimal(row[1])) for row in rows}

    async def _whole(self) -> UsageGroup:
        groups = await self._grouped(())
        return next(iter(groups), UsageGroup((), Decimal(0), 0))

    async def _groups(self, charge: Charge) -> tuple[UsageGroup, ...]:
        groups = await self._grouped(charge.dimensions)
        if not charge.by_event:
            return tuple(groups)
        amounts = await self._amounts(charge.dimensions)
        return tuple(
            UsageGroup(g.values, g.quantity, g.events, g.amount, tuple(amounts.get(g.values, ())))
            for g in groups
        )

    async def _grouped(self, dimensions: Values) -> list[UsageGroup]:
        """Return every group of usage, in order of its values."""
        sql = measured_sql(self.meter.aggregation, filtered=self.filtered, grouped=bool(dimensions))
        rows = (await self.session.execute(sql, {**self.bound, **_named(dimensions)})).all()
        found = {
            tuple(row[0]): UsageGroup(
                values=tuple(row[0]),
                quantity=self._quantity(row),
                events=int(row[3]),
                amount=shortest(Decimal(row[4])),
            )
            for row in rows
        }
        if self.meter.aggregation is Aggregation.WEIGHTED:
            weighed = await self._weighed(dimensions, [self.period])
            for (values, _), quantity in weighed.items():
                group = found.get(values, UsageGroup(values, Decimal(0), 0))
                found[values] = UsageGroup(values, quantity, group.events, group.amount)
        return [found[values] for values in sorted(found)]

    def _quantity(self, row: Any) -> Decimal:
        quantity, stated = Decimal(row[1]), int(row[2])
        if self.meter.aggregation is Aggregation.AVERAGE:
            return average(quantity, stated)
        return shortest(quantity)

    async def _weighed(
        self, dimensions: Values, tiles: Sequence[Period]
    ) -> dict[tuple[Values, int], Decimal]:
        sql = weighted_sql(filtered=self.filtered, grouped=bool(dimensions))
        windows: dict[str, list[datetime]] = {
            "starts": [tile.start for tile in tiles],
            "ends": [tile.end for tile in tiles],
        }
        rows = await self.session.execute(sql, {**self.bound, **windows, **_named(dimensions)})
        return {(tuple(key), int(n)): shortest(Decimal(quantity)) for key, n, quantity in rows}

    async def _amounts(self, dimensions: Values) -> dict[Values, list[Decimal]]:
        amounts: dict[Values, list[Decimal]] = {}
        async for values, amount in self.amounts(dimensions):
            amounts.setdefault(values, []).append(amount)
        return amounts

    async def amounts(self, dimensions: Values = ()) -> AsyncIterator[tuple[Values, Decimal]]:
        """Yield group and amount of money of event after event, a page of them at a time."""
        sql = amounts_sql(filtered=self.filtered, grouped=bool(dimensions))
        bound = {**self.bound, **_named(dimensions), "limit": AMOUNTS_PER_PAGE}
        place: dict[str, Any] | None = NOWHERE
        while place is not None:
            rows = (await self.session.execute(sql, {**bound, **place})).all()
            for row in rows:
                yield tuple(row[3]), shortest(Decimal(row[4]))
            place = after((rows[-1][0], *rows[-1][1:3])) if len(rows) == AMOUNTS_PER_PAGE else None


async def totals(
    session: AsyncSession, tenant_id: TenantId, readings: Sequence[Reading]
) -> list[UsageTotal]:
    """Return the totals of several readings of a tenant, with one query; see `Reading.total`."""
    if len(readings) == 1:
        return [await readings[0].total()]
    found: dict[int, tuple[Decimal, int, str, int, datetime | None]] = {}
    for filtered in (False, True):
        asked = [(n, r.bound) for n, r in enumerate(readings) if r.filtered is filtered]
        if asked:
            bound = {"tenant_id": tenant_id, "asked": asked_json(asked)}
            rows = await run(session, totals_sql(filtered=filtered), bound)
            found |= {row[0]: (row[1], row[2], row[3], row[4], row[5]) for row in rows}
    return [await reading.totalled(*found[n]) for n, reading in enumerate(readings)]


def asked_json(bounds: Sequence[tuple[int, dict[str, Any]]]) -> str:
    """Write what `totals_sql` is asked as one JSON text."""
    return json.dumps(
        [
            {
                "n": n,
                "property": bound["property"],
                "type": bound["type"],
                "start": instant_text(bound["start"]),
                "end": instant_text(bound["end"]),
                "cutoff": bound["cutoff"],
                "since": bound["since"],
                "filters": json.loads(bound["filters"]),
                "signed": bound["signed"],
            }
            for n, bound in bounds
        ]
    )


def after(place: Position) -> dict[str, Any]:
    """Return what is bound to go on after an event."""
    time, source, identity = place
    return {"after_time": time, "after_source": source, "after_id": identity}


def _named(dimensions: Values) -> dict[str, list[str]]:
    return {"dimensions": list(dimensions)} if dimensions else {}
