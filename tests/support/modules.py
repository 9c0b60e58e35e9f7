"""Module services for tests: a small control plane of their own, and instances as processes."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
from aiohttp import web

from control_plane.entitlements.key_file import KeyFile
from control_plane.kernel.canonical import sha256_hex
from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import format_id, new_id
from control_plane.sdk.envelope import (
    Envelope,
    generate_key_pair,
    key_id_of,
    public_keys_text,
    sign,
)
from control_plane.sdk.events import event_text
from control_plane.sdk.lease_messages import LeaseAnswer, parse_lease_request
from control_plane.sdk.snapshot import (
    FeatureGrant,
    FeatureKind,
    Heartbeat,
    KeyGrant,
    ServiceGrant,
    Snapshot,
    Standing,
    Window,
    new_command,
)
from inventory_modules.chassis.server import serve
from inventory_modules.chassis.settings import Settings, load_settings
from inventory_modules.registry import find_module
from tests.support.fake_leases import FakeLeases

ROOT = Path(__file__).resolve().parents[2]
SERVICE_SCOPES = {"ledger": (), "stock_query": ("ledger:read",)}
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # twelve o'clock in Shanghai
FULL_KEY, READ_KEY = "tyk_full", "tyk_read"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class FakeControlPlane:
    """Serves one tenant's signed snapshots and takes its usage events, in memory."""

    modules: tuple[str, ...] = ("inbound", "outbound", "stock_query")
    limits: dict[str, int] = field(default_factory=dict)
    test_clock: datetime | None = NOON
    standing: Standing = Standing.ACTIVE
    issued_before: timedelta = timedelta(0)
    down: bool = False
    revision: int = 0
    events: dict[tuple[str, str], dict] = field(default_factory=dict)
    received: int = 0

    def __post_init__(self) -> None:
        self.tenant = format_id("ten", new_id())
        self.instances: dict[str, str] = {}
        self.private_key, public_key = generate_key_pair()
        self.key_id = key_id_of(public_key)
        self.public_keys = public_keys_text({self.key_id: public_key})
        self.rings: list[Envelope] = []
        self.keys = [
            _key("key_full", FULL_KEY, {"inventory:read", "inventory:write"}),
            _key("key_read", READ_KEY, {"inventory:read"}),
        ]
        self.services: list[ServiceGrant] = []
        self.leases = FakeLeases(lambda feature: self.limits.get(feature, 0), time.monotonic)
        self.port = free_port()
        self.polls = 0
        self.publish()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def publish(self) -> None:
        """Make a new revision of what the fields say."""
        start = datetime(2020, 1, 1, tzinfo=UTC)
        features = {
            code: FeatureGrant(FeatureKind.BOOLEAN, (Window(start, None, "plan:test@1"),))
            for code in self.modules
        }
        if "stock_query" in self.modules:
            always = (Window(start, None, "plan:test@1"),)
            features["stock_query.history"] = FeatureGrant(FeatureKind.BOOLEAN, always)
        for code, value in self.limits.items():
            window = Window(start, None, "plan:test@1", Decimal(value))
            features[code] = FeatureGrant(FeatureKind.METERED, (window,), per="day")
        self.revision += 1
        self.snapshot = Snapshot(
            tenant=self.tenant,
            revision=self.revision,
            issued_at=SystemClock().now() - self.issued_before,
            zone="Asia/Shanghai",
            features=features,
            keys=tuple(self.keys),
            services=tuple(self.services),
            test_clock_at=self.test_clock,
            standing=self.standing,
        )

    def rotate_keys(self) -> None:
        """Sign with a new key, which alone is to be trusted from now on."""
        file = KeyFile((self.private_key, generate_key_pair()[0])).told(SystemClock().now())
        alone = KeyFile(file.keys[1:], file.rings).told(SystemClock().now())
        self.private_key = alone.signing
        self.key_id = key_id_of(alone.signing.public_key())
        self.rings = list(alone.rings)

    def admit(self, module: str) -> str:
        """Issue an instance's service token."""
        token = f"tys_{module}"
        self.instances.setdefault(module, format_id("ins", new_id()))
        scopes = frozenset(SERVICE_SCOPES.get(module, ("ledger:post",)))
        self.services.append(
            ServiceGrant(self.instances[module], module, sha256_hex(token.encode()), scopes)
        )
        self.publish()
        return token

    def events_of(self, module: str) -> list[dict]:
        return [event for event in self.events.values() if event["subject"] == module]

    def command(self, module: str, action: str, **changes) -> dict[str, str]:
        """Return the header of a signed command."""
        command = new_command(
            tenant=self.tenant,
            instance=changes.get("instance", self.instances[module]),
            action=action,
            at=changes.get("at", SystemClock().now()),
        )
        envelope = sign(command.to_bytes(), self.private_key, self.key_id)
        return {"Tallyard-Command": envelope.to_header()}

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/v1/service/snapshot", self._snapshot)
        app.router.add_get("/v1/service/stream", self._stream)
        app.router.add_post("/v1/events", self._events)
        app.router.add_post("/v1/service/leases", self._leases)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _snapshot(self, request: web.Request) -> web.Response:
        self.polls += 1
        if self.down:
            raise web.HTTPServiceUnavailable
        issued_at = SystemClock().now() - self.issued_before
        heartbeat = Heartbeat(self.tenant, self.revision, issued_at)
        newer = int(request.query["have"]) < self.revision
        return web.json_response(
            {
                "snapshot": self._sign(self.snapshot.to_bytes()) if newer else None,
                "heartbeat": self._sign(heartbeat.to_bytes()),
                "keys": [ring.to_json() for ring in self.rings[int(request.query["ring"]) :]],
            }
        )

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if self.down:
            raise web.HTTPServiceUnavailable
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        told, ring, quiet = int(request.query["have"]), int(request.query["ring"]), 0
        while not self.down:
            quiet += 1
            for envelope in self.rings[ring:]:
                await response.write(event_text("keys", envelope.to_json()))
                ring += 1
            if self.revision > told:
                told, quiet = self.revision, 0
                snapshot = self._sign(self.snapshot.to_bytes())
                await response.write(event_text("snapshot", snapshot))
            if quiet % 50 == 0:
                issued_at = SystemClock().now() - self.issued_before
                heartbeat = Heartbeat(self.tenant, self.revision, issued_at)
                await response.write(event_text("heartbeat", self._sign(heartbeat.to_bytes())))
            await asyncio.sleep(0.01)
        return response

    async def _events(self, request: web.Request) -> web.Response:
        if self.down:
            raise web.HTTPServiceUnavailable
        results = []
        for event in json.loads(await request.read()):
            self.received += 1
            identity = event["source"], event["id"]
            known = self.events.setdefault(identity, event)
            status = "accepted" if known is event else "duplicate"
            if known != event:
                status = "conflict"
            results.append({"source": identity[0], "id": identity[1], "status": status})
        return web.json_response({"results": results})

    async def _leases(self, request: web.Request) -> web.Response:
        if self.down:
            raise web.HTTPServiceUnavailable
        asked = parse_lease_request(json.loads(await request.read()))
        answer = LeaseAnswer(
            tenant=self.tenant,
            holder=asked.holder,
            request_id=asked.request_id,
            issued_at=SystemClock().now(),
            results=self.leases.handle(asked),
        )
        return web.json_response({"leases": self._sign(answer.to_bytes())})

    def _sign(self, payload: bytes) -> dict[str, str]:
        return sign(payload, self.private_key, self.key_id).to_json()


