"""What metering needs from whatever keeps its events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from control_plane.catalog.domain import Charge, Meter
from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from metering.domain.events import EventPage, IngestResult, RefusedPage, UsageEvent
from metering.domain.retention import UsageMonth
from metering.domain.usage import Usage, UsagePoint, UsageTotal
from metering.domain.windows import Window
from metering.errors import EventRefused


@dataclass(frozen=True, slots=True)
class Wanted:
    """One question to a usage store: what a charge is priced by, of a meter in a period.

    ``digest`` is one that the answer's is to be compared with: the answer then has one of its kind,
    computed from the events themselves. Without it the digest is the kind that adds up, and the
    store may answer from whatever it knows to be exactly the same, such as rollups.
    """

    meter: Meter
    period: Period
    cutoff: str
    since: str | None
    charge: Charge
    digest: str | None = None


class UsageStore(Protocol):
    """Keeps usage events exactly once, and adds them up repeatably.

    A *cut-off* is the text of a saved ``pg_snapshot``. Which events are inside
    it never changes: an event whose transaction commits after the cut-off was
    taken stays outside, in every replay, whatever its time.
    """

    async def ingest(self, tenant_id: TenantId, events: Sequence[UsageEvent]) -> list[IngestResult]:
        """Store what is new, atomically, and say what became of each event.

        Results are in the order of ``events``. Identity is (tenant, source,
        id): the first body stands, the same body again is a duplicate, another
        body is a conflict, within one call as between calls. When this returns
        (and the surrounding transaction, if any, has committed) the accepted
        events survive a crash; when it raises, none of them is stored.
        """

    async def keep_refused(
        self,
        tenant_id: TenantId,
        refused: Sequence[tuple[UsageEvent, EventRefused]],
        refused_at: datetime,
    ) -> list[IngestResult]:
        """Keep events that came too late, counted by nothing, and answer for each in order.

        One that had been stored in time is a duplicate or a conflict, as in ``ingest``; the
        others are rejected, and kept once however often they are sent.
        """

    async def refused(self, tenant_id: TenantId, *, after: int | None, limit: int) -> RefusedPage:
        """List what was kept, the latest refusal first; ``after`` is the page before's mark."""

    async def cutoff(self) -> str:
        """Take a cut-off: everything committed until now is inside."""

    async def total(
        self,
        tenant_id: TenantId,
        meter: Meter,
        period: Period,
        *,
        cutoff: str,
        since: str | None,
    ) -> UsageTotal:
        """Add up a period's events and those that came late for an earlier one.

        An event that another one inside ``cutoff`` takes back is not counted. Where
        ``since`` counted one of an earlier time that was taken back after it, a count
        or a sum has it below zero: see `UsageTotal.taken_back`.

        Counted are the events of the meter's type inside ``cutoff`` whose time
        is within ``period``, plus, when ``since`` is given, those with an
        earlier time that are inside ``cutoff`` but were not inside ``since``.
        Replaying with the same arguments gives the same answer for ever. The digest is that
        of `metering.domain.usage.event_set_digest`.

        A weighted meter adds up level by seconds within ``period``; the level it
        starts with is that of the last event before it, inside ``cutoff``. What came
        late changes levels from its own time on, so ``since`` adds nothing there.

        Raises:
            UsageDropped: the period begins in a time of which the events were dropped.
        """

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
        """Measure what a charge is priced by: the events of ``total`` that pass its filters.

        Groups, amounts of money and amounts by event are given where the charge needs
        them (`Charge.dimensions`, `Charge.of_money`, `Charge.by_event`). Everything is exact but
        an average, which has 12 decimals. Repeatable as ``total`` is.
        """

    async def measure_all(self, tenant_id: TenantId, wanted: Sequence[Wanted]) -> list[Usage]:
        """Measure several charges, each as ``measure`` would, and in as few questions as can be."""

    async def series(
        self, tenant_id: TenantId, meter: Meter, period: Period, window: Window, zone: str
    ) -> list[UsagePoint]:
        """Add up what is committed now, window by window, zeros included."""

    async def by_source(
        self, tenant_id: TenantId, meter: Meter, period: Period, sources: Sequence[str]
    ) -> dict[str, Decimal]:
        """Add up what is committed now of each of some sources; those without events are left out.

        For meters that count or sum. One reading of the period serves all sources.

        Raises:
            UsageDropped: as for ``total``.
        """

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
        """List the events that ``total`` counts, by (time, source, id); below zero, too.

        ``after`` is the previous page's mark (None: the first page); a page
        holds at most ``limit`` events.

        Raises:
            InvalidPageMark: ``after`` is no mark of a page.
            UsageDropped: as for ``total``.
        """


class EventMonths(Protocol):
    """A store of events besides PostgreSQL, as the retention policy sees it.

    When events go, PostgreSQL's horizon says so already: nobody adds up what is half gone.
    """

    async def months(self) -> Sequence[UsageMonth]:
        """Return the months that hold events, in order."""

    async def has_events(self, tenant_id: TenantId, start: datetime, end: datetime) -> bool:
        """Tell whether a tenant has events of any type in a time."""

    async def drop(self, until: datetime, keep: Sequence[str]) -> int:
        """Drop events before a time, but for types to ``keep``, and return how many.

        May be repeated.
        """

    async def forget(self, until: datetime) -> int:
        """Forget identities of events before a time; return how many. May be repeated."""


class UsageNeeds(Protocol):
    """Who still computes something from events, as whoever bills them knows."""

    async def tenants(self) -> Sequence[TenantId]:
        """Return every tenant that may need events."""

    async def needed_since(self, tenant_id: TenantId) -> datetime | None:
        """Return the earliest time whose events a document not issued yet may count.

        None where no document needs any. Test clocks are told by: a sandbox whose clock stands
        still needs its periods for as long as it does.
        """
