"""Usage events in ClickHouse; what makes them count is a commit of PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from control_plane.catalog.domain import Charge, Meter
from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from metering.domain.cloudevents import parse_data
from metering.domain.events import (
    EventPage,
    IngestResult,
    RefusedPage,
    TakesBack,
    TakingBack,
    UsageEvent,
)
from metering.domain.pages import page_mark, read_page_mark
from metering.domain.usage import Usage, UsagePoint, UsageTotal, event_set_digest
from metering.domain.windows import Window, windows
from metering.errors import EventRefused
from metering.ports import Wanted
from metering.stores.clickhouse.client import ClickHouse, Row
from metering.stores.clickhouse.ingest import Entrance
from metering.stores.clickhouse.query_sql import Asking, events_sql
from metering.stores.clickhouse.reading import Question, answer, page_values, series
from metering.stores.clickhouse.registry import Registry
from metering.stores.clickhouse.schema import instant
from metering.stores.clickhouse.sources import by_source
from metering.stores.horizon_sql import kept_from
from metering.stores.outcomes import accepted, first_events, outcomes, refused_outcomes
from metering.stores.postgres import PostgresUsageStore
from metering.stores.reading import hold_to
from metering.stores.refusals_sql import keep_unknown

NO_EVENTS = event_set_digest([])
"""A digest of the older kind."""


@dataclass(frozen=True, slots=True)
class ClickHouseUsageStore:
    """Keeps events in ClickHouse. See `metering.ports.UsageStore` for what it guarantees.

    PostgreSQL keeps what is small: which transaction stored what, which inserts are under way, and
    what came too late. Every call joins the caller's unit of work when one is open for the tenant,
    as in `PostgresUsageStore`.
    """

    work: UnitOfWork
    system: SystemWork
    clickhouse: ClickHouse
    registry: Registry

    @property
    def entrance(self) -> Entrance:
        """The way in."""
        return Entrance(self.clickhouse, self.registry)

    @property
    def _postgres(self) -> PostgresUsageStore:
        return PostgresUsageStore(self.work, self.system)

    async def ingest(self, tenant_id: TenantId, events: Sequence[UsageEvent]) -> list[IngestResult]:
        """Look up, register, insert, and let the transaction's commit make it count."""
        if not events:
            return []
        async with self.work(tenant_id) as session:
            entered = await self.entrance.enter(session, tenant_id, first_events(events))
        if len(entered.stored) == len(events):
            return accepted(events)
        return outcomes(events, entered.standing, entered.claimed)

    async def keep_refused(
        self,
        tenant_id: TenantId,
        refused: Sequence[tuple[UsageEvent, EventRefused]],
        refused_at: datetime,
    ) -> list[IngestResult]:
        """Keep what was not stored in time in PostgreSQL."""
        if not refused:
            return []
        async with self.work(tenant_id) as session:
            seen = await self.registry.visible(session, tenant_id)
            events = [event for event, _ in refused]
            standing = await self.entrance.standing(tenant_id, events, seen.unfinished)
            await keep_unknown(session, tenant_id, refused, refused_at, standing)
        return refused_outcomes(refused, standing)

    async def refused(self, tenant_id: TenantId, *, after: int | None, limit: int) -> RefusedPage:
        """Read a page from PostgreSQL."""
        return await self._postgres.refused(tenant_id, after=after, limit=limit)

    async def cutoff(self) -> str:
        """Take a ``pg_snapshot``, as every store does."""
        return await self._postgres.cutoff()

    async def total(
        self,
        tenant_id: TenantId,
        meter: Meter,
        period: Period,
        *,
        cutoff: str,
        since: str | None,
    ) -> UsageTotal:
        """Add up in Decimal(76, 12)."""
        asking = await self._asking(tenant_id, meter, period, cutoff, since)
        await self._hold(tenant_id, [(meter, period)])
        [usage] = await answer(self.clickhouse, [Question(asking, digest=NO_EVENTS)])
        return UsageTotal(usage.quantity, usage.events, usage.digest, usage.taken_back)

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
        """Add up whole and groups with one query."""
        [found] = await self.measure_all(tenant_id, [Wanted(meter, period, cutoff, since, charge)])
        return found

    async def measure_all(self, tenant_id: TenantId, wanted: Sequence[Wanted]) -> list[Usage]:
        """Add up everything with few queries."""
        if not wanted:
            return []
        await self._hold(tenant_id, [(w.meter, w.period) for w in wanted])
        async with self.work(tenant_id) as session:
            seen = await self.registry.visible(session, tenant_id)
        questions = [
            Question(
                Asking(
                    tenant_id,
                    w.meter.narrowed(w.charge.filters),
                    w.period,
                    seen.within(w.cutoff),
                    w.since,
                    w.charge.dimensions,
                    w.charge.of_money,
                ),
                w.charge,
                w.digest,
            )
            for w in wanted
        ]
        return await answer(self.clickhouse, questions)

    async def series(
        self, tenant_id: TenantId, meter: Meter, period: Period, window: Window, zone: str
    ) -> list[UsagePoint]:
        """Add up by windows whose bounds come from here, never from the server's zones."""
        tiles = windows(period, window, zone)
        asking = await self._asking(tenant_id, meter, period, None, None)
        found = await series(self.clickhouse, asking, tiles)
        nothing = (Decimal(0), 0)
        return [UsagePoint(t.start, t.end, *found.get(t.start, nothing)) for t in tiles]

    async def by_source(
        self, tenant_id: TenantId, meter: Meter, period: Period, sources: Sequence[str]
    ) -> dict[str, Decimal]:
        """Add up with one query."""
        if not sources:
            return {}
        await self._hold(tenant_id, [(meter, period)])
        asking = await self._asking(tenant_id, meter, period, None, None)
        return await by_source(self.clickhouse, asking, sources)

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
        place = None if after is None else read_page_mark(after)
        await self._hold(tenant_id, [(meter, period)])
        asking = await self._asking(tenant_id, meter, period, cutoff, since)
        rows = await self.clickhouse.ask(
            events_sql(asking, after=place is not None),
            {**asking.bound, **page_values(asking, place, limit + 1)},
        )
        page = tuple(_event(row) for row in rows[:limit])
        return EventPage(
            events=page,
            after=page_mark(page[-1]) if len(rows) > limit else None,
            taken_back=frozenset((row[1], row[2]) for row in rows[:limit] if row[8] < 0),
        )

    async def _hold(self, tenant_id: TenantId, asked: Sequence[tuple[Meter, Period]]) -> None:
        """Raise UsageDropped where a period begins before the horizon."""
        async with self.work(tenant_id) as session:
            since = await kept_from(session)
        for meter, period in asked:
            hold_to(meter, period, since)

    async def _asking(
        self,
        tenant_id: TenantId,
        meter: Meter,
        period: Period,
        cutoff: str | None,
        since: str | None,
    ) -> Asking:
        async with self.work(tenant_id) as session:
            seen = await self.registry.visible(session, tenant_id, cutoff)
        return Asking(tenant_id, meter, period, seen, since)


def _event(row: Row) -> UsageEvent:
    time, source, identity, type_, subject, data, body_hash, corrects, _ = row
    return UsageEvent(
        source=source,
        id=identity,
        type=type_,
        subject=subject,
        time=instant(time),
        data=parse_data(data.encode()),
        data_json=data.encode(),
        body_hash=bytes(body_hash),
        takes_back=None if corrects is None else TakesBack(TakingBack.CORRECTS, corrects),
    )
