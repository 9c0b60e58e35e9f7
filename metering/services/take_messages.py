"""Take a stream's messages in, each exactly once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from metering.domain.cloudevents import Delivered
from metering.domain.events import IngestResult, IngestStatus
from metering.errors import BatchTooLarge, EventsUnreadable
from metering.services.ingest_usage import IngestUsage
from metering.sources.messages import Message, read_message, tenant_of
from metering.stores import source_positions as positions

_REFUSED = {IngestStatus.REJECTED, IngestStatus.CONFLICT}
NO_TENANT, UNKNOWN_TENANT = "subject_names_no_organisation", "organisation_unknown"


@dataclass(frozen=True, slots=True)
class TakeMessages:
    """Store messages in the stream's order, tenant by tenant, and remember how far that went.

    A tenant's events and its place in the stream commit together, so a crash at any moment
    neither loses a message nor takes one twice, whatever ids its events have. Messages must come
    in order and without gaps from ``reached`` on; any number of processes may do so at a time:
    what one has stored, the others pass over.

    A message that cannot be read, or that is nobody's, is kept apart and never stops the others.
    """

    work: UnitOfWork
    system: SystemWork
    ingest: IngestUsage
    clock: Clock

    async def reached(self, source: str) -> int:
        """Return the sequence up to which every message of a stream was dealt with."""
        async with self.system() as session:
            return await positions.reached(session, source)

    async def __call__(
        self, source: str, messages: Sequence[Message], *, tenant_place: int
    ) -> Mapping[IngestStatus, int]:
        """Deal with messages in order, and count what became of their events.

        ``tenant_place`` is the token of a subject that names the organisation.
        """
        mine: dict[TenantId, list[Message]] = {}
        strays: list[tuple[Message, str]] = []
        for message in messages:
            tenant_id = tenant_of(message.subject, tenant_place)
            if tenant_id is None:
                strays.append((message, NO_TENANT))
            else:
                mine.setdefault(tenant_id, []).append(message)
        counts: dict[IngestStatus, int] = {}
        for tenant_id, own in mine.items():
            results = await self._store(source, tenant_id, own)
            if results is None:
                strays += [(message, UNKNOWN_TENANT) for message in own]
            for result in results or ():
                counts[result.status] = counts.get(result.status, 0) + 1
        if messages:
            async with self.system() as session:
                last = messages[-1].sequence
                await positions.reach(session, source, last, strays, self.clock.now())
        return counts

    async def _store(
        self, source: str, tenant_id: TenantId, messages: Sequence[Message]
    ) -> list[IngestResult] | None:
        async with self.work(tenant_id) as session:
            stored = await positions.lock_position(session, tenant_id, source)
            if stored is None:
                return None
            fresh = [message for message in messages if message.sequence > stored]
            if not fresh:
                return []
            results = await self._take(session, tenant_id, source, fresh)
            await positions.move_position(session, tenant_id, source, fresh[-1].sequence)
        return results

    async def _take(
        self, session: AsyncSession, tenant_id: TenantId, source: str, messages: Sequence[Message]
    ) -> list[IngestResult]:
        read = [_read(message) for message in messages]
        every = [item for delivered in read for item in delivered]
        results = await self.ingest.within(tenant_id, every)
        answers = iter(results)
        refused = []
        for message, delivered in zip(messages, read, strict=True):
            own = [next(answers) for _ in delivered]
            reasons = [_reason(n, one) for n, one in enumerate(own) if one.status in _REFUSED]
            if reasons:
                refused.append((message, reasons))
        await positions.keep_refusals(session, tenant_id, source, refused, self.clock.now())
        return results


def _read(message: Message) -> Sequence[Delivered]:
    try:
        return read_message(message)
    except (EventsUnreadable, BatchTooLarge) as refusal:
        return [IngestResult(None, None, IngestStatus.REJECTED, refusal)]


def _reason(place: int, result: IngestResult) -> dict[str, Any]:
    return {"event": place, "source": result.source, "id": result.id, "reason": result.reason}
