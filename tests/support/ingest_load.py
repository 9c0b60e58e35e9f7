"""Load on a web process: so many requests a second over so many connections, or all there is."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import psycopg

from tests.support.ingest_bench import Bench, body_of, events

Act = Callable[[], Awaitable[None]]
"""One request, or one commit, over a connection of its own."""


async def paced(acts: Sequence[Act], rate: float, count: int) -> list[float]:
    """Act ``count`` times at an even pace over all connections; return how long each took.

    The time runs from when it was due: an answer that is late delays nobody's clock but its own.
    """
    start = time.perf_counter() + 0.1
    due = iter([start + n / rate for n in range(count)])
    took: list[float] = []

    async def turn(act: Act) -> None:
        for at in due:
            await asyncio.sleep(at - time.perf_counter())
            await act()
            took.append(time.perf_counter() - at)

    await asyncio.gather(*map(turn, acts))
    return took


async def unpaced(acts: Sequence[Act], count: int) -> list[float]:
    """Act ``count`` times, over every connection again and again; return how long each took."""
    left = iter(range(count))
    took: list[float] = []

    async def turn(act: Act) -> None:
        for _ in left:
            begun = time.perf_counter()
            await act()
            took.append(time.perf_counter() - begun)

    await asyncio.gather(*map(turn, acts))
    return took


async def senders(port: int, requests: Iterator[bytes], connections: int) -> list[Act]:
    """Open connections over each of which the next request can be sent and its answer awaited."""

    async def opened() -> Act:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def send() -> None:
            writer.write(next(requests))
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = head.lower().split(b"content-length:")[1].split(b"\r\n")[0]
            answer = await reader.readexactly(int(length))
            assert b"accepted" in answer, answer[:500]

        return send

    return [await opened() for _ in range(connections)]


async def committers(url: str, connections: int) -> list[Act]:
    """Open connections over each of which one row is inserted and committed."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as superuser:
        await superuser.execute("CREATE TABLE IF NOT EXISTS bare (id uuid PRIMARY KEY, data jsonb)")

    async def opened() -> Act:
        connection = await psycopg.AsyncConnection.connect(url, autocommit=True)

        async def commit() -> None:
            await connection.execute(
                "INSERT INTO bare VALUES (uuidv7(), %s)", ['{"lines": 3, "units": "12"}']
            )

        return commit

    return [await opened() for _ in range(connections)]


def endless(bench: Bench, size: int) -> Iterator[bytes]:
    """Write deliveries of ``size`` new events, as long as somebody asks for more."""
    mark = "0" * 8
    template = bench.request("/v1/events", body_of(events(f"load-{mark}", size)))
    for n in itertools.count():
        yield template.replace(mark.encode(), f"{n:08d}".encode())


async def full_load(port: int, seconds: float, requests: Iterator[bytes], connections: int) -> int:
    """Send as fast as is answered; return how many requests were."""
    until = time.perf_counter() + seconds
    sent = 0

    async def sender(act: Act) -> None:
        nonlocal sent
        while time.perf_counter() < until:
            await act()
            sent += 1

    await asyncio.gather(*map(sender, await senders(port, requests, connections)))
    return sent


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process and of those it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
    return own + sum(resident_bytes(int(child)) for child in children)
