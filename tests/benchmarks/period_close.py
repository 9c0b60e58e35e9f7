"""Closing a period: invoices a second, to a bare psycopg loop of the same reads and writes.

Both sides read account, organisation, timeline, clock, what stands billed, usage (from rollups,
beside which no events wait), seller, profile, members and balances of a tenant by the same
statements, and write an invoice with its lines, postings, message, audit entry and number, in one
durable commit a tenant. The loop computes nothing: it writes rows that were made beforehand. Prices
are read once by either side. All tenants are there from the start; slices of them are closed in
turns.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

import psycopg

from billing.jobs import CloseDuePeriods
from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.clock import FakeClock
from control_plane.kernel.ids import TenantId
from control_plane.runtime.database import Database
from control_plane.runtime.settings import Settings
from control_plane.runtime.unit_of_work import UnitOfWork
from metering.services.roll_usage import RollUsage
from tests.support import cluster
from tests.support.bare_close import BareClose
from tests.support.billing_world import billing_world
from tests.support.cloned_tenants import make_due
from tests.support.close_bench import (
    DUE,
    EVENTS_PER_METER,
    METERED,
    MODULES,
    Connection,
    catalogue,
    make_tenants,
)

SLICE = {"small": 60, "full": 500}
SLICES = {"small": 5, "full": 20}
WARM_UP = 60


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield invoices per second."""
    with tempfile.TemporaryDirectory() as folder:
        settings = cluster.create_database(Path(folder))
        try:
            slices = asyncio.run(_measure(settings, SLICE[size], SLICES[size]))
        finally:
            cluster.drop_database(settings)
    ours, bare = (SLICE[size] / median(side) for side in zip(*slices, strict=True))
    # Both sides of a slice ran a moment apart, so a noisy machine disturbs their ratio least.
    ratio = median(mine / theirs for mine, theirs in slices)
    yield {
        "name": "period_close",
        "value": round(ours),
        "unit": "invoices/s",
        "baseline": round(bare),
        "ratio": round(ratio, 3),
        "conditions": {
            "tenants": SLICE[size] * SLICES[size],
            "modules": len(MODULES),
            "meters": len(METERED),
            "events_per_meter": EVENTS_PER_METER,
            "slices": SLICES[size],
            "workers": 1,
            "at_once": 3,
            "from_rollups": True,
            "taxed": False,
            "durable": True,
            "ratio_is": "our time to the bare loop's, median of slices closed in turns",
        },
    }


async def _measure(settings: Settings, size: int, slices: int) -> list[tuple[float, float]]:
    clock = FakeClock(DUE)
    database = Database(settings)
    job = billing_world(database, clock).close_due_periods
    with psycopg.connect(settings.database_url) as superuser:
        await ApplyCatalog(database, clock)(catalogue())
        count = WARM_UP + size * slices
        mine = make_tenants(superuser, count, due=False)
        theirs = make_tenants(superuser, count, due=False)
        roll = RollUsage(UnitOfWork(database), clock)
        for tenant in (*mine, *theirs):
            await roll(tenant)
        superuser.execute("ANALYZE")
        superuser.commit()
        found = []
        for first in (0, *range(WARM_UP, count, size)):
            part = slice(first, WARM_UP if first == 0 else first + size)
            ours = await _ours(superuser, job, mine[part])
            found.append((ours, _bare(superuser, mine[0], theirs[part])))
    await database.close()
    return found[1:]


async def _ours(superuser: Connection, job: CloseDuePeriods, tenants: list[TenantId]) -> float:
    make_due(superuser, tenants, DUE)
    started = time.perf_counter()
    issued = await job.run()
    taken = time.perf_counter() - started
    if issued != len(tenants):
        raise AssertionError(f"{issued} invoices of {len(tenants)}")
    return taken


def _bare(superuser: Connection, model: TenantId, tenants: list[TenantId]) -> float:
    loop = BareClose(superuser, model)
    started = time.perf_counter()
    for tenant in tenants:
        loop.close(tenant)
    return time.perf_counter() - started
