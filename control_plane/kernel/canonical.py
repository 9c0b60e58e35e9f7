"""One JSON text for one value, so that it can be hashed, signed and compared."""

import hashlib
import json

from control_plane.kernel.errors import ErrorKind, TallyardError


class NotCanonical(TallyardError):
    """A value has no canonical JSON form."""

    code = "not_canonical"
    kind = ErrorKind.INVALID
    message = "{value} has no canonical JSON form."
    remedy = (
        "Use texts, whole numbers, true, false, null, lists and objects; write decimals as texts."
    )


def canonical_json(value: object) -> bytes:
    """Write a value as UTF-8 JSON with sorted keys and no spaces; equal values give equal bytes.

    Keys sort by code point. Numbers are whole numbers only: a decimal goes in as its text.

    Raises:
        NotCanonical: a float, a key that is no text, half a surrogate pair, or another type.
    """
    _check(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise NotCanonical(value=repr(error.object[error.start : error.end])) from None


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of bytes as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def _check(value: object) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise NotCanonical(value=f"the key {key!r}")
            _check(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item)
    elif not (value is None or isinstance(value, str | int)):
        raise NotCanonical(value=repr(value))
