"""What a stream says is the same however it was cut on its way."""

import http.client
import io
import json
import socket
import threading
from contextlib import suppress
from itertools import pairwise
from types import SimpleNamespace

import pytest

from control_plane.sdk.control_link import ControlLink
from control_plane.sdk.events import LARGEST, StreamEvent, event_text, read_events
from control_plane.sdk.stream_body import read_body, read_chunks

WRITTEN = (
    b": hello\n\n"
    b'id: 7\nevent: snapshot\ndata: {"a":1}\n\n\n'
    b"data:no space\r\n\r\n"
    b"event: two\nretry: 5\ndata: one\ndata:  two\nnothing\n\n"
    b"event: empty\n\n"
    b"event: bad \xff\ndata: \xe7\xae\xb1\n\n"
    b"event: cut\ndata: off\n"
)
MEANT = [
    StreamEvent("snapshot", b'{"a":1}', "7"),
    StreamEvent("message", b"no space"),
    StreamEvent("two", b"one\n two"),
    StreamEvent("bad \ufffd", "箱".encode()),
]


def cuts(data: bytes):
    """Whole, byte by byte, and in two at every place."""
    yield [data]
    yield [data[n : n + 1] for n in range(len(data))]
    yield from ([data[:n], data[n:]] for n in range(1, len(data)))


def chunked(*bodies: bytes) -> bytes:
    return b"".join(b"%x;why=so\r\n%s\r\n" % (len(body), body) for body in bodies)


def unchunked(pieces) -> list[bytes]:
    coming = iter(pieces)
    return list(read_chunks(lambda: next(coming, b"")))


def test_events_are_the_same_however_they_were_cut():
    for pieces in cuts(WRITTEN):
        assert list(read_events(pieces)) == MEANT


def test_an_event_is_given_once_it_is_whole():
    coming = iter([b"data: 1\n", b"\ndata: 2"])

    assert next(read_events(coming)).data == b"1"


def test_an_event_longer_than_any_snapshot_is_refused():
    with pytest.raises(http.client.LineTooLong):
        list(read_events([b"data: " + b"a" * 16_000_000]))


def test_chunks_are_the_same_however_they_were_cut():
    body = chunked(b"one", b"\r\n", b"0\r\n\r\n", b"x" * 300) + b"0\r\ntrailer: 1\r\n\r\n"

    for pieces in cuts(body):
        assert b"".join(unchunked(pieces)) == b"one\r\n0\r\n\r\n" + b"x" * 300


def test_a_chunk_is_given_before_the_next_one_comes():
    coming = iter([chunked(b"one")])
    assert next(read_chunks(lambda: next(coming))) == b"one"


@pytest.mark.parametrize("written", [b"5\r\nhello\r\n", b"5\r\nhel", b"5\r\nhello\r", b"5", b""])
def test_a_body_that_ends_before_its_last_chunk_was_cut_off(written):
    with pytest.raises(http.client.IncompleteRead):
        unchunked([written])


@pytest.mark.parametrize(
    "written",
    [b"g\r\n", b"-1\r\n", b"\r\n", b"0x5\r\n", b"1_0\r\n", b"5\nhello\r\n", b"3\r\nhello\r\n"],
)
def test_what_is_no_chunk_is_refused(written):
    with pytest.raises(http.client.HTTPException):
        unchunked([written + b"0\r\n\r\n"])


def test_a_length_that_never_ends_is_refused():
    with pytest.raises(http.client.LineTooLong):
        unchunked([b"0" * 10_000])


def test_all_that_the_headers_reader_holds_comes_first_however_large_it_is():
    body = chunked(b"x" * 100_000, b"y") + b"0\r\n\r\n"
    came = io.BytesIO(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    reader = io.BufferedReader(came, 131_072)  # as large as Python 3.14 makes them
    sock = SimpleNamespace(makefile=lambda mode: reader, recv=lambda most: b"")
    response = http.client.HTTPResponse(sock)
    response.begin()

    assert b"".join(read_body(response, sock)) == b"x" * 100_000 + b"y"


class Ticking:
    """A clock that is a second further whenever somebody looks."""

    seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 1
        return self.seconds


@pytest.mark.parametrize(("between", "holds"), [(b": still here\n\n", False), (b"", True)])
def test_comments_alone_are_silence(between, holds):
    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            for n in range(300):
                connection.sendall(between or event_text("heartbeat", n))
                threading.Event().wait(0.001)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=[server])
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        events = ControlLink(url, "tys_token", silence_seconds=4, clock=Ticking()).stream(0, 0)
        if holds:
            assert len(list(events)) == 300
        else:
            with pytest.raises(TimeoutError):
                list(events)
        thread.join()


@pytest.mark.parametrize("length", [b"Content-Length: 16000001\r\n", b""])
@pytest.mark.parametrize("ask", [lambda link: link.fetch(0, 0), lambda link: link.post("/", {})])
def test_an_answer_longer_than_any_snapshot_is_refused(ask, length):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + length + b"\r\n"

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(head)
            connection.sendall(b"[]" + b" " * (LARGEST - 1))
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):  # what is unread at the end would break the connection
                pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=[server])
        thread.start()
        link = ControlLink(f"http://127.0.0.1:{server.getsockname()[1]}", "tys_token")
        with pytest.raises(http.client.LineTooLong):
            ask(link)
        thread.join()


@pytest.mark.parametrize("pause", [False, True])
@pytest.mark.parametrize("transfer", ["chunked", "close", "length"])
def test_a_link_follows_whichever_way_a_stream_is_sent(transfer, pause):
    events = [event_text("snapshot", {"n": n, "much": "x" * 9000}, str(n)) for n in range(3)]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    if transfer == "chunked":
        head += b"Transfer-Encoding: chunked\r\n\r\n"
        parts = [*(chunked(event) for event in events), b"0\r\n\r\n"]
    elif transfer == "close":
        head, parts = head + b"Connection: close\r\n\r\n", events
    else:
        head, parts = head + b"Content-Length: %d\r\n\r\n" % len(b"".join(events)), events

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve, args=[server, [head, *parts], pause])
        thread.start()
        link = ControlLink(f"http://127.0.0.1:{server.getsockname()[1]}", "tys_token")
        followed = list(link.stream(0, 0))
        thread.join()

    assert [json.loads(event.data)["n"] for event in followed] == [0, 1, 2]
    assert [event.id for event in followed] == ["0", "1", "2"]


def _serve(server: socket.socket, parts: list[bytes], pause: bool) -> None:
    """Send the parts in one piece, or each half on its own."""
    connection, _ = server.accept()
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while b"\r\n\r\n" not in connection.recv(65_536):
            pass
        whole = b"".join(parts)
        places = [*range(0, len(whole), 4999), len(whole)] if pause else [0, len(whole)]
        for begin, end in pairwise(places):
            connection.sendall(whole[begin:end])
