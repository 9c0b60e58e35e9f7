"""The first page of events behind a line of very many, to a bare keyset query of the same page.

Ours finds in the invoice's manifest what the line counted, and lists those events by the look at
the usage that it was closed by. The query takes the same page from the table and asks nothing else:
in a transaction of the same role, through the same pool, under the same row-level security.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import quantiles
from typing import Any

import psycopg
from sqlalchemy import text

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.clock import FakeClock
from control_plane.kernel.ids import TenantId
from control_plane.runtime.database import Database
from control_plane.runtime.settings import Settings
from tests.support import cluster
from tests.support.billing_world import World, billing_world
from tests.support.close_bench import DUE, METERED, START, catalogue, make_tenants

EVENTS = {"small": 200_000, "full": 1_000_000}
REQUESTS = {"small": 60, "full": 300}
PAGE = 100
TYPE = f"tallyard.{METERED[0]}.posted"
_EVENTS = """
    INSERT INTO usage_events (tenant_id, type, time, source, id, data, hash)
    SELECT %s, %s, %s + n * (%s - %s) / (%s + 2.0), '/i', 'many-' || n, '{"lines": 1}',
        sha256(int8send(n))
    FROM generate_series(1, %s) AS n
"""
_BARE = text(
    """
    SELECT time, source, id, type, subject, CAST(data AS text), hash FROM usage_events
    WHERE tenant_id = :tenant AND type = :type AND time >= :start AND time < :end
    ORDER BY time, source, id LIMIT :limit
    """
)


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield the p95 of a first page."""
    with tempfile.TemporaryDirectory() as folder:
        settings = cluster.create_database(Path(folder))
        try:
            ours, bare = asyncio.run(_measure(settings, size))
        finally:
            cluster.drop_database(settings)
    ours_p95, bare_p95 = (quantiles(side, n=20)[-1] * 1000 for side in (ours, bare))
    yield {
        "name": "explain_page",
        "value": round(ours_p95, 2),
        "unit": "ms (p95)",
        "baseline": round(bare_p95, 2),
        "ratio": round(ours_p95 / bare_p95, 3),
        "conditions": {
            "events": EVENTS[size],
            "page": PAGE,
            "requests": len(ours),
            "includes": "the invoice's manifest read, and the line's first page",
            "baseline_is": "the same page by its key alone: same role, pool and row-level security",
        },
    }


async def _measure(settings: Settings, size: str) -> tuple[list[float], list[float]]:
    clock = FakeClock(DUE)
    database = Database(settings)
    world = billing_world(database, clock)
    with psycopg.connect(settings.database_url) as superuser:
        await ApplyCatalog(database, clock)(catalogue())
        [tenant] = make_tenants(superuser, 1, due=True)
        many = EVENTS[size]
        superuser.execute(_EVENTS, [tenant, TYPE, START, DUE, START, many, many])
        superuser.commit()
        superuser.autocommit = True
        superuser.execute("VACUUM ANALYZE usage_events")
        superuser.autocommit = False
        [invoice] = await world.close_due(tenant)
        [line] = [
            line["key"]
            for stored in await world.invoices(tenant)
            for line in stored.content["lines"]
            if line["charge"] == f"{METERED[0]}_lines"
        ]
        ours, bare = [], []
        for _ in range(REQUESTS[size]):
            started = time.perf_counter()
            found = await _page(world, tenant, invoice.id, line)
            ours.append(time.perf_counter() - started)
            started = time.perf_counter()
            rows = await _bare(world, tenant)
            bare.append(time.perf_counter() - started)
            if found != [row[2] for row in rows[:PAGE]]:
                raise AssertionError("the two pages differ")
    await database.close()
    return ours, bare


async def _page(world: World, tenant: TenantId, invoice: Any, line: str) -> list[str]:
    page = await world.line_events(tenant_id=tenant, invoice_id=invoice, line_key=line, limit=PAGE)
    return [event.id for event in page.events]


async def _bare(world: World, tenant: TenantId) -> list[Any]:
    bound = {"tenant": tenant, "type": TYPE, "start": START, "end": DUE, "limit": PAGE + 1}
    async with world.work(tenant) as session:
        return list(await session.execute(_BARE, bound))
