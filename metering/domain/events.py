"""A usage event, and what the ingest answered about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

import msgspec

from control_plane.kernel.errors import TallyardError

Datum: TypeAlias = bool | str | Decimal | list["Datum"] | dict[str, "Datum"] | None
"""A JSON value of an event's data. Every number is an exact, canonical Decimal."""


class TakingBack(StrEnum):
    """How an event takes another one back."""

    CORRECTS = "corrects"
    """It counts in the other one's place."""
    RETRACTS = "retracts"
    """Nothing counts in the other one's place."""


@dataclass(frozen=True, slots=True)
class TakesBack:
    """What an event takes back: the event ``id`` of its own source, whenever that arrives."""

    kind: TakingBack
    id: str


class UsageEvent(msgspec.Struct, frozen=True, gc=False):
    """One thing that happened and may be billed (CloudEvents 1.0).

    ``(source, id)`` identifies it within its tenant. ``time`` is an aware UTC
    instant. ``data_json`` is the canonical JSON of ``data``, and ``body_hash``
    the SHA-256 of everything that is kept of the event: two deliveries of one
    event have the same hash, however their JSON was spelt. ``takes_back`` names
    an event that no longer counts because of this one.
    """

    source: str
    id: str
    type: str
    subject: str | None
    time: datetime
    data: Mapping[str, Datum]
    data_json: bytes
    body_hash: bytes
    takes_back: TakesBack | None = None

    @property
    def counts(self) -> bool:
        """Whether it adds something of its own: a retraction does not."""
        return self.takes_back is None or self.takes_back.kind is not TakingBack.RETRACTS


class IngestStatus(StrEnum):
    """What became of one delivered event."""

    ACCEPTED = "accepted"
    """Stored and committed now."""
    DUPLICATE = "duplicate"
    """The same event was stored before; nothing was added."""
    CONFLICT = "conflict"
    """Another event with this source and id was stored before, and stands."""
    REJECTED = "rejected"
    """Not usable, for the reason given; nothing was stored."""
    QUARANTINED = "quarantined"
    """No meter counts its type yet: kept apart, counted by nothing until it is replayed."""


class IngestResult(msgspec.Struct, frozen=True):
    """The answer about one event, in the order of delivery.

    ``source`` and ``id`` are None where the event did not state them. ``refusal``
    says why an event is in conflict or rejected.
    """

    source: str | None
    id: str | None
    status: IngestStatus
    refusal: TallyardError | None = None

    @property
    def reason(self) -> str | None:
        """The refusal's stable code (``unknown_meter``), None when there is none."""
        return None if self.refusal is None else self.refusal.code


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events in order of (time, source, id), and where the next page starts.

    ``after`` is None on the last page. ``taken_back`` names those that count below zero, by
    (source, id): an earlier look counted them, and they were taken back since.
    """

    events: tuple[UsageEvent, ...]
    after: str | None
    taken_back: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """An event that came too late, kept to be looked at; ``reason`` is the refusal's code."""

    event: UsageEvent
    reason: str
    refused_at: datetime


@dataclass(frozen=True, slots=True)
class RefusedPage:
    """Some refused events, the latest refusal first; ``after`` is None on the last page."""

    refused: tuple[RefusedEvent, ...]
    after: int | None
