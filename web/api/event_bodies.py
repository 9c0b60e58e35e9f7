"""What a delivery of usage is sent as: media types, encodings, and CloudEvents' binary mode.

Source: CloudEvents 1.0.2, HTTP protocol binding (sections 3.1 to 3.3) and JSON event format;
RFC 9110 sections 8.3 and 8.4. The usual case, JSON as it is, costs one walk over the headers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any, Final
from urllib.parse import unquote

import msgspec
from litestar import Request

from metering.errors import EventsUnreadable
from web.edge.body_errors import MediaTypeUnsupported
from web.edge.encodings import decoded

LARGEST_BODY: Final = 16_000_000
"""Bytes of a delivery, as sent and decompressed alike."""

JSON: Final = "application/json"
EVENT: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
LINES: Final = "application/x-ndjson"

_INFLATION: Final = 20
_LONGEST_LENGTH: Final = 20
"""Digits of a length that is read as a number."""

_KNOWN: Final = (EVENT, BATCH, JSON, LINES)
_CHARSETS: Final = {"utf-8", "utf8", "us-ascii"}
_ATTRIBUTES: Final = (
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "subject",
    "corrects",
    "retracts",
)
_any_value = msgspec.json.Decoder(msgspec.Raw)


@dataclass(frozen=True, slots=True)
class Delivery:
    """JSON of one event or a list of them, or with ``lines`` one event a line."""

    body: bytes
    lines: bool = False


def expected_bytes(request: Request[Any, Any, Any]) -> int:
    """Return what the body will take, before any of it is read.

    Compressed JSON is taken to become twenty times as long, and a body that does not say its
    length to be as long as may be.
    """
    length, factor = LARGEST_BODY, 1
    for name, value in request.scope["headers"]:
        if name == b"content-length" and value.isdigit() and len(value) <= _LONGEST_LENGTH:
            length = int(value)
        elif name == b"content-encoding":
            factor = _INFLATION
    return min(length * factor, LARGEST_BODY)


async def read_delivery(request: Request[Any, Any, Any]) -> Delivery:
    """Read the body of a request, decompressed.

    Raises:
        MediaTypeUnsupported: it is sent as something that holds no events.
        EncodingUnsupported, EncodingInvalid: it cannot be decompressed.
        BodyTooLarge: it holds too much.
        EventsUnreadable: binary mode, and the body is not one JSON value.
        HTTPException: the body as sent is too large (413).
    """
    headers = _headers(request)
    kind = _media_type(headers.get(b"content-type", ""))
    body = await request.body()
    encoding = headers.get(b"content-encoding")
    if encoding:
        body = await decoded(body, encoding, largest=LARGEST_BODY)
    if kind == JSON and b"ce-specversion" in headers:
        return Delivery(_structured(headers, body))
    return Delivery(body, lines=kind == LINES)


def _headers(request: Request[Any, Any, Any]) -> Mapping[bytes, str]:
    found: dict[bytes, str] = {}
    for name, value in request.scope["headers"]:
        if name in _READ:
            text = value.decode("latin-1")
            # Repeated, it means a list: of encodings, which are more than one then.
            found[name] = f"{found[name]}, {text}" if name in found else text
    return found


_READ: Final = {
    b"content-type",
    b"content-encoding",
    *(f"ce-{name}".encode() for name in _ATTRIBUTES),
}


def _media_type(said: str) -> str:
    """Return the media type in lower case; JSON where none is said."""
    if said in _KNOWN:
        return said
    message = Message()
    message["content-type"] = said or JSON
    charset = message.get_param("charset", "utf-8")
    kind = message.get_content_type()
    if kind not in _KNOWN or str(charset).lower() not in _CHARSETS:
        known = ", ".join(_KNOWN)
        raise MediaTypeUnsupported(value=said[:100], known=known, field="Content-Type")
    return kind


def _structured(headers: Mapping[bytes, str], body: bytes) -> bytes:
    """Write an event of binary mode, whose attributes are headers, as one of structured mode."""
    try:
        data = _any_value.decode(body)
    except (ValueError, RecursionError) as error:
        raise EventsUnreadable(detail=str(error)) from None
    event: dict[str, object] = {
        name: unquote(headers[key])
        for name in _ATTRIBUTES
        if (key := f"ce-{name}".encode()) in headers
    }
    return msgspec.json.encode({**event, "data": data})
