"""CloudEvents 1.0 in JSON, one or a batch, read event by event.

Source: CloudEvents 1.0.2, and its JSON event format (sections 2, 3 and 4). Of
the optional attributes a meter needs ``time`` and ``data``. Two extension
attributes are part of the event: ``corrects`` and ``retracts`` name one that it
takes back. Others (a trace's, for instance) are transport and not kept: the same
event sent again with another trace is still the same event.
"""

import hashlib
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from control_plane.kernel.errors import TallyardError
from control_plane.kernel.exact import exact_decimal
from metering.domain.canonical import CANONICAL
from metering.domain.diagnosis import LONGEST_TEXT, kept, rejection, shown
from metering.domain.events import (
    Datum,
    IngestResult,
    IngestStatus,
    TakesBack,
    TakingBack,
    UsageEvent,
)
from metering.domain.exact_data import exact_data, exact_object
from metering.errors import (
    BatchTooLarge,
    ContentTypeUnsupported,
    DataTooLarge,
    EventRefused,
    EventsUnreadable,
    EventTimeInvalid,
    TakesBackItself,
    TakesBackTwo,
    TextUnusable,
)

MOST_EVENTS = 10_000
MOST_DATA_BYTES = 32_768

Delivered: TypeAlias = UsageEvent | IngestResult
"""A usable event, or the rejection of one."""

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_TEXT)]
_NUL_ESCAPE = b"\\u0000"
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class _CloudEvent(msgspec.Struct, frozen=True, gc=False):
    specversion: Literal["1.0"]
    id: _Text
    source: _Text
    type: _Text
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    data: dict[str, Any]
    subject: _Text | None = None
    datacontenttype: str | None = None
    corrects: _Text | None = None
    retracts: _Text | None = None


_one = msgspec.json.Decoder(_CloudEvent, float_hook=Decimal)
_many = msgspec.json.Decoder(list[_CloudEvent], float_hook=Decimal)
_apart = msgspec.json.Decoder(list[msgspec.Raw])
_encode = CANONICAL.encode
_sha256 = hashlib.sha256
_data = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


def parse_events(body: bytes) -> list[Delivered]:
    """Read one event or a list of them; what cannot be used is a rejection of its own.

    The result has one entry per event, in the order of the body.

    Raises:
        EventsUnreadable: the body is not JSON in UTF-8.
        BatchTooLarge: it holds more than ``MOST_EVENTS`` events.
    """
    try:
        return _parse_strictly(body)
    except (ValueError, RecursionError):
        # Perhaps one event alone spoils the text (NaN, half a surrogate pair):
        # a more forgiving reader can still tell the others apart.
        return _parse_forgivingly(body)


def parse_data(data_json: bytes) -> dict[str, Datum]:
    """Read stored data back, every number an exact Decimal."""
    return exact_object(_data.decode(data_json))


def _parse_strictly(body: bytes) -> list[Delivered]:
    if body.lstrip()[:1] != b"[":
        return [_read(body)]
    try:
        events = _many.decode(body)
    except (msgspec.ValidationError, ArithmeticError):
        return [_read(raw) for raw in _bounded(_apart.decode(body))]
    # JSON has one way to write NUL: mostly one look at the whole body finds none anywhere.
    nul = _NUL_ESCAPE in body
    return [_finish(event, may_hold_nul=nul) for event in _bounded(events)]


def _parse_forgivingly(body: bytes) -> list[Delivered]:
    try:
        parsed = _forgiving(body)
    except (ValueError, RecursionError) as error:
        raise EventsUnreadable(detail=str(error)) from None
    items = _bounded(parsed) if isinstance(parsed, list) else [parsed]
    return [_read_item(kept(item)) for item in items]


def _bounded(items: list[Any]) -> list[Any]:
    if len(items) > MOST_EVENTS:
        raise BatchTooLarge(size=len(items), largest=MOST_EVENTS)
    return items


class _NoNumber:
    """Stands where a text states a number that cannot be used; no encoder takes it."""

    def __init__(self, text: str) -> None:
        self.text = text


def _number(text: str) -> Decimal | _NoNumber:
    try:
        return exact_decimal(text)
    except TallyardError:
        return _NoNumber(text)


def _forgiving(body: bytes | msgspec.Raw) -> Any:
    return json.loads(bytes(body), parse_float=_number, parse_int=_number, parse_constant=_NoNumber)


def _read(raw: bytes | msgspec.Raw) -> Delivered:
    try:
        event = _one.decode(raw)
    except (msgspec.ValidationError, ArithmeticError) as error:
        return rejection(kept(_forgiving(raw)), str(error))
    return _finish(event)


def _read_item(item: object) -> Delivered:
    try:
        return _read(CANONICAL.encode(item))
    except (TypeError, ValueError, RecursionError) as error:
        return rejection(item, str(error))


def _finish(event: _CloudEvent, *, may_hold_nul: bool = True) -> Delivered:
    try:
        return _usage_event(event, may_hold_nul)
    except EventRefused as refusal:
        return IngestResult(event.source, event.id, IngestStatus.REJECTED, refusal)


def _usage_event(event: _CloudEvent, may_hold_nul: bool) -> UsageEvent:  # noqa: FBT001 - hot
    if event.datacontenttype is not None:
        _must_be_json(event.datacontenttype)
    time = event.time if event.time.tzinfo is UTC else _utc(event.time)
    data, plain = exact_data(event.data)
    data_json = _encode(plain)
    if len(data_json) > MOST_DATA_BYTES:
        raise DataTooLarge(size=len(data_json), largest=MOST_DATA_BYTES, field="data")
    takes_back = _takes_back(event)
    said = (takes_back.kind, takes_back.id) if takes_back else ()
    body = _encode(
        (event.source, event.id, event.type, event.subject, time, msgspec.Raw(data_json), *said)
    )
    if may_hold_nul and _NUL_ESCAPE in body and _NUL.search(body):
        raise TextUnusable
    return UsageEvent(
        source=event.source,
        id=event.id,
        type=event.type,
        subject=event.subject,
        time=time,
        data=data,
        data_json=data_json,
        body_hash=_sha256(body).digest(),
        takes_back=takes_back,
    )


def _must_be_json(kind: str) -> None:
    if kind.partition(";")[0].strip().lower() != "application/json":
        raise ContentTypeUnsupported(value=shown(kind), field="datacontenttype")


def _takes_back(event: _CloudEvent) -> TakesBack | None:
    if event.corrects is None and event.retracts is None:
        return None
    if event.corrects is not None and event.retracts is not None:
        raise TakesBackTwo(field="retracts")
    kind = TakingBack.CORRECTS if event.retracts is None else TakingBack.RETRACTS
    target = event.corrects or event.retracts or ""
    if target == event.id:
        raise TakesBackItself(id=shown(target), field=kind.value)
    return TakesBack(kind, target)


def _utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise EventTimeInvalid(value=at.isoformat(), field="time") from None
