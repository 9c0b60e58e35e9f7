"""Rows of a file, some at a time, read as events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from metering.domain.canonical import CANONICAL
from metering.domain.cloudevents import Delivered, parse_events
from metering.domain.events import IngestResult, IngestStatus
from metering.errors import EventRefused
from metering.sources.errors import RowUnreadable

Made = dict[str, Any] | EventRefused
"""The event of a row, or why there is none."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading goes on: an offset that the file's reader understands, and rows before it."""

    offset: int = 0
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows: their numbers from 1, what they say, the events read, and what comes next."""

    numbers: Sequence[int]
    rows: Sequence[object]
    delivered: Sequence[Delivered]
    following: Place


def chunk_of(numbers: Sequence[int], made: Sequence[Made], following: Place) -> Chunk:
    """Read the events that were made of rows; a row without one is a rejection."""
    return Chunk(numbers, made, _read(made), following)


def rejected(refusal: EventRefused) -> IngestResult:
    """Answer for a row of which there is no event."""
    return IngestResult(None, None, IngestStatus.REJECTED, refusal)


def _read(made: Sequence[Made]) -> list[Delivered]:
    events = [each for each in made if isinstance(each, dict)]
    try:
        delivered = iter(parse_events(CANONICAL.encode(events)) if events else [])
    except (TypeError, ValueError, RecursionError):  # one of them is not JSON
        return [_alone(each) for each in made]
    return [rejected(m) if isinstance(m, EventRefused) else next(delivered) for m in made]


def _alone(made: Made) -> Delivered:
    if isinstance(made, EventRefused):
        return rejected(made)
    try:
        [event] = parse_events(CANONICAL.encode(made))
    except (TypeError, ValueError, RecursionError) as error:
        return rejected(RowUnreadable(reason=str(error)))
    return event
