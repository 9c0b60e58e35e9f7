"""JSON by ``msgspec`` where it is installed, else by the standard library.

Both write the same bytes for whole numbers, texts and instants in UTC, and read each other's.
``encode`` and ``decode`` are for records of calls, ``loads`` is for what others signed. ``named``
and ``listed`` read an object or a list one level deep: what is within may come as ``Unread``, to be
compared as it was written, and to be read by ``loads`` where that is worth it. ``unbase64`` reads
padded base64 of the first alphabet.
"""

import json
from binascii import a2b_base64
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from control_plane.kernel.calendar import instant_text

try:
    import msgspec
except ImportError:  # it only makes recording faster
    msgspec = None  # type: ignore[assignment]


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return instant_text(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def encode_plainly(value: object) -> bytes:
    """Write a value with the standard library."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return text.encode()


def decode_plainly(data: bytes) -> Any:
    """Read a value with the standard library; numbers with a point keep their digits, as texts."""
    return json.loads(data, parse_float=str)


unbase64_plainly: Callable[[str], bytes] = partial(a2b_base64, strict_mode=True)
encode: Callable[[object], bytes] = msgspec.json.Encoder().encode if msgspec else encode_plainly
decode: Callable[[bytes], Any] = (
    msgspec.json.Decoder(float_hook=str).decode if msgspec else decode_plainly
)
AS_WRITTEN = msgspec is not None
"""Whether what is within can be had as it was written."""

if msgspec:
    Unread = msgspec.Raw
    loads: Callable[[Any], Any] = msgspec.json.Decoder().decode
    named: Callable[[Any], dict[str, Any]] = msgspec.json.Decoder(dict[str, Unread]).decode
    listed: Callable[[Any], list[Any]] = msgspec.json.Decoder(list[Unread]).decode
    unbase64: Callable[[str], bytes] = partial(msgspec.convert, type=bytes)
else:

    class Unread:  # type: ignore[no-redef]
        """Never made: the standard library reads everything at once."""

    loads = named = listed = json.loads
    unbase64 = unbase64_plainly
