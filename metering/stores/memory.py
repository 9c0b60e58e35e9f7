"""Usage events in memory: the twin that tests and sketches use."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from control_plane.catalog.domain import Aggregation, Charge, Meter
from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from metering.domain.aggregating import aggregate, grouped, money_of, total_of, weigh
from metering.domain.cutoff import is_inside
from metering.domain.events import (
    EventPage,
    IngestResult,
    RefusedEvent,
    RefusedPage,
    UsageEvent,
)
from metering.domain.pages import page_mark, position, read_page_mark
from metering.domain.properties import passes
from metering.domain.usage import Usage, UsageGroup, UsagePoint, UsageTotal, event_set_digest
from metering.domain.windows import Window, windows
from metering.errors import EventRefused
from metering.ports import Wanted
from metering.stores.outcomes import first_bodies, outcomes, refused_outcomes

_FIRST = 3
"""The first number that PostgreSQL gives to a transaction of anybody's."""


@dataclass(frozen=True, slots=True)
class _Stored:
    transaction: int
    event: UsageEvent


@dataclass(frozen=True, slots=True)
class _Reading:
    """Whose events are counted by what, when, and between which cut-offs."""

    tenant_id: TenantId
    meter: Meter
    period: Period
    cutoff: str
    since: str | None = None


