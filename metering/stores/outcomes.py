"""What became of each event, once the store knows which identities were new."""

from collections.abc import Mapping, Sequence

from metering.domain.events import IngestResult, IngestStatus, UsageEvent
from metering.errors import EventConflict, EventRefused


def first_bodies(events: Sequence[UsageEvent]) -> dict[tuple[str, str], UsageEvent]:
    """Keep the first event of each identity: within one delivery, too, the first stands."""
    first: dict[tuple[str, str], UsageEvent] = {}
    for event in events:
        first.setdefault((event.source, event.id), event)
    return first


def outcomes(
    events: Sequence[UsageEvent], standing: Mapping[tuple[str, str], bytes]
) -> list[IngestResult]:
    """Answer for each event, in order.

    ``standing`` holds the hashes of the identities that were stored before; all
    others were stored now, by their first event.
    """
    known = dict(standing)
    results = []
    for event in events:
        identity = (event.source, event.id)
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
    return IngestResult(event.source, event.id, IngestStatus.CONFLICT, refusal)
