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
_HEAD = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*?)?\r\n", re.DOTALL)


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
        head, held = _next_head(receive, held)
        begin = head.end()
        end = begin + int(head[1], 16)
        if end == begin:
            return
        while end > len(held):
            if begin < len(held):
                yield held[begin:]
            begin, end = 0, end - len(held)
            held = receive() or _cut_off()
        yield held[begin:end]
        held = held[end:]
        while len(held) < len(_END):
            held += receive() or _cut_off()
        if not held.startswith(_END):
            raise http.client.HTTPException("a chunk is longer than it says")
        held = held[len(_END) :]


def _next_head(receive: Callable[[], bytes], held: bytes) -> tuple[re.Match[bytes], bytes]:
    """Return what says how long the next chunk is, and all that begins with it."""
    while (head := _HEAD.match(held)) is None:
        if len(held) > _LONGEST_HEAD:
            raise http.client.LineTooLong("chunk size")
        if _END in held:
            raise http.client.HTTPException("a chunk does not say how long it is")
        # Usually nothing is held: what comes is not copied once more then.
        held = held + (receive() or _cut_off()) if held else receive() or _cut_off()
    return head, held


def _cut_off() -> Never:
    raise http.client.IncompleteRead(b"")
