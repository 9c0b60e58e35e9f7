"""Say what taking events in would do, and do none of it."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from metering.domain.cloudevents import Delivered
from metering.domain.events import IngestResult, IngestStatus, UsageEvent
from metering.domain.judging import beyond
from metering.domain.quick_judging import judge
from metering.errors import EventConflict, EventRefused, EventTooLate, UnknownMeter
from metering.ports import UsageStore
from metering.services.meter_book import MeterBook


def _seen() -> sqlite3.Connection:
    """Open a database without a name: SQLite keeps what is large on the disk, and deletes it."""
    seen = sqlite3.connect("", check_same_thread=False)
    seen.execute(
        "CREATE TABLE seen (source TEXT, id TEXT, hash BLOB, PRIMARY KEY (source, id))"
        " WITHOUT ROWID"
    )
    return seen


@dataclass(frozen=True, slots=True)
class RehearseIngest:
    """Answer as `IngestUsage` would, in a transaction that is rolled back.

    Make one per run: it remembers which events it answered for, so that one that comes twice is
    a duplicate here as it would be there. Not foreseen: that a second event takes back the same
    one, and that the quarantine is full.
    """

    work: UnitOfWork
    store: UsageStore
    tenant_clock: TenantClock
    meters: MeterBook
    _seen: sqlite3.Connection = field(default_factory=_seen)

    async def deliver(
        self, tenant_id: TenantId, delivered: Sequence[Delivered]
    ) -> list[IngestResult]:
        """Answer for what was read, in its order; nothing is stored."""
        events = [item for item in delivered if isinstance(item, UsageEvent)]
        answers = iter(await self._answers(tenant_id, events))
        return [next(answers) if isinstance(item, UsageEvent) else item for item in delivered]

    async def _answers(
        self, tenant_id: TenantId, events: Sequence[UsageEvent]
    ) -> list[IngestResult]:
        async with self.work(tenant_id) as session:
            now = await self.tenant_clock.now(session, tenant_id)
            meters = await self.meters.meters(session, {event.type for event in events})
            refusals = beyond(events, judge(events, meters=meters, now=now), self.meters.kept_from)
            # Kept as refused, until the rollback, is what would be stored: so every store says
            # which of it is there already, and no store is written to. What came too late is
            # looked up as well, as it would be.
            asked = [
                (event, refusal or UnknownMeter(type=event.type, field="type"))
                for event, refusal in zip(events, refusals, strict=True)
                if refusal is None or isinstance(refusal, EventTooLate)
            ]
            stored = iter(await self.store.keep_refused(tenant_id, asked, now))
            await session.rollback()
        return [
            self._answer(event, refusal, stored)
            for event, refusal in zip(events, refusals, strict=True)
        ]

    def _answer(
        self, event: UsageEvent, refusal: EventRefused | None, stored: Iterator[IngestResult]
    ) -> IngestResult:
        if refusal is None:
            found = next(stored)
            known = found.status is not IngestStatus.REJECTED  # a duplicate, or a conflict
            return found if known else self._fresh(event)
        return next(stored) if isinstance(refusal, EventTooLate) else _refused(event, refusal)

    def _fresh(self, event: UsageEvent) -> IngestResult:
        place = (event.source, event.id)
        row = (*place, event.body_hash)
        new = self._seen.execute("INSERT INTO seen VALUES (?, ?, ?) ON CONFLICT DO NOTHING", row)
        if new.rowcount:
            return IngestResult(*place, IngestStatus.ACCEPTED)
        found = self._seen.execute("SELECT hash FROM seen WHERE source = ? AND id = ?", place)
        if found.fetchone()[0] == event.body_hash:
            return IngestResult(*place, IngestStatus.DUPLICATE)
        refusal = EventConflict(source=event.source, id=event.id, field="id")
        return IngestResult(*place, IngestStatus.CONFLICT, refusal)


def _refused(event: UsageEvent, refusal: EventRefused) -> IngestResult:
    unknown = isinstance(refusal, UnknownMeter)
    status = IngestStatus.QUARANTINED if unknown else IngestStatus.REJECTED
    return IngestResult(event.source, event.id, status, refusal)
