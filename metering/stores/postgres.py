"""Usage events in PostgreSQL, under row-level security."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import Any

from control_plane.catalog.domain import Aggregation, Meter
from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from metering.domain.canonical import CANONICAL
from metering.domain.cloudevents import parse_data
from metering.domain.events import EventPage, IngestResult, UsageEvent
from metering.domain.numbers import shortest
from metering.domain.pages import page_mark, read_page_mark
from metering.domain.usage import UsagePoint, UsageTotal
from metering.domain.windows import Window, windows
from metering.stores.ingest_sql import store_events
from metering.stores.outcomes import first_bodies, outcomes
from metering.stores.query_sql import CUTOFF, EVENTS, SERIES, TOTAL

_NOWHERE = {"after_time": None, "after_source": None, "after_id": None}


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
            standing = await store_events(session, tenant_id, first_bodies(events))
        return outcomes(events, standing)

    async def cutoff(self) -> str:
        """Take a ``pg_snapshot``, on a connection of its own."""
        async with self.system() as session:
            return str((await session.execute(CUTOFF)).scalar_one())

    async def total(
        self,
        tenant_id: TenantId,
        meter: Meter,
        period: Period,
        *,
        cutoff: str,
        since: str | None,
    ) -> UsageTotal:
        """Add up with one query; numbers stay ``numeric`` until they are Decimal."""
        bound = {**_scope(tenant_id, meter, period), "cutoff": cutoff, "since": since}
        async with self.work(tenant_id) as session:
            quantity, events, digest = (await session.execute(TOTAL, bound)).one()
        return UsageTotal(shortest(Decimal(quantity)), int(events), digest)

    async def series(
        self, tenant_id: TenantId, meter: Meter, period: Period, window: Window, zone: str
    ) -> list[UsagePoint]:
        """Add up by windows whose bounds come from here, never from the server's zones."""
        tiles = windows(period, window, zone)
        bound = {**_scope(tenant_id, meter, period), "starts": [tile.start for tile in tiles]}
        async with self.work(tenant_id) as session:
            rows = (await session.execute(SERIES, bound)).all()
        found = {index: (shortest(Decimal(quantity)), events) for index, quantity, events in rows}
        nothing = (Decimal(0), 0)
        return [
            UsagePoint(tile.start, tile.end, *found.get(index, nothing))
            for index, tile in enumerate(tiles)
        ]

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
        bound = {
            **_scope(tenant_id, meter, period),
            **_place(after),
            "cutoff": cutoff,
            "since": since,
            "limit": limit + 1,
        }
        async with self.work(tenant_id) as session:
            rows = (await session.execute(EVENTS, bound)).all()
        page = tuple(_event(row) for row in rows[:limit])
        return EventPage(page, page_mark(page[-1]) if len(rows) > limit else None)


def _scope(tenant_id: TenantId, meter: Meter, period: Period) -> dict[str, Any]:
    counted = meter.aggregation is Aggregation.COUNT
    return {
        "tenant_id": tenant_id,
        "type": meter.event_type,
        "property": None if counted else meter.property,
        "start": period.start,
        "end": period.end,
    }


def _place(after: str | None) -> dict[str, Any]:
    if after is None:
        return _NOWHERE
    time, source, identity = read_page_mark(after)
    return {"after_time": time, "after_source": source, "after_id": identity}


def _event(row: Any) -> UsageEvent:
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
    )
