"""Marks between pages of events: where the last one ended."""

import base64
import binascii
from datetime import datetime
from typing import TypeAlias

import msgspec

from metering.domain.events import UsageEvent
from metering.errors import InvalidPageMark

Position: TypeAlias = tuple[datetime, str, str]
"""(time, source, id): the order of events, the same in every store."""


def position(event: UsageEvent) -> Position:
    """Return the place of an event among all."""
    return (event.time, event.source, event.id)


def page_mark(event: UsageEvent) -> str:
    """Write the place after an event, as a text for addresses."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position(event))).decode().rstrip("=")


def read_page_mark(mark: str) -> Position:
    """Read what ``page_mark`` wrote.

    Raises:
        InvalidPageMark: it did not write this.
    """
    try:
        text = base64.b64decode(mark + "=" * (-len(mark) % 4), altchars=b"-_", validate=True)
        place: Position = msgspec.json.decode(text, type=Position)
    except (binascii.Error, ValueError):
        raise InvalidPageMark(value=mark[:100], field="after") from None
    if place[0].tzinfo is None or "\0" in place[1] + place[2]:
        raise InvalidPageMark(value=mark[:100], field="after")
    return place
