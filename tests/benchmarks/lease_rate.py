"""Lease operations of 16 instances on one hot account against a bare conditional UPDATE.

Every operation is a renewal in a request of its own: idempotent, fenced, decided by the newest
entitlement, its answer stored and signed, committed before it is answered. The instances share one
web process's use case; HTTP, and the holder's own check of the signature, are left out. The
baseline is 16 clients that add to one row of a table of two columns while it stays below a limit:
prepared, one round trip and one commit each. Both sides take turns on one durable database.
"""

import asyncio
import tempfile
import time
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import msgspec
import psycopg

from control_plane.entitlements.signer import Signer
from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import new_id
from control_plane.runtime.database import Database
from control_plane.runtime.settings import Settings
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.sdk.lease_messages import LeaseOp, LeaseOperation, LeaseRequest
from control_plane.sdk.snapshot import FeatureKind
from tests.support import cluster
from tests.support.leasing import Leasing, granted, new_tenant

INSTANCES = 16
UNITS = 100
LIMIT = 10**14
ROUNDS = 5
OPERATIONS = {"small": 100, "full": 1_000}

Connection = psycopg.AsyncConnection[tuple[object, ...]]


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield operations a second of both sides."""
    with tempfile.TemporaryDirectory() as folder:
        settings = cluster.create_database(Path(folder))
        try:
            leased, bare = asyncio.run(_measure(settings, OPERATIONS[size]))
        finally:
            cluster.drop_database(settings)
    operations = INSTANCES * OPERATIONS[size]
    value, baseline = operations / median(leased), operations / median(bare)
    yield {
        "name": "lease_rate",
        "value": round(value),
        "unit": "operations/s",
        "baseline": round(baseline),
        "ratio": round(value / baseline, 3),
        "conditions": {
            "instances": INSTANCES,
            "lease_units": UNITS,
            "units_per_second": round(value * UNITS),
            "operations_each": OPERATIONS[size],
            "rounds": ROUNDS,
            "durable": True,
            "http": False,
            "baseline": "one conditional UPDATE of one row a commit, 16 connections",
        },
    }


async def _measure(settings: Settings, operations: int) -> tuple[list[float], list[float]]:
    leasing = await _leasing(settings)
    clients = [await _client(settings) for _ in range(INSTANCES)]
    instances = [_Instance(leasing, f"ins_{n}") for n in range(INSTANCES)]
    await asyncio.gather(*[one.begin() for one in instances])
    leased, bare = [], []
    for _ in range(ROUNDS):
        leased.append(await _timed([one.renew(operations) for one in instances]))
        bare.append(await _timed([_updates(one, operations) for one in clients]))
    for client in clients:
        await client.close()
    await leasing.work.database.close()
    return leased, bare


async def _timed(work: Sequence[Coroutine[object, object, None]]) -> float:
    start = time.perf_counter()
    await asyncio.gather(*work)
    return time.perf_counter() - start


class _Instance:
    """Renews its lease again and again, each time having spent what it got."""

    def __init__(self, leasing: Leasing, holder: str) -> None:
        self._leasing = leasing
        self._holder = holder
        self._spent = 0

    async def begin(self) -> None:
        self._lease = await self._leasing.acquire("calls", UNITS, holder=self._holder)

    async def renew(self, operations: int) -> None:
        lease, tenant_id = self._lease, self._leasing.tenant_id
        for _ in range(operations):
            self._spent += UNITS
            asked = LeaseOperation(
                LeaseOp.RENEW,
                lease=lease.lease,
                fence=lease.fence,
                spent=self._spent,
                units=self._spent + UNITS,
            )
            request = LeaseRequest(str(new_id()), self._holder, 1, (asked,))
            answer = await self._leasing.use(tenant_id, request)
            [result] = msgspec.json.decode(answer.payload)["results"]
            assert result["units"] == self._spent + UNITS, result
            lease = replace(lease, fence=result["fence"])
        self._lease = lease


async def _updates(client: Connection, operations: int) -> None:
    for _ in range(operations):
        done = await client.execute(
            "UPDATE bare_account SET spent = spent + %s WHERE id = 1 AND spent + %s <= %s",
            [UNITS, UNITS, LIMIT],
        )
        assert done.rowcount == 1


async def _leasing(settings: Settings) -> Leasing:
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE bare_account (id int PRIMARY KEY, spent bigint NOT NULL)")
        connection.execute("INSERT INTO bare_account VALUES (1, 0)")
        tenant_id = new_tenant(connection)
    signer = Signer.load(settings.signing_key_path)
    leasing = Leasing(UnitOfWork(Database(settings)), SystemClock(), signer, tenant_id)
    await leasing.publish({"calls": granted(FeatureKind.METERED, LIMIT, per="ever")})
    return leasing


async def _client(settings: Settings) -> Connection:
    client = await psycopg.AsyncConnection.connect(settings.database_url, autocommit=True)
    client.prepare_threshold = 0
    return client
