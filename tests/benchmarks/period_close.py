"""Closing a period: invoices a second, to a bare psycopg loop of the same reads and writes.

Both sides read account, organisation, members, timeline, clock, what stands billed, usage (raw
events: nothing is rolled up), seller, profile and balances of a tenant, and write an invoice with
its lines, postings, message, audit entry and number, in one durable commit a tenant.
The loop computes nothing: it writes rows that were made beforehand. Prices are read once by either
side.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

import psycopg

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.clock import FakeClock
from control_plane.kernel.ids import TenantId
from control_plane.runtime.database import Database
from control_plane.runtime.settings import Settings
from tests.support import cluster
from tests.support.bare_close import BareClose
from tests.support.billing_world import billing_world
from tests.support.close_bench import (
    DUE,
    EVENTS_PER_METER,
    METERED,
    MODULES,
    catalogue,
    make_tenants,
)

TENANTS = {"small": 60, "full": 10_000}
ROUNDS = {"small": 5, "full": 3}


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield invoices per second."""
    count = TENANTS[size]
    with tempfile.TemporaryDirectory() as folder:
        settings = cluster.create_database(Path(folder))
        try:
            rounds = asyncio.run(_rounds(settings, count, ROUNDS[size]))
        finally:
            cluster.drop_database(settings)
    ours, bare = (count / median(side) for side in zip(*rounds, strict=True))
    # Both sides of a round ran a moment apart, so a noisy machine disturbs their ratio least.
    ratio = median(mine / theirs for mine, theirs in rounds)
    yield {
        "name": "period_close",
        "value": round(ours),
        "unit": "invoices/s",
        "baseline": round(bare),
        "ratio": round(ratio, 3),
        "conditions": {
            "tenants": count,
            "modules": len(MODULES),
            "meters": len(METERED),
            "events_per_meter": EVENTS_PER_METER,
            "rounds": ROUNDS[size],
            "workers": 1,
            "at_once": 3,
            "from_rollups": False,
            "taxed": False,
            "durable": True,
            "ratio_is": "our time to the bare loop's, median of rounds",
        },
    }


async def _rounds(settings: Settings, count: int, rounds: int) -> list[tuple[float, float]]:
    clock = FakeClock(DUE)
    database = Database(settings)
    with psycopg.connect(settings.database_url) as superuser:
        await ApplyCatalog(database, clock)(catalogue())
        # The first round warms up both sides and is left out.
        found = [await _round(database, clock, superuser, count) for _ in range(rounds + 1)]
    await database.close()
    return found[1:]


async def _round(
    database: Database,
    clock: FakeClock,
    superuser: "psycopg.Connection[tuple[object, ...]]",
    count: int,
) -> tuple[float, float]:
    mine = make_tenants(superuser, count, due=True)
    theirs = make_tenants(superuser, count, due=False)
    job = billing_world(database, clock).close_due_periods
    started = time.perf_counter()
    issued = await job.run()
    ours = time.perf_counter() - started
    if issued != count:
        raise AssertionError(f"{issued} invoices of {count}")
    return ours, _bare(superuser, mine[0], theirs)


def _bare(
    superuser: "psycopg.Connection[tuple[object, ...]]", model: TenantId, tenants: list[TenantId]
) -> float:
    loop = BareClose(superuser, model)
    started = time.perf_counter()
    for tenant in tenants:
        loop.close(tenant)
    return time.perf_counter() - started
