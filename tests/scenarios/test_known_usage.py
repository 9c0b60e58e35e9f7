"""Usage with a known answer, told in the worst of ways while everything is killed: the totals hold.

Repeated, out of order, late, in conflict, corrected before and after it is told, through several
writers, web processes and connections, while processes and the database are killed in between.
"""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import SQLAlchemyError

from control_plane.kernel.clock import SystemClock
from control_plane.runtime.database import Database
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from metering.services.check_rollups import CheckRollups
from metering.services.roll_usage import RollUsage
from metering.stores.postgres import PostgresUsageStore
from tests.support import cluster
from tests.support.ingest_bench import seed_bench
from tests.support.known_usage.answer import Answer
from tests.support.known_usage.facts import Facts
from tests.support.known_usage.writers import (
    Sending,
    batches,
    crash_backend,
    crash_server,
    running,
)

WEBS, WRITERS = 2, 6
CRASHES = ("web", "backend", "web", "server", "web", "backend")


@pytest.fixture
def server(monkeypatch):
    """A server that can be killed without harm to others' tests, and that keeps what it says."""
    monkeypatch.setenv(cluster.URL_VARIABLE, "")  # given back when the test ends
    server = cluster.start_cluster(durable=True)
    yield server
    cluster.remove(server)


@pytest.fixture
def seeded(server, tmp_path):
    """A database on it with one tenant and its key."""
    settings = cluster.create_database(tmp_path)
    return settings, *seed_bench(settings)


@pytest.mark.slow
@pytest.mark.parametrize(
    "count",
    [
        pytest.param(200_000, marks=pytest.mark.timeout(900)),
        pytest.param(5_000_000, marks=pytest.mark.nightly),
    ],
)
async def test_every_total_is_the_known_one_whatever_is_killed(server, seeded, count):
    settings, tenant_id, secret = seeded
    now = datetime.now(UTC)  # noqa: TID251 - judged by real processes
    facts = Facts(seed=7, count=count, end=now - timedelta(minutes=1))
    database = Database(settings)
    work = UnitOfWork(database)
    roll, check = RollUsage(work, SystemClock()), CheckRollups(work)
    with running(settings, WEBS) as webs:
        sending = Sending(webs, secret, seed=7)

        async def havoc() -> None:
            """Kill something whenever another share of the whole is answered."""
            share = count // 1_000 // (len(CRASHES) + 1)
            for n, what in enumerate(CRASHES, start=1):
                while sending.answered < n * share:
                    await asyncio.sleep(0.02)
                if what == "web":
                    webs.kill(n % WEBS)
                elif what == "backend":
                    crash_backend(settings)
                else:
                    await crash_server(server)

        async def rolling() -> None:
            """Roll usage up all the while; whoever loses the connection goes on."""
            while True:
                with contextlib.suppress(SQLAlchemyError):
                    await roll(tenant_id)
                await asyncio.sleep(0.5)

        behind = asyncio.create_task(rolling())
        crashing = asyncio.create_task(havoc())
        await sending.all(batches(facts.deliveries()), WRITERS)
        await crashing
        assert sending.resent > 0, "nothing was interrupted"
        assert sending.statuses.keys() == {"accepted", "duplicate"}
        sending.statuses.clear()
        await sending.all(batches(facts.conflicts()), WRITERS)
        assert sending.statuses.keys() == {"conflict"}
        behind.cancel()
        await asyncio.gather(behind, return_exceptions=True)

    store = PostgresUsageStore(work, SystemWork(database))
    assert await Answer.of(facts).differences(store, tenant_id) == []
    while await roll(tenant_id):
        pass
    assert await check(tenant_id) == []
    await database.close()
