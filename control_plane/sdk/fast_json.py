"""JSON by ``msgspec`` where it is installed, else by the standard library.

Both write the same bytes for whole numbers, texts and instants in UTC, and read each other's.
``encode`` and ``decode`` are for records of calls, ``loads`` is for what others signed.
"""

import json
from collections.abc import Callable
from datetime import datetime
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


encode: Callable[[object], bytes] = msgspec.json.Encoder().encode if msgspec else encode_plainly
decode: Callable[[bytes], Any] = (
    msgspec.json.Decoder(float_hook=str).decode if msgspec else decode_plainly
)
loads: Callable[[bytes | str], Any] = msgspec.json.Decoder().decode if msgspec else json.loads
