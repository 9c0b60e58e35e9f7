"""What became of each event, once the store knows which identities were new."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from control_plane.kernel.errors import TallyardError
from metering.domain.events import IngestResult, IngestStatus, UsageEvent
from metering.errors import AlreadyTakenBack, EventConflict, EventRefused


def first_bodies(events: Sequence[UsageEvent]) -> dict[tuple[str, str], UsageEvent]:
    """Keep the first event of each identity: within one delivery, too, the first stands."""
    first: dict[tuple[str, str], UsageEvent] = {}
    for event in events:
        first.setdefault((event.source, event.id), event)
    return first


def first_events(events: Sequence[UsageEvent]) -> Sequence[UsageEvent]:
    """Keep the same events as `first_bodies`; mostly that is told from their ids alone."""
    if len({event.id for event in events}) == len(events):
        return events
    return list(first_bodies(events).values())


def claims(
    events: Iterable[UsageEvent], known: Mapping[tuple[str, str], str]
) -> tuple[list[UsageEvent], list[UsageEvent]]:
    """Tell events that are the first to take their target back from those that are not.

    ``known`` are the targets taken back before, as (source, id), and by which id. Of events that
    name the same target, the first stands.
    """
    standing = dict(known)
    first: list[UsageEvent] = []
    refused: list[UsageEvent] = []
    for event in events:
        if event.takes_back is not None:
            target = (event.source, event.takes_back.id)
            by = standing.setdefault(target, event.id)
            (first if by == event.id else refused).append(event)
    return first, refused


def accepted(events: Sequence[UsageEvent]) -> list[IngestResult]:
    """Answer, in order, that each event was stored now."""
    status = IngestStatus.ACCEPTED  # looked up once: that takes as long as an answer
    return [IngestResult(event.source, event.id, status) for event in events]


def outcomes(
    events: Sequence[UsageEvent],
    standing: Mapping[tuple[str, str], bytes],
    claimed: Collection[tuple[str, str]] = (),
) -> list[IngestResult]:
    """Answer for each event, in order.

    ``standing`` holds the hashes of the identities that were stored before; all
    others were stored now, by their first event, but for those that take back what
    another event had ``claimed``.
    """
    if not standing and not claimed and len(first_bodies(events)) == len(events):
        return accepted(events)
    known = dict(standing)
    results = []
    for event in events:
        identity = (event.source, event.id)
        if identity in claimed:
            results.append(_already(event))
            continue
        results.append(_outcome(event, known.get(identity)))
        known.setdefault(identity, event.body_hash)
    return results


def refused_outcomes(
    refused: Sequence[tuple[UsageEvent, EventRefused]],
    standing: Mapping[tuple[str, str], bytes],
) -> list[IngestResult]:
    """Answer for refused events, in order: those that had been stored before stay stored."""
    return [
        _outcome(event, standing[event.source, event.id])
        if (event.source, event.id) in standing
        else IngestResult(event.source, event.id, IngestStatus.REJECTED, refusal)
        for event, refusal in refused
    ]


def _outcome(event: UsageEvent, standing: bytes | None) -> IngestResult:
    if standing is None:
        return IngestResult(event.source, event.id, IngestStatus.ACCEPTED)
    if standing == event.body_hash:
        return IngestResult(event.source, event.id, IngestStatus.DUPLICATE)
    refusal = EventConflict(source=event.source, id=event.id, field="id")
    return _conflict(event, refusal)


def _already(event: UsageEvent) -> IngestResult:
    taken = event.takes_back
    if taken is None:  # shares its id, within one delivery, with an event that was refused
        return _conflict(event, EventConflict(source=event.source, id=event.id, field="id"))
    refusal = AlreadyTakenBack(source=event.source, id=taken.id, field=taken.kind.value)
    return _conflict(event, refusal)


def _conflict(event: UsageEvent, refusal: TallyardError) -> IngestResult:
    return IngestResult(event.source, event.id, IngestStatus.CONFLICT, refusal)
