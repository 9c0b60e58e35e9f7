"""Usage events in memory: the twin that tests and sketches use."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from control_plane.catalog.domain import Aggregation, Charge, Meter
from control_plane.kernel.exact import EXACT
from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from metering.domain.aggregating import ADDITIVE, aggregate, grouped, money_of, total_of, weigh
from metering.domain.digests import added_digest, is_added
from metering.domain.events import (
    EventPage,
    IngestResult,
    RefusedEvent,
    RefusedPage,
    UsageEvent,
)
from metering.domain.pages import page_mark, position, read_page_mark
from metering.domain.usage import (
    Usage,
    UsageGroup,
    UsagePoint,
    UsageTotal,
    event_set_digest,
    inverted,
)
from metering.domain.windows import Window, windows
from metering.errors import EventRefused
from metering.ports import Wanted
from metering.stores.memory_events import Kept, Reading
from metering.stores.outcomes import claims, first_bodies, outcomes, refused_outcomes

_FIRST = 3
"""The first number that PostgreSQL gives to a transaction of anybody's."""


NO_EVENTS = event_set_digest([])
"""A digest of the older kind."""


@dataclass(slots=True)
class MemoryUsageStore:
    """Keeps events while the process lives; each ingest is one numbered transaction."""

    _tenants: dict[TenantId, Kept] = field(default_factory=dict)
    _next_transaction: int = _FIRST
    _refused: dict[TenantId, list[RefusedEvent]] = field(default_factory=dict)

    @classmethod
    def holding(cls, tenant_id: TenantId, events: Iterable[UsageEvent]) -> "MemoryUsageStore":
        """Return a store of events that are known to differ in source or id, ingested at once."""
        kept = Kept()
        for event in events:
            kept.store(event, _FIRST)
        return cls({tenant_id: kept}, _FIRST + 1)

    async def ingest(self, tenant_id: TenantId, events: Sequence[UsageEvent]) -> list[IngestResult]:
        """Store what is new."""
        kept = self._tenants.setdefault(tenant_id, Kept())
        first = first_bodies(events)
        standing = {key: kept.events[key].event.body_hash for key in first if key in kept.events}
        fresh = {key: event for key, event in first.items() if key not in standing}
        known = {target: by.event.id for target, by in kept.taken.items()}
        _, refused = claims(fresh.values(), known)
        claimed = {(event.source, event.id) for event in refused}
        for key, event in fresh.items():
            if key not in claimed:
                kept.store(event, self._next_transaction)
        self._next_transaction += 1
        return outcomes(events, standing, claimed)

    async def keep_refused(
        self,
        tenant_id: TenantId,
        refused: Sequence[tuple[UsageEvent, EventRefused]],
        refused_at: datetime,
    ) -> list[IngestResult]:
        """Keep what was not stored in time."""
        stored = self._tenants.get(tenant_id, Kept()).events
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
        reading = Reading(tenant_id, meter, period, cutoff, since)
        counted, gone = (
            list(self._kept(reading).counted(reading)),
            list(self._kept(reading).gone(reading)),
        )
        off = gone if meter.aggregation in ADDITIVE else ()
        return UsageTotal(
            quantity=EXACT.subtract(self._quantity(reading, counted), aggregate(off, meter)),
            events=len(counted) - len(off),
            digest=_digest(counted, off, like=NO_EVENTS),
            taken_back=len(gone),
        )

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
        return self._measured(tenant_id, Wanted(meter, period, cutoff, since, charge))

    def _measured(self, tenant_id: TenantId, wanted: Wanted) -> Usage:
        charge, meter = wanted.charge, wanted.meter.narrowed(wanted.charge.filters)
        reading = Reading(tenant_id, meter, wanted.period, wanted.cutoff, wanted.since)
        counted, gone = (
            list(self._kept(reading).counted(reading)),
            list(self._kept(reading).gone(reading)),
        )
        off = gone if meter.aggregation in ADDITIVE else []
        whole = self._group(reading, charge, (), counted, off)
        return Usage(
            quantity=whole.quantity,
            events=whole.events,
            digest=_digest(counted, off, like=wanted.digest),
            amount=whole.amount,
            amounts=whole.amounts,
            groups=tuple(self._groups(reading, charge, off)) if charge.dimensions else (),
            taken_back=len(gone),
        )

    async def measure_all(self, tenant_id: TenantId, wanted: Sequence[Wanted]) -> list[Usage]:
        """Measure one after the other."""
        return [self._measured(tenant_id, w) for w in wanted]

    async def series(
        self, tenant_id: TenantId, meter: Meter, period: Period, window: Window, zone: str
    ) -> list[UsagePoint]:
        """Add up window by window."""
        points = []
        for tile in windows(period, window, zone):
            reading = Reading(tenant_id, meter, tile, await self.cutoff())
            events = list(self._kept(reading).counted(reading))
            quantity = self._quantity(reading, events)
            points.append(UsagePoint(tile.start, tile.end, quantity, len(events)))
        return points

    async def by_source(
        self, tenant_id: TenantId, meter: Meter, period: Period, sources: Sequence[str]
    ) -> dict[str, Decimal]:
        """Sort the events by source, and add up each."""
        reading = Reading(tenant_id, meter, period, await self.cutoff())
        own: dict[str, list[UsageEvent]] = {}
        for event in self._kept(reading).counted(reading):
            if event.source in sources:
                own.setdefault(event.source, []).append(event)
        return {source: aggregate(events, meter) for source, events in own.items()}

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
        reading = Reading(tenant_id, meter, period, cutoff, since)
        gone = list(self._kept(reading).gone(reading))
        found = sorted([*self._kept(reading).counted(reading), *gone], key=position)
        rest = [event for event in found if start is None or position(event) > start]
        page = tuple(rest[:limit])
        return EventPage(
            events=page,
            after=page_mark(page[-1]) if len(rest) > limit else None,
            taken_back=frozenset((e.source, e.id) for e in page if e in gone),
        )

    def _kept(self, reading: Reading) -> Kept:
        return self._tenants.get(reading.tenant_id, Kept())

    def _groups(
        self, reading: Reading, charge: Charge, gone: Sequence[UsageEvent]
    ) -> Iterator[UsageGroup]:
        counted = grouped(self._kept(reading).counted(reading), charge.dimensions)
        off = grouped(gone, charge.dimensions)
        counted |= {values: [] for values in off if values not in counted}
        if reading.meter.aggregation is Aggregation.WEIGHTED:
            levels = grouped(self._kept(reading).known(reading), charge.dimensions)
            counted = {values: counted.get(values, []) for values in levels | counted}
        for values in sorted(counted):
            yield self._group(reading, charge, values, counted[values], off.get(values, []))

    def _group(
        self,
        reading: Reading,
        charge: Charge,
        values: tuple[str, ...],
        events: Sequence[UsageEvent],
        gone: Sequence[UsageEvent],
    ) -> UsageGroup:
        levels: dict[tuple[str, ...], list[UsageEvent]] = {}
        if reading.meter.aggregation is Aggregation.WEIGHTED:
            levels = grouped(
                self._kept(reading).known(reading), charge.dimensions if values else ()
            )
        ordered = sorted([*events, *gone], key=position) if charge.of_money else ()
        money = [
            -m if e in gone else m for e in ordered if (m := money_of(e, reading.meter)) is not None
        ]
        quantity = self._quantity(reading, events, levels.get(values, []))
        return UsageGroup(
            values=values,
            quantity=EXACT.subtract(quantity, aggregate(gone, reading.meter)),
            events=len(events) - len(gone),
            amount=total_of(money),
            amounts=tuple(money) if charge.by_event else None,
        )

    def _quantity(
        self,
        reading: Reading,
        events: Sequence[UsageEvent],
        levels: Sequence[UsageEvent] | None = None,
    ) -> Decimal:
        if reading.meter.aggregation is not Aggregation.WEIGHTED:
            return aggregate(events, reading.meter)
        known = list(self._kept(reading).known(reading)) if levels is None else levels
        return weigh(known, reading.meter, reading.period)


def _digest(counted: Sequence[UsageEvent], gone: Sequence[UsageEvent], *, like: str | None) -> str:
    """Name the events, by a digest of the kind of another, or else one that adds up."""
    hashes = [event.body_hash for event in counted]
    names = [*hashes, *(inverted(event.body_hash) for event in gone)]
    older = like is not None and not is_added(like)
    return event_set_digest(names) if older else added_digest(names)
