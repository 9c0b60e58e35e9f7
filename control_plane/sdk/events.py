"""Server-sent events, written and read.

Source: the HTML standard, section 9.2 (server-sent events). Only what is sent here is read:
``event``, ``data`` and ``id``; comments and other fields are passed over.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MEDIA_TYPE = "text/event-stream"


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event; ``id`` is empty where none was sent."""

    name: str
    data: str
    id: str = ""


def event_text(name: str, data: object, event_id: str = "") -> bytes:
    """Return an event whose data is one line of JSON, ready to be sent."""
    head = f"id: {event_id}\n" if event_id else ""
    body = json.dumps(data, separators=(",", ":"))
    return f"{head}event: {name}\ndata: {body}\n\n".encode()


def read_events(lines: Iterable[bytes]) -> Iterator[StreamEvent]:
    """Read a stream line by line; an event that was cut off is not given."""
    fields: dict[str, list[str]] = {}
    for raw in lines:
        if not raw.endswith(b"\n"):
            return
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if not line:
            if "data" in fields:
                name, event_id = fields.get("event", ["message"]), fields.get("id", [""])
                yield StreamEvent(name[-1], "\n".join(fields["data"]), event_id[-1])
            fields = {}
            continue
        field, _, value = line.partition(":")
        fields.setdefault(field, []).append(value.removeprefix(" "))
