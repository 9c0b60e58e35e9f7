"""The events of one tenant in memory, and which of them a reading counts."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from control_plane.catalog.domain import Meter
from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from metering.domain.cutoff import is_inside
from metering.domain.events import UsageEvent
from metering.domain.properties import passes


@dataclass(frozen=True, slots=True)
class Stored:
    """An event, and the transaction that stored it."""

    transaction: int
    event: UsageEvent


@dataclass(frozen=True, slots=True)
class Reading:
    """Whose events are counted by what, when, and between which cut-offs."""

    tenant_id: TenantId
    meter: Meter
    period: Period
    cutoff: str
    since: str | None = None


@dataclass(slots=True)
class Kept:
    """What was stored of a tenant: by (source, id), and who takes back whom."""

    events: dict[tuple[str, str], Stored] = field(default_factory=dict)
    taken: dict[tuple[str, str], Stored] = field(default_factory=dict)
    """The event that takes another one back, by what it takes back."""

    def store(self, event: UsageEvent, transaction: int) -> None:
        """Keep an event, new and taking back nothing that is taken."""
        stored = Stored(transaction, event)
        self.events[event.source, event.id] = stored
        if event.takes_back is not None:
            self.taken[event.source, event.takes_back.id] = stored

    def counted(self, reading: Reading) -> Iterator[UsageEvent]:
        """Yield the period's events, and those that came late for an earlier one."""
        period, since = reading.period, reading.since
        for stored in self._inside(reading):
            at = stored.event.time
            late = since is not None and not is_inside(since, stored.transaction)
            if period.contains(at) or (late and at < period.start):
                yield stored.event

    def gone(self, reading: Reading) -> Iterator[UsageEvent]:
        """Yield what ``since`` counted of earlier periods, and was taken back after it."""
        for stored in self._of(reading.meter):
            if stored.event.time < reading.period.start and self._is_gone(stored, reading):
                yield stored.event

    def known(self, reading: Reading) -> Iterator[UsageEvent]:
        """Yield every event before the period's end: what levels are made of."""
        for stored in self._inside(reading):
            if stored.event.time < reading.period.end:
                yield stored.event

    def _inside(self, reading: Reading) -> Iterator[Stored]:
        """Yield what the cut-off shows, and shows nothing to take back."""
        for stored in self._of(reading.meter):
            by = self._taker(stored)
            stands = by is None or not is_inside(reading.cutoff, by.transaction)
            if stands and is_inside(reading.cutoff, stored.transaction):
                yield stored

    def _is_gone(self, stored: Stored, reading: Reading) -> bool:
        by, since = self._taker(stored), reading.since
        if since is None or by is None or not is_inside(since, stored.transaction):
            return False
        taken_late = not is_inside(since, by.transaction)
        return taken_late and is_inside(reading.cutoff, by.transaction)

    def _taker(self, stored: Stored) -> Stored | None:
        return self.taken.get((stored.event.source, stored.event.id))

    def _of(self, meter: Meter) -> Iterator[Stored]:
        for stored in self.events.values():
            event = stored.event
            if event.counts and event.type == meter.event_type and passes(event, meter.filters):
                yield stored
