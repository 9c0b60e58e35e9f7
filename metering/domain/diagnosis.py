"""What is wrong with an event that could not be read."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import msgspec

from metering.domain.canonical import CANONICAL
from metering.domain.events import IngestResult, IngestStatus
from metering.domain.numbers import out_of_range
from metering.errors import (
    AttributeInvalid,
    AttributeMissing,
    DataNotObject,
    EventNotObject,
    EventRefused,
    EventTimeInvalid,
    EventUnreadable,
    SpecVersionUnsupported,
    TextUnusable,
)

LONGEST_TEXT = 255
"""Characters of an attribute; four bytes each still fit one index entry."""

_REQUIRED = ("specversion", "source", "id", "type", "time", "data")
_KEPT = (*_REQUIRED, "subject", "datacontenttype", "corrects", "retracts")
_TEXTS = ("source", "id", "type", "subject", "corrects", "retracts")
_LONGEST_SHOWN = 60
_Instant = Annotated[datetime, msgspec.Meta(tz=True)]


def rejection(event: object, detail: str) -> IngestResult:
    """Say why the event is rejected: the first thing wrong, in the order a person would look.

    ``detail`` is what the reader said, for the case that nothing better is known.
    """
    if not isinstance(event, dict):
        return IngestResult(None, None, IngestStatus.REJECTED, EventNotObject())
    return IngestResult(
        source=_name(event.get("source")),
        id=_name(event.get("id")),
        status=IngestStatus.REJECTED,
        refusal=next(_faults(event), EventUnreadable(detail=shown(detail))),
    )


def kept(event: object) -> object:
    """Leave out what is not read anyway: a trace's odd number spoils no event."""
    if not isinstance(event, dict):
        return event
    return {name: event[name] for name in _KEPT if name in event}


def shown(value: object) -> str:
    """Quote what somebody sent: cut short, and always valid Unicode."""
    text = str(value).encode(errors="replace").decode()
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _name(value: object) -> str | None:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        return None
    return value.encode(errors="replace").decode()


def _faults(event: dict[str, Any]) -> Iterator[EventRefused]:
    for name in _REQUIRED:
        if event.get(name) is None:
            yield AttributeMissing(attribute=name, field=name)
    if event["specversion"] != "1.0":
        yield SpecVersionUnsupported(value=shown(event["specversion"]), field="specversion")
    for name in _TEXTS:
        if not _is_text(event.get(name)):
            yield AttributeInvalid(attribute=name, longest=LONGEST_TEXT, field=name)
    if not _is_instant(event["time"]):
        yield EventTimeInvalid(value=shown(event["time"]), field="time")
    if not isinstance(event["data"], dict):
        yield DataNotObject(field="data")
    yield from _encoding_faults(event)


def _is_text(value: object) -> bool:
    return value is None or (isinstance(value, str) and 1 <= len(value) <= LONGEST_TEXT)


def _is_instant(value: object) -> bool:
    try:
        msgspec.convert(value, _Instant)
    except ValueError:
        return False
    return isinstance(value, str)


def _encoding_faults(event: dict[str, Any]) -> Iterator[EventRefused]:
    try:
        CANONICAL.encode(event)
    except UnicodeEncodeError:
        yield TextUnusable()
    except TypeError:  # the reader put something unknown where it met no usable number
        yield out_of_range()
