"""A web process over a tenant with forty features and an API key that may ask about them."""

import asyncio
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import psycopg

from control_plane.entitlements.repository import SnapshotRepository
from control_plane.entitlements.signer import Signer
from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.database import Database
from control_plane.runtime.settings import Settings
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.sdk.snapshot import FeatureGrant, FeatureKind, Snapshot, Window
from tests.support import cluster, serving
from tests.support.ingest_bench import free_port, seed_bench, send_all

FEATURES = 40
COUNTED = "orders"
PATIENCE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class CheckBench:
    """A running web process, and the secret of a key that may ask."""

    secret: str
    port: int

    def request(self, path: str, feature: str) -> bytes:
        """Write a whole HTTP request, ready to be sent."""
        body = json.dumps({"feature": feature}).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: Bearer {self.secret}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


@contextmanager
def running_checks() -> Iterator[CheckBench]:
    """Start a fresh database and one web process; stop and drop both afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        settings = cluster.create_database(Path(folder))
        try:
            tenant_id, secret = seed_bench(settings)
            with psycopg.connect(settings.database_url, autocommit=True) as connection:
                connection.execute("UPDATE api_keys SET scopes = '{read}'")
            asyncio.run(_publish(settings, tenant_id))
            bench = CheckBench(secret, free_port())
            process = _start(settings, bench.port)
            try:
                _wait(bench)
                yield bench
            finally:
                os.killpg(process.pid, signal.SIGKILL)  # its worker, too
                process.wait(20)
        finally:
            cluster.drop_database(settings)


async def _publish(settings: Settings, tenant_id: TenantId) -> None:
    now = SystemClock().now()
    start = now - timedelta(days=1)
    features = {
        f"module_{n}": FeatureGrant(FeatureKind.BOOLEAN, (Window(start, None, "plan:bench@1"),))
        for n in range(FEATURES)
    }
    window = Window(start, None, "plan:bench@1", Decimal(10**9))
    features[COUNTED] = FeatureGrant(FeatureKind.METERED, (window,), per="day")
    snapshot = Snapshot(format_id("ten", tenant_id), 1, now, "Asia/Shanghai", features)
    envelope = Signer.load(settings.signing_key_path).sign(snapshot.to_bytes())
    database = Database(settings)
    async with UnitOfWork(database)(tenant_id) as session:
        await SnapshotRepository(session).add(tenant_id, snapshot, envelope)
    await database.close()


def _start(settings: Settings, port: int) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        "TALLYARD_DATABASE_URL": settings.database_url,
        "TALLYARD_SECRET_KEY": settings.secret_key,
        "TALLYARD_VAR_DIR": str(settings.var_dir),
        "TALLYARD_PORT": str(port),
    }
    command = serving.command("tests.support.check_app:app", port)
    return subprocess.Popen(command, env=environment, start_new_session=True)


def _wait(bench: CheckBench) -> None:
    """Wait until the whole way works: the first checks also open its connections."""
    warm = [
        bench.request(path, feature)
        for path in ("/v1/entitlements/check", "/bare")
        for feature in ["module_0", COUNTED] * 100
    ]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            send_all(bench.port, warm, 8)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the web process did not start")
