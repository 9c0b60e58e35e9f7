"""The body of an answer that goes on for ever, piece by piece as it comes.

``http.client`` reads such bodies, too, but looks several times at each byte that says how long a
chunk is; and whoever follows a control plane is often one of many on its machine.
"""

import http.client
import re
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Never

_PIECE = 65_536
_END = b"\r\n"
_LONGEST_HEAD = 4096  # a chunk's length and its extensions
_LENGTH = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?", re.DOTALL)


def read_body(response: http.client.HTTPResponse, sock: socket.socket) -> Iterator[bytes]:
    """Yield what comes of an answer whose headers were read from ``sock``.

    Raises:
        OSError: the connection broke, or was silent for longer than its time-out.
        http.client.HTTPException: it ended within a chunk, or what came is none.
    """
    if not response.chunked:
        return iter(partial(response.read1, _PIECE), b"")
    # All that the headers' reader holds already comes first, however much that is.
    return read_chunks(partial(sock.recv, _PIECE), response.fp.read1())


def read_chunks(receive: Callable[[], bytes], held: bytes = b"") -> Iterator[bytes]:
    """Yield what is in the chunks of a body; what follows the last one is nobody's concern.

    Source: RFC 9112, section 7.1. ``held`` came before what ``receive`` gives, which is nothing
    once the connection has ended.

    Raises:
        http.client.HTTPException: it ended within a chunk, or what came is none.
    """
    while True:
        left, held = _next_chunk(receive, held)
        if not left:
            return
        while left > len(held):
            if held:
                yield held
                left -= len(held)
            held = receive() or _cut_off()
        yield held[:left]
        held = held[left:]
        while len(held) < len(_END):
            held += receive() or _cut_off()
        if not held.startswith(_END):
            raise http.client.HTTPException("a chunk is longer than it says")
        held = held[len(_END) :]


def _next_chunk(receive: Callable[[], bytes], held: bytes) -> tuple[int, bytes]:
    """Return how long the next chunk is, and what came of it already."""
    while (end := held.find(_END)) < 0:
        if len(held) > _LONGEST_HEAD:
            raise http.client.LineTooLong("chunk size")
        held += receive() or _cut_off()
    found = _LENGTH.fullmatch(held, 0, end)
    if found is None:
        raise http.client.HTTPException("a chunk does not say how long it is")
    return int(found[1], 16), held[end + len(_END) :]


def _cut_off() -> Never:
    raise http.client.IncompleteRead(b"")
