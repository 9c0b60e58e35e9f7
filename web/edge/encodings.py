"""Content-Encoding of request bodies: gzip and zstd, inflated within a bound.

Source: RFC 9110 section 8.4, RFC 1952 (gzip), RFC 8878 (zstd).
"""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from typing import Final

import zstandard

from web.edge.body_errors import BodyTooLarge, EncodingInvalid, EncodingUnsupported

Inflate = Callable[[bytes, int], bytes]

_GZIP: Final = 16 + zlib.MAX_WBITS
_WINDOW: Final = 1 << 23
"""Bytes that a zstd frame may make its reader keep: what RFC 8878 recommends to support."""
_WORTH_A_THREAD: Final = 16_384
_PIECE: Final = 512


async def decoded(body: bytes, encoding: str, *, largest: int) -> bytes:
    """Return what ``body`` holds under its Content-Encoding, of at most ``largest`` bytes.

    No more than that is ever inflated, whatever the body promises.

    Raises:
        EncodingUnsupported: none of gzip, zstd and identity, or several at once.
        EncodingInvalid: the body is not in that encoding, or not whole.
        BodyTooLarge: it holds more than ``largest`` bytes.
    """
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return body
    inflate = _INFLATORS.get(name)
    if inflate is None:
        raise EncodingUnsupported(value=encoding[:60], known=", ".join(_NAMES))
    if len(body) < _WORTH_A_THREAD:
        return _bounded(inflate, body, name, largest)
    return await asyncio.to_thread(_bounded, inflate, body, name, largest)


def _bounded(inflate: Inflate, body: bytes, name: str, largest: int) -> bytes:
    try:
        content = inflate(body, largest + 1)
    except (zlib.error, zstandard.ZstdError, EOFError):
        raise EncodingInvalid(value=name, field="Content-Encoding") from None
    if len(content) > largest:
        raise BodyTooLarge(largest=largest)
    return content


def _gunzip(body: bytes, most: int) -> bytes:
    """Inflate up to ``most`` bytes of one member after the other."""
    parts: list[bytes] = []
    rest, room = body, most
    while rest and room:
        member = zlib.decompressobj(_GZIP)
        part = member.decompress(rest, room)
        parts.append(part)
        room -= len(part)
        if room and not member.eof:
            raise EOFError
        rest = member.unused_data
    if not parts:
        raise EOFError
    return b"".join(parts)


def _unzstd(body: bytes, most: int) -> bytes:
    """Inflate one frame after the other, until there are ``most`` bytes."""
    parts: list[bytes] = []
    size, at = 0, 0
    frame = None
    while at < len(body) and size < most:
        frame = frame or zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
        # In small pieces: a frame of nothing but repetitions inflates 32,000 times.
        piece = body[at : at + _PIECE]
        part = frame.decompress(piece)
        parts.append(part)
        size += len(part)
        at += len(piece) - len(frame.unused_data)
        frame = None if frame.eof else frame
    if size < most and (frame or not body):
        raise EOFError
    return b"".join(parts)


_INFLATORS: Final[Mapping[str, Inflate]] = {"gzip": _gunzip, "x-gzip": _gunzip, "zstd": _unzstd}
_NAMES: Final = ("gzip", "zstd", "identity")
