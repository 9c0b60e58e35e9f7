"""Usage events in memory: the twin that tests and sketches use."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from control_plane.catalog.domain import Meter
from control_plane.kernel.exact import EXACT
from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from metering.domain.cutoff import is_inside
from metering.domain.events import EventPage, IngestResult, UsageEvent
from metering.domain.judging import quantity_of
from metering.domain.numbers import shortest
from metering.domain.pages import page_mark, position, read_page_mark
from metering.domain.usage import UsagePoint, UsageTotal, event_set_digest
from metering.domain.windows import Window, windows
from metering.stores.outcomes import first_bodies, outcomes


@dataclass(frozen=True, slots=True)
class _Stored:
    transaction: int
    event: UsageEvent


@dataclass(slots=True)
class MemoryUsageStore:
    """Keeps events while the process lives; each ingest is one numbered transaction."""

    _tenants: dict[TenantId, dict[tuple[str, str], _Stored]] = field(default_factory=dict)
    _next_transaction: int = 3

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
        events = list(self._counted(tenant_id, meter, period, cutoff, since))
        digest = event_set_digest(event.body_hash for event in events)
        return UsageTotal(_sum(events, meter), len(events), digest)

    async def series(
        self, tenant_id: TenantId, meter: Meter, period: Period, window: Window, zone: str
    ) -> list[UsagePoint]:
        """Add up window by window."""
        points = []
        for tile in windows(period, window, zone):
            events = list(self._counted(tenant_id, meter, tile, await self.cutoff(), None))
            points.append(UsagePoint(tile.start, tile.end, _sum(events, meter), len(events)))
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
        found = sorted(self._counted(tenant_id, meter, period, cutoff, since), key=position)
        rest = [event for event in found if start is None or position(event) > start]
        page = tuple(rest[:limit])
        return EventPage(page, page_mark(page[-1]) if len(rest) > limit else None)

    def _counted(
        self, tenant_id: TenantId, meter: Meter, period: Period, cutoff: str, since: str | None
    ) -> Iterator[UsageEvent]:
        for stored in self._tenants.get(tenant_id, {}).values():
            event = stored.event
            if event.type != meter.event_type or not is_inside(cutoff, stored.transaction):
                continue
            late = since is not None and not is_inside(since, stored.transaction)
            if period.contains(event.time) or (late and event.time < period.start):
                yield event


def _sum(events: Sequence[UsageEvent], meter: Meter) -> Decimal:
    total = Decimal(0)
    for event in events:
        total = EXACT.add(total, quantity_of(event, meter) or Decimal(0))
    return shortest(total)
