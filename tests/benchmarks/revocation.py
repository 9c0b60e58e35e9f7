"""From the commit that takes a feature away to "no" in 50 connected instances.

Every instance is a process of its own with the SDK's subscriber; the instant is taken after its own
check has said no. The baseline is a bare NOTIFY, passed on as a server-sent event by the same web
process, behind the same middleware, to the same 50 processes. It carries as many bytes as the
signed snapshot's event does, since so much has to be delivered; nothing is read, verified or
decided on that side. Both transactions write a row as large as the snapshot; time runs from just
before their commit. The sides take turns.
"""

import asyncio
import json
import math
import time
from collections.abc import Iterable
from datetime import timedelta

import psycopg

from control_plane.entitlements.repository import SnapshotRepository
from control_plane.identity.secret_texts import secret_hash
from control_plane.kernel.canonical import sha256_hex
from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import format_id
from control_plane.runtime.database import Database
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.sdk.envelope import Envelope
from control_plane.sdk.snapshot import (
    FeatureGrant,
    FeatureKind,
    KeyGrant,
    ServiceGrant,
    Snapshot,
    Window,
)
from tests.support.push_app import CHANNEL
from tests.support.push_bench import FEATURE, Door, Fleet, Push, running_fleet, running_push

INSTANCES = 50
FEATURES = 20
KEYS = 5
SERVICES = 6
ROUNDS = {"small": 300, "full": 600}
WARM_UP = 3


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield the p99 over all instances and rounds, in milliseconds."""
    with running_push() as push:
        publisher = _Publisher(push)
        asyncio.run(publisher.first(Database(push.settings)))
        tenant = format_id("ten", push.tenant_id)
        door = Door(push.port, push.token, tenant, push.signer.public_keys_text())
        with running_fleet(door, INSTANCES) as fleet:
            fleet.allowed.read()
            fleet.bare.read()
            measuring = _measure(publisher, Database(push.settings), fleet, ROUNDS[size])
            revoked, bare = asyncio.run(measuring)
    value, baseline = _percentile(revoked, 0.99), _percentile(bare, 0.99)
    yield {
        "name": "revocation",
        "value": round(value * 1000, 2),
        "unit": "ms p99",
        "baseline": round(baseline * 1000, 2),
        "ratio": round(value / baseline, 3),
        "conditions": {
            "instances": INSTANCES,
            "processes": INSTANCES,
            "web_processes": 1,
            "rounds": ROUNDS[size],
            "features": FEATURES,
            "keys": KEYS,
            "durable": True,
            "median_ms": round(_percentile(revoked, 0.5) * 1000, 2),
            "baseline_median_ms": round(_percentile(bare, 0.5) * 1000, 2),
            "baseline": "NOTIFY passed on as a server-sent event of the same size, same web "
            "process and middleware",
        },
    }


async def _measure(
    publisher: "_Publisher", database: Database, fleet: Fleet, rounds: int
) -> tuple[list[float], list[float]]:
    """Return the seconds from the commit to each instance, of both sides."""
    revoked: list[float] = []
    bare: list[float] = []
    work = UnitOfWork(database)
    connection = await psycopg.AsyncConnection.connect(database.settings.database_url)
    await connection.execute("CREATE TABLE bare_rows (payload bytea)")
    await connection.commit()
    for number in range(WARM_UP + rounds):
        fleet.denied.clear()
        committed, signed = await publisher.publish(work, allowed=False)
        denials = [at - committed for at in fleet.denied.read()]
        fleet.allowed.clear()
        await publisher.publish(work, allowed=True)
        fleet.allowed.read()
        fleet.bare.clear()
        committed = await _notify(connection, signed)
        deliveries = [at - committed for at in fleet.bare.read()]
        if number >= WARM_UP:
            revoked += denials
            bare += deliveries
    await connection.close()
    await database.close()
    return revoked, bare


async def _notify(connection: psycopg.AsyncConnection, signed: Envelope) -> float:
    """Commit a row and a notification of the size that a snapshot's row and event have."""
    text = json.dumps(signed.to_json(), separators=(",", ":"))
    await connection.execute("INSERT INTO bare_rows VALUES (%s)", [signed.payload])
    await connection.execute("SELECT pg_notify(%s, %s)", [CHANNEL, text])
    committed = time.monotonic()
    await connection.commit()
    return committed


class _Publisher:
    """Publishes snapshots of a tenant with many features, one of which comes and goes."""

    def __init__(self, push: Push) -> None:
        self._tenant_id = push.tenant_id
        self._signer = push.signer
        self._services = tuple(
            ServiceGrant(f"ins_{n}", "outbound", secret_hash(push.token), frozenset())
            for n in range(SERVICES)
        )
        self._revision = 0
        now = SystemClock().now()
        self._window = Window(now - timedelta(days=1), now + timedelta(days=300), "plan:bench@1")

    async def first(self, database: Database) -> None:
        await self.publish(UnitOfWork(database), allowed=True)
        await database.close()

    async def publish(self, work: UnitOfWork, *, allowed: bool) -> tuple[float, Envelope]:
        """Commit the next revision; return the instant just before, and what was signed."""
        self._revision += 1
        snapshot = self._snapshot(allowed=allowed)
        envelope: Envelope = self._signer.sign(snapshot.to_bytes())
        async with work(self._tenant_id) as session:
            await SnapshotRepository(session).add(self._tenant_id, snapshot, envelope)
            committed = time.monotonic()
        return committed, envelope

    def _snapshot(self, *, allowed: bool) -> Snapshot:
        grant = FeatureGrant(FeatureKind.BOOLEAN, (self._window,))
        features = {f"module_{n}": grant for n in range(FEATURES - 1)}
        features[FEATURE] = grant if allowed else FeatureGrant(FeatureKind.BOOLEAN, ())
        keys = tuple(
            KeyGrant(f"key_{n}", sha256_hex(f"{n}".encode()), frozenset({"inventory:read"}))
            for n in range(KEYS)
        )
        tenant = format_id("ten", self._tenant_id)
        now = SystemClock().now()
        return Snapshot(
            tenant, self._revision, now, "Asia/Shanghai", features, keys, self._services
        )


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[math.ceil(share * len(values)) - 1]
