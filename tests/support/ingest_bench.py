"""What both ingest benchmarks share: a database, a web process, events and a lean client."""

import asyncio
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psycopg

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.identity.secret_texts import API_KEY, new_secret, secret_hash, shown_prefix
from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import TenantId, new_id
from control_plane.runtime.database import Database
from control_plane.runtime.settings import Settings
from tests.support import cluster, serving
from tests.support.usage import CATALOGUE, cloud_event

ANSWERED = 200


@dataclass(frozen=True, slots=True)
class Bench:
    """A running web process over a fresh database with one tenant."""

    settings: Settings
    tenant_id: TenantId
    secret: str
    port: int
    pid: int = 0

    def request(self, path: str, body: bytes) -> bytes:
        """Write a whole HTTP request, ready to be sent."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: Bearer {self.secret}\r\n"
            "Content-Type: application/cloudevents-batch+json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


@contextmanager
def running_web() -> Iterator[Bench]:
    """Start a fresh database and one web process; stop and drop both afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        settings = cluster.create_database(Path(folder))
        try:
            tenant_id, secret = seed_bench(settings)
            bench = Bench(settings, tenant_id, secret, free_port())
            process = _start(bench)
            try:
                _wait(bench)
                yield replace(bench, pid=process.pid)
            finally:
                process.terminate()
                process.wait(20)
        finally:
            cluster.drop_database(settings)


def events(prefix: str, count: int) -> list[dict[str, object]]:
    """Make events like those of a module, all new, of the last hours."""
    start = datetime.now(UTC) - timedelta(hours=5)  # noqa: TID251 - judged by a real server
    return [
        cloud_event(
            f"{prefix}-{new_id()}",
            source="/instances/ins_01jh2k3m4n5p6q7r8s9t0vwxyz",
            time=(start + timedelta(seconds=n)).isoformat(),
            data={"calls": 1, "lines": n % 9 + 1, "units": f"{n % 50}.5"},
        )
        for n in range(count)
    ]


def body_of(batch: Sequence[object]) -> bytes:
    return msgspec.json.encode(batch)


def send_all(port: int, requests: Sequence[bytes], connections: int) -> float:
    """Send every request once over kept-alive connections; return the seconds it took."""
    return asyncio.run(_send_all(port, requests, connections))


async def _send_all(port: int, requests: Sequence[bytes], connections: int) -> float:
    queue = iter(requests)
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(connections)]

    async def sender(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for request in queue:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = head.lower().split(b"content-length:")[1].split(b"\r\n")[0]
            answer = await reader.readexactly(int(length))
            assert b"rejected" not in answer, answer[:500]

    start = time.perf_counter()
    await asyncio.gather(*[sender(*streams) for streams in opened])
    seconds = time.perf_counter() - start
    for _, writer in opened:
        writer.close()
    return seconds


def seed_bench(settings: Settings) -> tuple[TenantId, str]:
    tenant_id, secret = TenantId(new_id()), new_secret(API_KEY)
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO organisations (id, slug, name, zone, language, currency, sandbox, "
            "created_at, state) VALUES (%s, 'bench', 'Bench', 'Asia/Shanghai', 'en', 'CNY', "
            "false, '2026-01-01Z', 'active')",
            [tenant_id],
        )
        connection.execute(
            "INSERT INTO api_keys "
            "(tenant_id, id, name, prefix, hash, scopes, created_by, created_at) "
            "VALUES (%s, %s, 'bench', %s, %s, '{events:write}', 'bench', '2026-01-01Z')",
            [tenant_id, new_id(), shown_prefix(secret), secret_hash(secret)],
        )
    asyncio.run(_publish(settings))
    return tenant_id, secret


async def _publish(settings: Settings) -> None:
    database = Database(settings)
    await ApplyCatalog(database, SystemClock())(CATALOGUE)
    await database.close()


def _start(bench: Bench) -> "subprocess.Popen[bytes]":
    settings = bench.settings
    environment = {
        **os.environ,
        "TALLYARD_DATABASE_URL": settings.database_url,
        "TALLYARD_SECRET_KEY": settings.secret_key,
        "TALLYARD_VAR_DIR": str(settings.var_dir),
        "TALLYARD_PORT": str(bench.port),
    }
    return subprocess.Popen(
        serving.command("tests.support.ingest_app:app", bench.port), env=environment
    )


def _wait(bench: Bench) -> None:
    """Wait until the whole way works: the first deliveries also open its connections."""
    for _ in range(300):
        try:
            send_all(bench.port, _first_deliveries(bench), 8)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the web process did not start")


def _first_deliveries(bench: Bench) -> list[bytes]:
    warm = [body_of([event]) for event in events("warm", 400)]
    return [bench.request(path, body) for body in warm for path in ("/v1/events", "/parse")]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
