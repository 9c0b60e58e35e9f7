"""Newline-delimited JSON: one event a line, a bad line costing the others nothing.

Source: the NDJSON specification, version 1. Empty lines are passed over, and counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from metering.domain.cloudevents import MOST_EVENTS, Delivered, parse_events
from metering.domain.events import IngestResult, IngestStatus
from metering.errors import BatchTooLarge, EventNotObject, EventsUnreadable, EventUnreadable

MOST_LINES = 2 * MOST_EVENTS
"""Empty ones included."""


@dataclass(frozen=True, slots=True)
class DeliveredLines:
    """What each line that is not empty held, and the lines' numbers, from 1."""

    numbers: Sequence[int]
    delivered: Sequence[Delivered]


def parse_lines(body: bytes) -> DeliveredLines:
    """Read one event a line.

    Raises:
        BatchTooLarge: there are more than ``MOST_EVENTS`` of them.
    """
    if body.count(b"\n") > MOST_LINES:
        raise BatchTooLarge(size=body.count(b"\n"), largest=MOST_EVENTS)
    lines = {n: line for n, line in enumerate(body.split(b"\n"), 1) if line.strip()}
    if len(lines) > MOST_EVENTS:
        raise BatchTooLarge(size=len(lines), largest=MOST_EVENTS)
    return DeliveredLines(tuple(lines), [_alone(line) for line in lines.values()])


def _alone(line: bytes) -> Delivered:
    if line.lstrip().startswith(b"["):
        return IngestResult(None, None, IngestStatus.REJECTED, EventNotObject())
    try:
        [event] = parse_events(line)
    except EventsUnreadable as error:
        detail = error.fields["detail"]
        return IngestResult(None, None, IngestStatus.REJECTED, EventUnreadable(detail=detail))
    return event
