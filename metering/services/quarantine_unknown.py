"""Keep events of a type that no meter counts, instead of dropping them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from metering.domain.events import IngestResult, IngestStatus, UsageEvent
from metering.errors import EventConflict, EventRefused, UnknownMeter
from metering.errors_quarantine import QuarantineFull
from metering.stores.quarantine import Identity, Quarantine


async def quarantine_unknown(
    session: AsyncSession,
    tenant_id: TenantId,
    judged: Sequence[tuple[UsageEvent, EventRefused | None]],
    *,
    most: int,
    now: datetime,
) -> Iterator[IngestResult]:
    """Keep the judged events that no meter counts, and answer for those, in order.

    Call it before anything else is stored in the transaction. An event that is sent again is
    kept once; another body under its source and id is in conflict with the first. Where ``most``
    are in quarantine already, new ones are rejected.
    """
    unknown = [event for event, refusal in judged if isinstance(refusal, UnknownMeter)]
    if not unknown:
        return iter(())
    quarantine = Quarantine(session, tenant_id)
    await quarantine.lock()
    first: dict[Identity, UsageEvent] = {}
    for event in unknown:
        first.setdefault((event.source, event.id), event)
    standing = await quarantine.standing(first)
    fresh = [event for identity, event in first.items() if identity not in standing]
    taken = fresh[: max(0, most - await quarantine.count())] if fresh else []
    if taken:
        await quarantine.keep(taken, now)
    kept = {**standing, **{(event.source, event.id): event.body_hash for event in taken}}
    return iter([_answer(event, kept, most) for event in unknown])


def _answer(event: UsageEvent, kept: Mapping[Identity, bytes], most: int) -> IngestResult:
    status, refusal = IngestStatus.QUARANTINED, UnknownMeter(type=event.type, field="type")
    hash_ = kept.get((event.source, event.id))
    if hash_ is None:
        full = QuarantineFull(type=event.type, most=most, field="type")
        return IngestResult(event.source, event.id, IngestStatus.REJECTED, full)
    if hash_ != event.body_hash:
        conflict = EventConflict(source=event.source, id=event.id, field="id")
        return IngestResult(event.source, event.id, IngestStatus.CONFLICT, conflict)
    return IngestResult(event.source, event.id, status, refusal)
