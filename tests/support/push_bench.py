"""Instances of a service as processes, each connected twice: as a service is, and to ``/bare``."""

import http.client
import mmap
import os
import signal
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from control_plane.entitlements.signer import Signer
from control_plane.identity.secret_texts import SERVICE_TOKEN, new_secret, secret_hash
from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import TenantId, new_id
from control_plane.runtime.settings import Settings
from control_plane.sdk.client import EntitlementState
from control_plane.sdk.envelope import load_public_keys
from control_plane.sdk.keyring import KeyRing
from control_plane.sdk.subscriber import Subscriber
from tests.support import cluster, serving
from tests.support.ingest_bench import free_port, seed_bench

FEATURE = "outbound"
_SLOT = struct.Struct("d")
_PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Push:
    """A running web process over a fresh database, with one tenant and a service's token."""

    settings: Settings
    tenant_id: TenantId
    token: str
    signer: Signer
    port: int


@contextmanager
def running_push() -> Iterator[Push]:
    """Start a fresh database and one web process; stop and drop both afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        settings = cluster.create_database(Path(folder))
        try:
            tenant_id, _ = seed_bench(settings)
            signer = Signer.load(settings.signing_key_path)
            push = Push(settings, tenant_id, _token(settings, tenant_id), signer, free_port())
            process = _start(push)
            try:
                _wait(push.port)
                yield push
            finally:
                os.killpg(process.pid, signal.SIGKILL)  # its worker, too
                process.wait(20)
        finally:
            cluster.drop_database(settings)


def _token(settings: Settings, tenant_id: TenantId) -> str:
    secret = new_secret(SERVICE_TOKEN)
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO service_tokens (tenant_id, id, instance_id, module, hash, scopes, "
            "created_at) VALUES (%s, %s, %s, 'outbound', %s, '{}', '2026-01-01Z')",
            [tenant_id, new_id(), new_id(), secret_hash(secret)],
        )
    return secret


def _start(push: Push) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        "TALLYARD_DATABASE_URL": push.settings.database_url,
        "TALLYARD_SECRET_KEY": push.settings.secret_key,
        "TALLYARD_VAR_DIR": str(push.settings.var_dir),
    }
    command = serving.command("tests.support.push_app:app", push.port)
    return subprocess.Popen(command, env=environment, start_new_session=True)


def _wait(port: int) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise TimeoutError("the web process did not start")


@dataclass(frozen=True, slots=True)
class Door:
    """Where instances connect, and as whom."""

    port: int
    token: str
    tenant: str
    public_keys: str


class Board:
    """One instant for each instance, in memory that all processes share; 0 is none yet."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._memory = mmap.mmap(-1, _SLOT.size * count)

    def write(self, number: int) -> None:
        _SLOT.pack_into(self._memory, number * _SLOT.size, time.monotonic())

    def clear(self) -> None:
        self._memory[:] = bytes(_SLOT.size * self.count)

    def read(self) -> list[float]:
        """Wait until every instance has written, and return the instants."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            found = [slot[0] for slot in _SLOT.iter_unpack(self._memory)]
            if all(found):
                return found
            if time.monotonic() > deadline:
                raise TimeoutError(f"{found.count(0.0)} of {self.count} were not told")
            time.sleep(0.002)


@dataclass(frozen=True, slots=True)
class Fleet:
    """When each instance was told (``bare``), denied, or allowed again."""

    bare: Board
    denied: Board
    allowed: Board


@contextmanager
def running_fleet(door: Door, count: int) -> Iterator[Fleet]:
    """Fork so many instances, and end them afterwards."""
    fleet = Fleet(Board(count), Board(count), Board(count))
    pids = [_instance(door, fleet, number) for number in range(count)]
    try:
        yield fleet
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _instance(door: Door, fleet: Fleet, number: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        threading.Thread(target=_hear, args=[door, fleet.bare, number], daemon=True).start()
        _follow(door, fleet, number)
        threading.Event().wait()
    finally:
        os._exit(1)


def _follow(door: Door, fleet: Fleet, number: int) -> None:
    ring = KeyRing(load_public_keys(door.public_keys))
    state = EntitlementState(tenant=door.tenant, keys=ring, clock=SystemClock())

    def decide(changed: bool) -> None:
        if changed:
            board = fleet.allowed if state.check(FEATURE).allowed else fleet.denied
            board.write(number)

    url = f"http://127.0.0.1:{door.port}"
    Subscriber(state, url=url, token=door.token, ring=ring, on_news=decide).start()


def _hear(door: Door, board: Board, number: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", door.port)
    connection.request("GET", "/bare", headers={"Authorization": f"Bearer {door.token}"})
    response = connection.getresponse()
    while line := response.readline():
        if line.startswith((b"data:", b": here")):
            board.write(number)