def _key(key_id: str, secret: str, scopes: set[str]) -> KeyGrant:
    return KeyGrant(key_id, sha256_hex(secret.encode()), frozenset(scopes))


@dataclass
class Instance:
    """One module's instance: in the test's own loop, or as a process that can be killed."""

    control: FakeControlPlane
    module: str
    data_dir: Path
    peers: Mapping[str, str]

    def __post_init__(self) -> None:
        self.port = free_port()
        self.token = self.control.admit(self.module)
        self.process: subprocess.Popen[bytes] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        return self.data_dir / "data.sqlite3"

    def env(self) -> dict[str, str]:
        return {
            "TALLYARD_MODULE": self.module,
            "TALLYARD_TENANT_ID": self.control.tenant,
            "TALLYARD_INSTANCE_ID": self.control.instances[self.module],
            "TALLYARD_CONTROL_URL": self.control.url,
            "TALLYARD_SERVICE_TOKEN": self.token,
            "TALLYARD_PUBLIC_KEYS": self.control.public_keys,
            "TALLYARD_DATA_DIR": str(self.data_dir),
            "TALLYARD_LISTEN": f"127.0.0.1:{self.port}",
            "TALLYARD_PEERS": json.dumps(dict(self.peers)),
        }

    def settings(self) -> Settings:
        return load_settings(self.env())

    async def start(self) -> None:
        """Serve from the running loop, over a real socket."""
        self._stop = asyncio.Event()
        definition = find_module(self.module)
        self._task = asyncio.create_task(
            serve(self.settings(), definition, SystemClock(), self._stop)
        )
        await self.wait_ready()

    async def stop(self) -> None:
        if self._task is not None:
            self._stop.set()
            await self._task
            self._task = None

    async def start_process(self, **env: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "inventory_modules"],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
                "TALLYARD_EXIT_WITH_PID": str(os.getpid()),
                **self.env(),
                **env,
            },
            stderr=(self.data_dir.parent / f"{self.module}.log").open("ab"),
        )
        await self.wait_ready()

    async def kill_process(self, number: int = signal.SIGKILL) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return await asyncio.to_thread(self.process.wait, 20)

    async def wait_ready(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        async with httpx.AsyncClient() as client:
            while True:
                try:
                    if (await client.get(f"{self.url}/health/ready")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                assert time.monotonic() < deadline, f"{self.module} never became ready"
                await asyncio.sleep(0.02)


class Fleet:
    """A tenant's instances, with the ledger under them."""

    def __init__(self, control: FakeControlPlane, folder: Path) -> None:
        self.control = control
        self._folder = folder
        self.ledger = self._instance("ledger", {})
        peers = {"ledger": self.ledger.url}
        self.inbound = self._instance("inbound", peers)
        self.outbound = self._instance("outbound", peers)
        self.stock_query = self._instance("stock_query", peers)

    @property
    def instances(self) -> tuple[Instance, ...]:
        return (self.ledger, self.inbound, self.outbound, self.stock_query)

    def _instance(self, module: str, peers: Mapping[str, str]) -> Instance:
        return Instance(self.control, module, self._folder / module, peers)
