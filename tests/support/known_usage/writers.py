"""Several writers over HTTP, and what is killed under them while they write."""

import asyncio
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import httpx
import msgspec
import psycopg
import pytest

from control_plane.runtime.postgres import EmbeddedPostgres, PostgresNotStarted
from control_plane.runtime.settings import Settings
from tests.support import serving
from tests.support.ingest_bench import free_port

BATCH = 1_000
_PATIENCE_SECONDS = 600.0  # a server that lost gigabytes of memory takes minutes to recover


def batches(events: Iterable[dict[str, Any]], size: int = BATCH) -> Iterator[list[dict[str, Any]]]:
    """Cut what is told into deliveries."""
    left = iter(events)
    while batch := list(islice(left, size)):
        yield batch


class Webs:
    """Web processes of one database, each on a port of its own, that can be killed."""

    def __init__(self, settings: Settings, count: int) -> None:
        self.settings = settings
        self.ports = [free_port() for _ in range(count)]
        self.processes = [self._start(port) for port in self.ports]

    def _start(self, port: int) -> "subprocess.Popen[bytes]":
        environment = {
            **os.environ,
            "TALLYARD_DATABASE_URL": self.settings.database_url,
            "TALLYARD_SECRET_KEY": self.settings.secret_key,
            "TALLYARD_VAR_DIR": str(self.settings.var_dir),
        }
        command = serving.command("tests.support.ingest_app:app", port)
        # Its workers are children of their own: the whole group is killed.
        return subprocess.Popen(command, env=environment, start_new_session=True)

    def kill(self, n: int) -> None:
        """Kill one in the middle of whatever it does, and start another in its place."""
        self._end(self.processes[n])
        self.processes[n] = self._start(self.ports[n])

    def end(self) -> None:
        for process in self.processes:
            self._end(process)

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)


@contextmanager
def running(settings: Settings, count: int) -> Iterator[Webs]:
    webs = Webs(settings, count)
    try:
        yield webs
    finally:
        webs.end()


class Sending:
    """Deliveries on their way: each is sent again, to any process, until it is answered."""

    def __init__(self, webs: Webs, secret: str, seed: int) -> None:
        self.webs, self.chance = webs, random.Random(seed)
        self.headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        self.statuses: Counter[str] = Counter()
        self.resent = 0
        self.answered = 0

    async def all(self, deliveries: Iterator[list[dict[str, Any]]], writers: int) -> None:
        """Send them all through so many writers, which take them in order."""
        async with (
            httpx.AsyncClient(headers=self.headers, timeout=60) as client,
            asyncio.TaskGroup() as group,
        ):
            for _ in range(writers):
                group.create_task(self._write(client, deliveries))

    async def _write(
        self, client: httpx.AsyncClient, deliveries: Iterator[list[dict[str, Any]]]
    ) -> None:
        for delivery in deliveries:
            results = await self._send(client, msgspec.json.encode(delivery))
            assert len(results) == len(delivery)
            self.statuses.update(result["status"] for result in results)
            self.answered += 1

    async def _send(self, client: httpx.AsyncClient, body: bytes) -> Sequence[dict[str, Any]]:
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            port = self.chance.choice(self.webs.ports)
            try:
                answer = await client.post(f"http://127.0.0.1:{port}/v1/events", content=body)
            except httpx.TransportError:
                answer = None  # whether it was stored, nobody knows: the same is sent again
            if answer is not None and answer.status_code == 200:
                return answer.json()["results"]
            assert answer is None or answer.status_code in {429, 503}, answer.text
            self.resent += 1
            await asyncio.sleep(0.05)
        pytest.fail("a delivery was never answered")


def crash_backend(settings: Settings) -> None:
    """Kill one server process of the database: PostgreSQL drops all connections and recovers."""
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        found = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1"
        ).fetchone()
    if found:
        os.kill(found[0], signal.SIGKILL)


async def crash_server(server: EmbeddedPostgres) -> None:
    """Kill the whole server at once, and start it again over what is on disk."""
    process = server._process
    assert process is not None
    process.kill()
    process.wait(20)
    for _ in range(100):
        try:
            server.start()
        except PostgresNotStarted:
            await asyncio.sleep(0.1)  # its orphans have not noticed yet
        else:
            return
    pytest.fail("PostgreSQL did not start again")
