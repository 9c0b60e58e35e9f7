"""Server-sent events, written and read.

Source: the HTML standard, section 9.2 (server-sent events). Only what is sent here is read:
``event``, ``data`` and ``id``; comments and other fields are passed over.
"""

import http.client
import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

MEDIA_TYPE = "text/event-stream"
LARGEST = 16_000_000
"""No snapshot is as long, in bytes."""


class StreamEvent(NamedTuple):
    """One event, its data as it came; ``id`` is empty where none was sent."""

    name: str
    data: bytes
    id: str = ""


def event_text(name: str, data: object, event_id: str = "") -> bytes:
    """Return an event whose data is one line of JSON, ready to be sent."""
    head = f"id: {event_id}\n" if event_id else ""
    body = json.dumps(data, separators=(",", ":"))
    return f"{head}event: {name}\ndata: {body}\n\n".encode()


def read_events(pieces: Iterable[bytes]) -> Iterator[StreamEvent]:
    """Read a stream as it comes, cut anywhere; an event that was cut off is not given.

    Raises:
        http.client.LineTooLong: an event is longer than any snapshot.
    """
    rest = b""
    for piece in pieces:
        known = max(len(rest) - 2, 0) if rest else 0  # up to here there is no end of an event
        rest = rest + piece if rest else piece
        if b"\r" in rest:
            rest, known = rest.replace(b"\r\n", b"\n"), 0
        begin, end = 0, _empty_line(rest, known)
        while end >= 0:
            event = _read_event(rest, begin, end)
            begin = end + 2
            if event is not None:
                yield event
            end = _empty_line(rest, begin)
        rest = rest[begin:] if begin < len(rest) else b""
        if len(rest) > LARGEST:
            raise http.client.LineTooLong("event")


def _empty_line(text: bytes, begin: int) -> int:
    """Find two line ends in a row: looking for one byte is many times faster than for two."""
    end = text.find(b"\n", begin)
    while end >= 0 and not text.startswith(b"\n", end + 1):
        end = text.find(b"\n", end + 1)
    return end


def _read_event(text: bytes, begin: int, end: int) -> StreamEvent | None:
    """Read the block between; its data, which may be long, is copied once."""
    name, event_id, data = b"message", b"", None
    while begin <= end:
        stop = text.find(b"\n", begin, end)
        stop = end if stop < 0 else stop
        colon = text.find(b":", begin, stop)
        colon = stop if colon < 0 else colon
        field, at = text[begin:colon], colon + 1
        value = text[at + text.startswith(b" ", at, stop) : stop]
        if field == b"data":
            data = value if data is None else data + b"\n" + value
        elif field == b"event":
            name = value
        elif field == b"id":
            event_id = value
        begin = stop + 1
    if data is None:
        return None
    return StreamEvent(name.decode("utf-8", "replace"), data, event_id.decode("utf-8", "replace"))
