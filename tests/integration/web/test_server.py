"""The server's bounds on a connection, over real sockets."""

import asyncio
import logging
from contextlib import asynccontextmanager

import pytest

from tests.support.ports import free_port
from tests.support.serving import live, serving
from web import server

PATIENCE_SECONDS = 20
SOON = 0.2
JAVA_OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"


async def app(scope, receive, send):
    """Tell the path, the body's length and the headers' names; for /early, before the body."""
    if scope["type"] == "lifespan":
        await live(receive, send)
        return
    if scope["path"] == "/slow":
        await asyncio.sleep(3 * SOON)
    length, more = 0, scope["path"] != "/early"
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    names = b",".join(name for name, _ in scope["headers"])
    answer = b"%s %d %s" % (scope["path"].encode(), length, names)
    headers = [(b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


@pytest.fixture
async def connect():
    """Connections to a server of the application above."""
    port = free_port()

    @asynccontextmanager
    async def connected():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                yield reader, writer
        finally:
            writer.close()

    async with serving(app, port):
        yield connected


@pytest.fixture
def short_head(monkeypatch):
    monkeypatch.setattr(server, "HEAD_SECONDS", SOON)


@pytest.fixture
def short_idle(monkeypatch):
    monkeypatch.setattr(server, "_IDLE_SECONDS", SOON)


def head(path: str, length: int = 0, more: bytes = b"") -> bytes:
    line = f"POST {path} HTTP/1.1\r\nHost: here\r\nContent-Length: {length}\r\n"
    return line.encode() + more + b"\r\n"


async def answer(reader) -> tuple[int, bytes, bytes]:
    """Return an answer's status, headers and body."""
    top = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in top.split(b"\r\n")
        if line.startswith(b"content-length")
    )
    return int(top.split()[1]), top, await reader.readexactly(length)


async def told(reader) -> bytes:
    """Return the path and the body's length as the application saw them."""
    status, _, body = await answer(reader)
    assert status == 200, body
    return b" ".join(body.split(b" ")[:2])


async def is_closed(reader) -> bool:
    try:
        return await reader.read(1) == b""
    except ConnectionResetError:
        return True


async def send_apart(writer, *pieces: bytes) -> None:
    """Send pieces so that the server reads each by itself."""
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("before", [b"", head("/before")], ids=["first", "second"])
async def test_a_head_that_goes_on_beyond_the_bound_is_refused(connect, before):
    async with connect() as (reader, writer):
        if before:
            writer.write(before)
            await told(reader)
        most = b"a" * (server.LARGEST_HEAD // 8)
        await send_apart(writer, b"GET / HTTP/1.1\r\nX-Long: ", *[most] * 8)
        status, top, _ = await answer(reader)

        assert status == 400
        assert b"connection: close" in top
        assert await is_closed(reader)


@pytest.mark.parametrize(
    "endless",
    [
        b"GET / HTTP/1.1\r\nX-Long: ",
        b"GET /",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Trailer: ",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;extension=",
    ],
    ids=["header", "line", "trailer", "extension"],
)
async def test_no_client_is_listened_to_without_end(connect, endless):
    async with connect() as (_, writer):
        writer.write(endless)
        with pytest.raises(ConnectionError):
            for _ in range(1_000):
                writer.write(b"a" * 65_536)
                await writer.drain()


async def test_a_head_within_the_bound_may_come_in_pieces(connect):
    async with connect() as (reader, writer):
        for _ in range(3):
            most = [b"X-Long: " + b"a" * 10_000 + b"\r\n"] * 5
            await send_apart(writer, b"POST /p HTTP/1.1\r\n", *most, b"Content-Length: 0\r\n\r\n")
            assert await told(reader) == b"/p 0"


async def test_a_large_body_in_pieces_is_taken(connect):
    async with connect() as (reader, writer):
        for _ in range(2):
            await send_apart(writer, head("/large", 1_000_000), *[b"a" * 50_000] * 20)
            assert await told(reader) == b"/large 1000000"


async def test_a_large_chunked_body_is_taken_and_its_trailers_are_no_headers(connect):
    async with connect() as (reader, writer):
        start = b"POST /c HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunk = b"c350\r\n" + b"a" * 50_000 + b"\r\n"
        for pieces in (
            [start, *[chunk] * 10, b"0\r\nX-Late: 1\r\n\r\n"],
            [start + b"0\r\nX-Late: 1\r\n\r\n"],
        ):
            await send_apart(writer, *pieces)
            status, _, body = await answer(reader)
            assert status == 200
            assert body.endswith(b" host,transfer-encoding")


async def test_a_connection_carries_many_requests_whose_bodies_come_apart(connect):
    async with connect() as (reader, writer):
        for number in range(20):
            await send_apart(writer, head(f"/{number}", 6), b"abc", b"def")
            assert await told(reader) == b"/%d 6" % number


async def test_pipelined_requests_are_answered_in_order(connect):
    async with connect() as (reader, writer):
        writer.write(b"".join(head(f"/{number}", 3) + b"abc" for number in range(50)))
        assert [await told(reader) for _ in range(50)] == [b"/%d 3" % n for n in range(50)]


async def test_requests_queue_up_to_a_bound(connect):
    async with connect() as (reader, writer):
        writer.write(head("/slow") + head("/next") * (server.LONGEST_QUEUE + 1))
        status, _, _ = await answer(reader)

        assert status == 400
        assert await is_closed(reader)


async def test_a_connection_that_says_nothing_is_closed(short_head, connect):
    async with connect() as (reader, _):
        assert await is_closed(reader)


@pytest.mark.parametrize("before", [b"", head("/before")], ids=["first", "second"])
async def test_half_a_head_is_not_waited_for(short_head, connect, before):
    async with connect() as (reader, writer):
        if before:
            writer.write(before)
            await told(reader)
        writer.write(b"GET / HTTP/1.1\r\nX-Half: ")
        assert await is_closed(reader)


@pytest.mark.parametrize("before", [b"", head("/before")], ids=["first", "second"])
async def test_a_head_that_dribbles_is_not_waited_for(short_head, connect, before):
    async def dribble(writer):
        while True:
            writer.write(b"a")
            await asyncio.sleep(SOON / 10)

    async with connect() as (reader, writer), asyncio.TaskGroup() as tasks:
        if before:
            writer.write(before)
            await told(reader)
        writer.write(b"GET / HTTP/1.1\r\nX-Slow: ")
        dribbling = tasks.create_task(dribble(writer))
        assert await is_closed(reader)
        dribbling.cancel()


async def test_neither_a_pause_nor_a_slow_answer_nor_a_slow_body_is_a_late_head(
    short_head, connect
):
    async with connect() as (reader, writer):
        for _ in range(2):
            writer.write(head("/slow", 6))
            await asyncio.sleep(2 * SOON)
            writer.write(b"abcdef")
            assert await told(reader) == b"/slow 6"
            await asyncio.sleep(2 * SOON)


async def test_half_a_head_that_the_server_does_not_read_on_is_not_late(short_head, connect):
    async with connect() as (reader, writer):
        last = head("/last")
        writer.write(head("/slow") + head("/next") + last[:9])
        await asyncio.sleep(SOON / 2)
        writer.write(last[9:])
        expected = [b"/slow 0", b"/next 0", b"/last 0"]
        assert [await told(reader) for _ in expected] == expected


@pytest.mark.parametrize("late", [b"abc", b"\r\n"], ids=["body", "line"])
async def test_what_comes_after_an_answer_does_not_keep_a_connection_for_ever(
    short_idle, connect, late
):
    async with connect() as (reader, writer):
        writer.write(head("/early", 3 if late == b"abc" else 0))
        assert await told(reader) == b"/early 0"
        writer.write(late)
        assert await is_closed(reader)


@pytest.mark.parametrize("apart", [False, True], ids=["at once", "apart"])
async def test_an_offer_to_upgrade_is_passed_over(connect, caplog, apart):
    caplog.set_level(logging.WARNING)
    async with connect() as (reader, writer):
        for number in range(3):
            pieces = (head(f"/{number}", 6, JAVA_OFFER), b"abc", b"def")
            await send_apart(writer, *(pieces if apart else [b"".join(pieces)]))
            status, top, body = await answer(reader)
            assert (status, body[:4]) == (200, b"/%d 6" % number)
            assert b"connection: close" not in top
    assert caplog.records == []


async def test_offers_to_upgrade_are_passed_over_in_a_row_and_with_chunks(connect):
    async with connect() as (reader, writer):
        get = b"GET /get HTTP/1.1\r\nHost: here\r\n" + JAVA_OFFER + b"\r\n"
        chunked = b"POST /chunked HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + JAVA_OFFER
        writer.write(get + chunked + b"\r\n3\r\nabc\r\n0\r\n\r\n" + get + head("/plain", 1) + b"a")
        expected = [b"/get 0", b"/chunked 3", b"/get 0", b"/plain 1"]
        assert [await told(reader) for _ in expected] == expected


async def test_a_tunnel_is_refused(connect):
    async with connect() as (reader, writer):
        writer.write(b"CONNECT there:443 HTTP/1.1\r\nHost: there:443\r\n\r\n")
        status, _, _ = await answer(reader)
        assert status == 400