@dataclass(slots=True)
class MemoryUsageStore:
    """Keeps events while the process lives; each ingest is one numbered transaction."""

    _tenants: dict[TenantId, dict[tuple[str, str], _Stored]] = field(default_factory=dict)
    _next_transaction: int = _FIRST
    _refused: dict[TenantId, list[RefusedEvent]] = field(default_factory=dict)

    @classmethod
    def holding(cls, tenant_id: TenantId, events: Iterable[UsageEvent]) -> "MemoryUsageStore":
        """Return a store of events that are known to differ in source or id, ingested at once."""
        stored = {(event.source, event.id): _Stored(_FIRST, event) for event in events}
        return cls({tenant_id: stored}, _FIRST + 1)

    async def ingest(self, tenant_id: TenantId, events: Sequence[UsageEvent]) -> list[IngestResult]:
        """Store what is new."""
        stored = self._tenants.setdefault(tenant_id, {})
        first = first_bodies(events)
        standing = {key: stored[key].event.body_hash for key in first if key in stored}
        fresh = {
            key: _Stored(self._next_transaction, event)
            for key, event in first.items()
            if key not in stored
        }
        self._next_transaction += 1
        stored.update(fresh)
        return outcomes(events, standing)

    async def keep_refused(
        self,
        tenant_id: TenantId,
        refused: Sequence[tuple[UsageEvent, EventRefused]],
        refused_at: datetime,
    ) -> list[IngestResult]:
        """Keep what was not stored in time."""
        stored = self._tenants.get(tenant_id, {})
        standing = {key: one.event.body_hash for key, one in stored.items()}
        kept = self._refused.setdefault(tenant_id, [])
        for event, refusal in refused:
            known = (event.source, event.id) in standing
            if not known and all(other.event != event for other in kept):
                kept.append(RefusedEvent(event, refusal.code, refused_at))
        return refused_outcomes(refused, standing)

    async def refused(self, tenant_id: TenantId, *, after: int | None, limit: int) -> RefusedPage:
        """Cut from the end; marks count from the first one kept."""
        kept = self._refused.get(tenant_id, [])
        end = len(kept) if after is None else after
        start = max(0, end - limit)
        return RefusedPage(tuple(kept[start:end][::-1]), start or None)

    async def cutoff(self) -> str:
        """Take a cut-off in PostgreSQL's own notation."""
        return f"{self._next_transaction}:{self._next_transaction}:"

    async def total(
        self,
        tenant_id: TenantId,
        meter: Meter,
        period: Period,
        *,
        cutoff: str,
        since: str | None,
    ) -> UsageTotal:
        """Add up one event after the other."""
        reading = _Reading(tenant_id, meter, period, cutoff, since)
        events = list(self._counted(reading))
        digest = event_set_digest(event.body_hash for event in events)
        return UsageTotal(self._quantity(reading, events), len(events), digest)

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
        """Sort the events into groups, and add up each."""
        narrowed = meter.narrowed(charge.filters)
        reading = _Reading(tenant_id, narrowed, period, cutoff, since)
        counted = list(self._counted(reading))
        whole = self._group(reading, charge, (), counted)
        return Usage(
            quantity=whole.quantity,
            events=whole.events,
            digest=event_set_digest(event.body_hash for event in counted),
            amount=whole.amount,
            amounts=whole.amounts,
            groups=tuple(self._groups(reading, charge)) if charge.dimensions else (),
        )

    async def measure_all(self, tenant_id: TenantId, wanted: Sequence[Wanted]) -> list[Usage]:
        """Measure one after the other."""
        return [
            await self.measure(
                tenant_id, w.meter, w.period, cutoff=w.cutoff, since=w.since, charge=w.charge
            )
            for w in wanted
        ]

    async def series(
        self, tenant_id: TenantId, meter: Meter, period: Period, window: Window, zone: str
    ) -> list[UsagePoint]:
        """Add up window by window."""
        points = []
        for tile in windows(period, window, zone):
            reading = _Reading(tenant_id, meter, tile, await self.cutoff())
            events = list(self._counted(reading))
            quantity = self._quantity(reading, events)
            points.append(UsagePoint(tile.start, tile.end, quantity, len(events)))
        return points

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
        """Sort and cut."""
        start = None if after is None else read_page_mark(after)
        reading = _Reading(tenant_id, meter, period, cutoff, since)
        found = sorted(self._counted(reading), key=position)
        rest = [event for event in found if start is None or position(event) > start]
        page = tuple(rest[:limit])
        return EventPage(page, page_mark(page[-1]) if len(rest) > limit else None)

    def _groups(self, reading: _Reading, charge: Charge) -> Iterator[UsageGroup]:
        counted = grouped(self._counted(reading), charge.dimensions)
        if reading.meter.aggregation is Aggregation.WEIGHTED:
            levels = grouped(self._known(reading), charge.dimensions)
            counted = {values: counted.get(values, []) for values in levels | counted}
        for values in sorted(counted):
            yield self._group(reading, charge, values, counted[values])

    def _group(
        self,
        reading: _Reading,
        charge: Charge,
        values: tuple[str, ...],
        events: Sequence[UsageEvent],
    ) -> UsageGroup:
        levels: dict[tuple[str, ...], list[UsageEvent]] = {}
        if reading.meter.aggregation is Aggregation.WEIGHTED:
            levels = grouped(self._known(reading), charge.dimensions if values else ())
        ordered = sorted(events, key=position) if charge.of_money else ()
        money = [m for e in ordered if (m := money_of(e, reading.meter)) is not None]
        return UsageGroup(
            values=values,
            quantity=self._quantity(reading, events, levels.get(values, [])),
            events=len(events),
            amount=total_of(money),
            amounts=tuple(money) if charge.by_event else None,
        )

    def _quantity(
        self,
        reading: _Reading,
        events: Sequence[UsageEvent],
        levels: Sequence[UsageEvent] | None = None,
    ) -> Decimal:
        if reading.meter.aggregation is not Aggregation.WEIGHTED:
            return aggregate(events, reading.meter)
        known = list(self._known(reading)) if levels is None else levels
        return weigh(known, reading.meter, reading.period)

    def _counted(self, reading: _Reading) -> Iterator[UsageEvent]:
        """Yield the period's events, and those that came late for an earlier one."""
        period, since = reading.period, reading.since
        for stored in self._inside(reading):
            at = stored.event.time
            late = since is not None and not is_inside(since, stored.transaction)
            if period.contains(at) or (late and at < period.start):
                yield stored.event

    def _known(self, reading: _Reading) -> Iterator[UsageEvent]:
        """Yield every event before the period's end: what levels are made of."""
        for stored in self._inside(reading):
            if stored.event.time < reading.period.end:
                yield stored.event

    def _inside(self, reading: _Reading) -> Iterator[_Stored]:
        meter = reading.meter
        for stored in self._tenants.get(reading.tenant_id, {}).values():
            event = stored.event
            of_meter = event.type == meter.event_type and passes(event, meter.filters)
            if of_meter and is_inside(reading.cutoff, stored.transaction):
                yield stored
