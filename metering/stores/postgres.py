"""Usage events in PostgreSQL, under row-level security."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from control_plane.catalog.domain import Charge, Meter
from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from metering.domain.canonical import CANONICAL
from metering.domain.cloudevents import parse_data
from metering.domain.events import (
    EventPage,
    IngestResult,
    RefusedEvent,
    RefusedPage,
    TakesBack,
    TakingBack,
    UsageEvent,
)
from metering.domain.pages import page_mark, read_page_mark
from metering.domain.usage import Usage, UsagePoint, UsageTotal
from metering.domain.windows import Window, windows
from metering.errors import EventRefused
from metering.ports import Wanted
from metering.stores.horizon_sql import kept_from
from metering.stores.measuring import measure_events
from metering.stores.outcomes import first_bodies, outcomes, refused_outcomes
from metering.stores.query_sql import CUTOFF, events_sql
from metering.stores.reading import NOWHERE, Reading
from metering.stores.reading import after as place_after
from metering.stores.refusals_sql import LIST, keep_refused
from metering.stores.rollups.charges import rolled_usages
from metering.stores.taking_back_sql import store


@dataclass(frozen=True, slots=True)
class PostgresUsageStore:
    """The default store. See `metering.ports.UsageStore` for what it guarantees.

    Every call joins the caller's unit of work when one is open for the tenant
    (the commit is then the caller's), except ``cutoff``. Callers work at READ
    COMMITTED, PostgreSQL's default: a snapshot older than the cut-off would
    hide events that the cut-off contains.
    """

    work: UnitOfWork
    system: SystemWork

    async def ingest(self, tenant_id: TenantId, events: Sequence[UsageEvent]) -> list[IngestResult]:
        """Store what is new in one statement, with its identity."""
        if not events:
            return []
        async with self.work(tenant_id) as session:
            stored = await store(session, tenant_id, first_bodies(events))
        return outcomes(events, stored.standing, stored.claimed)

    async def keep_refused(
        self,
        tenant_id: TenantId,
        refused: Sequence[tuple[UsageEvent, EventRefused]],
        refused_at: datetime,
    ) -> list[IngestResult]:
        """Keep what was not stored in time in a table of its own."""
        if not refused:
            return []
        async with self.work(tenant_id) as session:
            standing = await keep_refused(session, tenant_id, refused, refused_at)
        return refused_outcomes(refused, standing)

    async def refused(self, tenant_id: TenantId, *, after: int | None, limit: int) -> RefusedPage:
        """Read one page, and one event more to know whether another page follows."""
        bound = {"tenant_id": tenant_id, "after": after, "limit": limit + 1}
        async with self.work(tenant_id) as session:
            rows = (await session.execute(LIST, bound)).all()
        kept = tuple(
            RefusedEvent(_event(row[3:]), reason=row[1], refused_at=row[2].astimezone(UTC))
            for row in rows[:limit]
        )
        return RefusedPage(kept, int(rows[limit - 1][0]) if len(rows) > limit else None)

    async def cutoff(self) -> str:
        """Take a ``pg_snapshot``, on a connection of its own."""
        return str(await self.system.ask(CUTOFF))

    async def total(
        self,
        tenant_id: TenantId,
        meter: Meter,
        period: Period,
        *,
        cutoff: str,
        since: str | None,
    ) -> UsageTotal:
        """Add up in ``numeric``; numbers are Decimal from there on."""
        async with self.work(tenant_id) as session:
            return await Reading(session, tenant_id, meter, period, cutoff, since).total()

    async def measure(
        self,
        tenant_id: TenantId,
        meter: Meter,
        period: Period,
        *,
        cutoff: str,
        since: str | None,
        charge: Charge,
    ) -> Usage:
        """Add up group by group, as far as the charge needs it."""
        [found] = await self.measure_all(tenant_id, [Wanted(meter, period, cutoff, since, charge)])
        return found

    async def measure_all(self, tenant_id: TenantId, wanted: Sequence[Wanted]) -> list[Usage]:
        """Read rollups, and where they do not answer the events: in as few queries as can be."""
        async with self.work(tenant_id) as session:
            rolled = await rolled_usages(session, tenant_id, wanted)
            rest = {n: wanted[n] for n, usage in enumerate(rolled) if usage is None}
            measured = await measure_events(session, tenant_id, rest)
        return [usage or measured[n] for n, usage in enumerate(rolled)]

    async def series(
        self, tenant_id: TenantId, meter: Meter, period: Period, window: Window, zone: str
    ) -> list[UsagePoint]:
        """Add up by windows whose bounds come from here, never from the server's zones."""
        tiles = windows(period, window, zone)
        async with self.work(tenant_id) as session:
            found = await Reading(session, tenant_id, meter, period).series(tiles)
        nothing = (Decimal(0), 0)
        return [
            UsagePoint(tile.start, tile.end, *found.get(index, nothing))
            for index, tile in enumerate(tiles)
        ]

    async def by_source(
        self, tenant_id: TenantId, meter: Meter, period: Period, sources: Sequence[str]
    ) -> dict[str, Decimal]:
        """Add up with one query."""
        async with self.work(tenant_id) as session:
            reading = Reading(session, tenant_id, meter, period)
            reading.hold_to(await kept_from(session))
            return await reading.by_source(sources)

    async def events(
        self,
        tenant_id: TenantId,
        meter: Meter,
        period: Period,
        *,
        cutoff: str,
        since: str | None,
        after: str | None,
        limit: int,
    ) -> EventPage:
        """Read one page, and one event more to know whether another page follows."""
        place = NOWHERE if after is None else place_after(read_page_mark(after))
        async with self.work(tenant_id) as session:
            reading = Reading(session, tenant_id, meter, period, cutoff, since)
            reading.hold_to(await kept_from(session))
            bound = {**reading.bound, **place, "limit": limit + 1}
            rows = (await session.execute(events_sql(filtered=reading.filtered), bound)).all()
        page = tuple(_event(row[:7], row[7]) for row in rows[:limit])
        return EventPage(
            events=page,
            after=page_mark(page[-1]) if len(rows) > limit else None,
            taken_back=frozenset((row[1], row[2]) for row in rows[:limit] if row[8] < 0),
        )


def _event(row: Sequence[Any], corrected: str | None = None) -> UsageEvent:
    time, source, identity, type_, subject, data, body_hash = row
    kept = parse_data(data.encode())  # jsonb has its own order of keys and spaces
    return UsageEvent(
        source=source,
        id=identity,
        type=type_,
        subject=subject,
        time=time.astimezone(UTC),
        data=kept,
        data_json=CANONICAL.encode(kept),
        body_hash=bytes(body_hash),
        takes_back=None if corrected is None else TakesBack(TakingBack.CORRECTS, corrected),
    )
