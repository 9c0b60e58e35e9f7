"""Request bodies and query parameters, read strictly."""

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

from control_plane.kernel.errors import TallyardError
from inventory_modules.chassis.errors import MalformedBody, NumberOutOfRange
from inventory_modules.chassis.wording import shorten

Shape = TypeVar("Shape")
Value = TypeVar("Value")
_PATH = re.compile(r" - at `\$\.?(.*)`$")
_WHOLE = re.compile(r"[0-9]{1,18}")


def decode(body: bytes, shape: type[Shape]) -> Shape:
    """Read a JSON body into a struct; unknown fields and numbers for texts are refused.

    Raises:
        MalformedBody: naming the first field that does not fit, with the reason.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        text = str(error)
        place = _PATH.search(text)
        raise MalformedBody(
            field=place[1] if place else None, reason=shorten(_PATH.sub("", text), 200)
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedBody(reason=shorten(str(error), 200)) from error


def collect(causes: list[TallyardError], check: Callable[[], Value]) -> Value | None:
    """Return what ``check`` returns, or note its refusal among ``causes``."""
    try:
        return check()
    except TallyardError as error:
        causes.append(error)
        return None


def whole_number(
    text: str | None, *, name: str, default: int, least: int = 0, most: int = 2**62
) -> int:
    """Read a query parameter from ``least`` to ``most``.

    Raises:
        NumberOutOfRange: it is no whole number in that range.
    """
    if text is None:
        return default
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise NumberOutOfRange(field=name, name=name, value=shorten(text), least=least, most=most)
    return int(text)
