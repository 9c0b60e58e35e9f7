"""What a tenant used in its current period, a month, with millions of its events stored.

The question is that of the portal and the API (the meter, the organisation's zone, rollups, and
the events that no rollup holds yet), inside a transaction that is open; the baseline selects one
row by its key over the same connection. Both are asked in turns, so that a noisy machine disturbs
their ratio least.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles

import psycopg
from sqlalchemy import text

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.clock import FakeClock
from control_plane.kernel.ids import TenantId, new_id
from control_plane.kernel.period import Period
from control_plane.runtime.database import Database
from control_plane.runtime.settings import Settings
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from metering.domain.windows import Window
from metering.services.meter_book import MeterBook
from metering.services.query_usage import QueryUsage
from metering.services.roll_usage import RollUsage
from metering.stores.postgres import PostgresUsageStore
from tests.support import cluster
from tests.support.rolled import ONE_METER
from tests.support.usage import SHIPMENT

EVENTS = {"small": 5_000_000, "full": 100_000_000}
AT_ONCE = 10_000
STEP = 250_000
WAITING = 50
"""Events in no rollup yet: a second's, at twenty times the pace that makes five million a month."""

ROUNDS = 400
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
MONTH = Period(datetime(2025, 12, 31, 16, tzinfo=UTC), datetime(2026, 1, 31, 16, tzinfo=UTC))
"""January, as it begins and ends in Shanghai."""

FIGURES = {"usage_query": 0, "usage_query_waiting": WAITING}

_STORE = """
    WITH stored AS (
        INSERT INTO usage_events (tenant_id, type, time, source, id, data, hash)
        SELECT %(tenant)s, %(type)s, %(first)s + n * %(apart)s, '/i', %(prefix)s || n,
            jsonb_build_object('calls', 1, 'lines', n %% 9 + 1, 'endpoint', '/v1/' || n %% 6,
                'status', 200 + n %% 2 * 204, 'api_key', 'key-' || n %% 3),
            sha256(convert_to(%(prefix)s || n, 'UTF8'))
        FROM generate_series(1, %(count)s) AS n
    )
    INSERT INTO usage_commits (tenant_id, events) VALUES (%(tenant)s, %(count)s)
"""
_BARE = text("SELECT name FROM organisations WHERE id = :tenant_id")


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield the time of a question: with all events rolled up, and with some that wait to be."""
    with tempfile.TemporaryDirectory() as folder:
        settings = cluster.create_database(Path(folder))
        try:
            found, filling = asyncio.run(_measure(settings, EVENTS[size]))
        finally:
            cluster.drop_database(settings)
    for (name, waiting), times in zip(FIGURES.items(), found, strict=True):
        mine, theirs = (quantiles(side, n=20)[-1] for side in zip(*times, strict=True))
        yield {
            "name": name,
            "value": round(mine * 1000, 3),
            "unit": "ms",
            "baseline": round(theirs * 1000, 3),
            "ratio": round(mine / theirs, 3),
            "conditions": {
                "events": EVENTS[size],
                "waiting": waiting,
                "days": MONTH.length.days,
                "rounds": ROUNDS,
                "stored_and_rolled_per_second": round(EVENTS[size] / filling),
                "ratio_is": "p95 of the question to p95 of the one-row select",
            },
        }


async def _measure(
    settings: Settings, events: int
) -> tuple[list[list[tuple[float, float]]], float]:
    database, clock, tenant = Database(settings), FakeClock(NOW), TenantId(new_id())
    await ApplyCatalog(database, clock)(ONE_METER)
    work = UnitOfWork(database)
    with psycopg.connect(settings.database_url, autocommit=True) as superuser:
        started = time.perf_counter()
        filling = asyncio.create_task(asyncio.to_thread(_fill, superuser, tenant, events))
        await _rolled(RollUsage(work, clock, most_at_once=STEP), tenant, filling)
        superuser.execute("VACUUM ANALYZE usage_events, usage_rollups, usage_commits")
        filled = time.perf_counter() - started
        found = [await _asked(work, database, clock, tenant)]
        _store(superuser, tenant, "late-", WAITING, WAITING)
        found.append(await _asked(work, database, clock, tenant))
    await database.close()
    return found, filled


async def _rolled(roll: RollUsage, tenant: TenantId, filling: "asyncio.Task[None]") -> None:
    """Roll what is stored while more is being stored, as the job does; and all of it at the end."""
    while not filling.done():
        await roll(tenant)
        await asyncio.wait([filling], timeout=0.5)
    await filling
    while await roll(tenant):
        pass


def _fill(
    superuser: "psycopg.Connection[tuple[object, ...]]", tenant: TenantId, events: int
) -> None:
    superuser.execute("SET synchronous_commit = off")
    _begin(superuser, tenant)
    for first in range(0, events, AT_ONCE):
        _store(superuser, tenant, f"e{first}-", min(AT_ONCE, events - first), events)
        if first == STEP:
            superuser.execute("ANALYZE usage_events")


async def _asked(
    work: UnitOfWork, database: Database, clock: FakeClock, tenant: TenantId
) -> list[tuple[float, float]]:
    """Ask and select in turns, over one connection."""
    store = PostgresUsageStore(work, SystemWork(database))
    query = QueryUsage(work, store, clock, MeterBook(clock))
    async with work(tenant) as session:

        async def ask() -> object:
            return await query(
                tenant_id=tenant, meter_code="lines", period=MONTH, window=Window.MONTH
            )

        async def select() -> object:
            return (await session.execute(_BARE, {"tenant_id": tenant})).one()

        for _ in range(20):
            await ask()
            await select()
        return [(await _timed(ask), await _timed(select)) for _ in range(ROUNDS)]


def _begin(superuser: "psycopg.Connection[tuple[object, ...]]", tenant: TenantId) -> None:
    superuser.execute(
        "INSERT INTO organisations (id, slug, name, zone, language, currency, sandbox, created_at, "
        "state) VALUES (%s, 'bench', 'Bench', 'Asia/Shanghai', 'en', 'CNY', false, "
        "'2025-12-01Z', 'active')",
        [tenant],
    )
    superuser.execute("SELECT usage_partition_for(%s)", [MONTH.end - timedelta(days=9)])
    superuser.execute("SELECT usage_partition_for(%s)", [MONTH.start])


def _store(
    superuser: "psycopg.Connection[tuple[object, ...]]",
    tenant: TenantId,
    prefix: str,
    count: int,
    events: int,
) -> None:
    """Spread events over the month; each call is one transaction that a rollup may lack."""
    apart = (NOW - MONTH.start) / events
    bound = {"tenant": tenant, "type": SHIPMENT, "prefix": prefix, "count": count}
    place = int(prefix.strip("elat-").partition("-")[0] or 0)
    first = MONTH.start + apart * place
    superuser.execute(_STORE, {**bound, "first": first, "apart": apart})


async def _timed(ask: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await ask()
    return time.perf_counter() - started
