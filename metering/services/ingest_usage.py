"""Take usage events in, exactly once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from metering.domain.canonical import CANONICAL
from metering.domain.cloudevents import Delivered, parse_events
from metering.domain.events import IngestResult, IngestStatus, UsageEvent
from metering.domain.judging import beyond
from metering.domain.quarantine import MOST_KEPT
from metering.domain.quick_judging import judge
from metering.errors import EventRefused, EventTooLate, IngestOverloaded, UnknownMeter
from metering.errors_load import EventsOverShare
from metering.ports import UsageStore
from metering.services.admission import Admission
from metering.services.group_commit import GroupCommit
from metering.services.ingest_at_once import IngestAtOnce
from metering.services.meter_book import MeterBook
from metering.services.quarantine_unknown import quarantine_unknown

MOST_WAITING = 50_000
MOST_MERGED = 100
"""Deliveries of up to this many events share a commit with others; larger ones have their own."""
SMALL_BODY = 8_192
"""A body of up to this many bytes holds fewer: it is read with those that it is committed with."""
_SMALLEST_EVENT = 90  # bytes; what is shorter lacks something that an event has to say

_Sent: TypeAlias = bytes | Sequence[Delivered]
"""A small body as it came, or what was read already."""

Count: TypeAlias = Callable[[Sequence[IngestStatus]], None]
"""Counts what became of events, whenever some are answered for."""


def _uncounted(_: Sequence[IngestStatus]) -> None:
    pass


@dataclass(slots=True)
class IngestUsage:
    """Read a delivery of CloudEvents, store what is new and good, answer event by event.

    When it returns, accepted events are committed and on disk. One event that
    is bad, known or in conflict costs the others of its delivery nothing. Make
    one per process and event loop: deliveries merge inside it.
    """

    work: UnitOfWork
    store: UsageStore
    tenant_clock: TenantClock
    meters: MeterBook
    most_quarantined: int = MOST_KEPT
    most_waiting: int = MOST_WAITING
    at_once: IngestAtOnce | None = None
    count: Count = _uncounted
    room: Admission = field(init=False)
    _group: GroupCommit[_Sent, list[IngestResult]] = field(init=False)

    def __post_init__(self) -> None:
        self.room = Admission(self.most_waiting, IngestOverloaded, EventsOverShare)
        self._group = GroupCommit(
            self._commit_together, most_waiting=self.most_waiting, most_at_once=2
        )

    async def __call__(
        self, tenant_id: TenantId, body: bytes | Sequence[Mapping[str, Any]]
    ) -> list[IngestResult]:
        """Answer for every event of the body, in its order.

        ``body`` is the JSON of one event or of a list of them, or such a list
        with numbers as ``int`` or ``Decimal``.

        Raises:
            EventsUnreadable: the body is not JSON; nothing was stored.
            BatchTooLarge: it holds too many events; nothing was stored.
            IngestOverloaded, EventsOverShare: too many events wait in this process, or too
                many of this tenant; send again.
            IngestInterrupted: the process is stopping; send again.
        """
        if not isinstance(body, bytes):
            body = CANONICAL.encode(body)
        if len(body) > SMALL_BODY:
            return await self.deliver(tenant_id, parse_events(body))
        most = len(body) // _SMALLEST_EVENT + 1
        share = self.room.take(tenant_id, most)
        try:
            return await self._group(tenant_id, body, most)
        finally:
            self.room.give_back(share, most)

    async def deliver(
        self, tenant_id: TenantId, delivered: Sequence[Delivered]
    ) -> list[IngestResult]:
        """Answer for what was read already, one delivery, as for a body."""
        size = len(delivered)
        with self.room.holding(tenant_id, size):
            if size <= MOST_MERGED:
                return await self._group(tenant_id, delivered, size)
            (answer,) = await self._commit_together(tenant_id, [delivered])
        if not isinstance(answer, Exception):
            return answer
        try:
            raise answer
        finally:
            del answer  # it would hold this frame, and the frame it, until somebody collects

    async def within(
        self, tenant_id: TenantId, delivered: Sequence[Delivered]
    ) -> list[IngestResult]:
        """Answer within the unit of work that the caller has open: the commit is the caller's."""
        events = [item for item in delivered if isinstance(item, UsageEvent)]
        answers = iter(await self._commit(tenant_id, events) if events else [])
        return [next(answers) if isinstance(item, UsageEvent) else item for item in delivered]

    async def _commit_together(
        self, tenant_id: TenantId, sent: Sequence[_Sent]
    ) -> list[list[IngestResult] | Exception]:
        """Read what was not, commit all of it at once, and answer delivery by delivery."""
        answers = await self._answers(tenant_id, sent)
        told = [answer for answer in answers if not isinstance(answer, Exception)]
        self.count([result.status for answer in told for result in answer])
        return answers

    async def _answers(
        self, tenant_id: TenantId, sent: Sequence[_Sent]
    ) -> list[list[IngestResult] | Exception]:
        read = [_read(one) if isinstance(one, bytes) else one for one in sent]
        events = [
            item
            for one in read
            if not isinstance(one, Exception)
            for item in one
            if isinstance(item, UsageEvent)
        ]
        try:
            stored = iter(await self._commit_events(tenant_id, events) if events else ())
        except Exception as failure:  # noqa: BLE001 - told to those whose events these are
            return [_without_events(one, failure) for one in read]
        return [
            one
            if isinstance(one, Exception)
            else [next(stored) if isinstance(item, UsageEvent) else item for item in one]
            for one in read
        ]

    async def _commit_events(
        self, tenant_id: TenantId, events: Sequence[UsageEvent]
    ) -> list[IngestResult]:
        answers = None if self.at_once is None else await self.at_once(tenant_id, events)
        return await self._commit(tenant_id, events) if answers is None else answers

    async def _commit(
        self, tenant_id: TenantId, events: Sequence[UsageEvent]
    ) -> list[IngestResult]:
        async with self.work(tenant_id) as session:
            if self.at_once is not None:
                await self.at_once.learn(session, tenant_id)
            now = await self.tenant_clock.now(session, tenant_id)
            meters = await self.meters.meters(session, {event.type for event in events})
            refusals = beyond(events, judge(events, meters=meters, now=now), self.meters.kept_from)
            if refusals.count(None) == len(events):
                return await self.store.ingest(tenant_id, events)
            judged = list(zip(events, refusals, strict=True))
            good = [event for event, refusal in judged if refusal is None]
            late = [(e, refusal) for e, refusal in judged if isinstance(refusal, EventTooLate)]
            apart = await quarantine_unknown(
                session, tenant_id, judged, most=self.most_quarantined, now=now
            )
            stored = iter(await self.store.ingest(tenant_id, good))
            kept = iter(await self.store.keep_refused(tenant_id, late, now))
        return [_answer(event, refusal, stored, kept, apart) for event, refusal in judged]


def _read(body: bytes) -> Sequence[Delivered] | Exception:
    try:
        return parse_events(body)
    except Exception as unreadable:  # noqa: BLE001 - whatever it is, it is this delivery's own
        return unreadable


def _without_events(
    read: Sequence[Delivered] | Exception, failure: Exception
) -> list[IngestResult] | Exception:
    """Answer a delivery whose fellows could not be committed: nothing of its own may have been."""
    if isinstance(read, Exception):
        return read
    if any(isinstance(item, UsageEvent) for item in read):
        return failure
    return list(cast("Sequence[IngestResult]", read))


def _answer(
    event: UsageEvent,
    refusal: EventRefused | None,
    stored: Iterator[IngestResult],
    kept: Iterator[IngestResult],
    apart: Iterator[IngestResult],
) -> IngestResult:
    if refusal is None:
        return next(stored)
    if isinstance(refusal, EventTooLate):
        return next(kept)
    if isinstance(refusal, UnknownMeter):
        return next(apart)
    return IngestResult(event.source, event.id, IngestStatus.REJECTED, refusal)
