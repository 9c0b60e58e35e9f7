"""The job that rolls usage up: soon, one at a time, safely cut off at any point, and by itself."""

import asyncio
import time
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import event, text

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.clock import SystemClock
from metering.domain.windows import Window
from metering.jobs import RollDueUsage
from metering.services.check_rollups import CheckRollups
from metering.services.meter_book import MeterBook
from metering.services.query_usage import QueryUsage
from metering.services.rebuild_rollups import RebuildRollups
from metering.services.roll_usage import RollUsage
from tests.support.rolled import EVERY_AGGREGATION
from tests.support.usage import JANUARY, usage_event

WIDER = EVERY_AGGREGATION.replace(
    "dimensions: [endpoint, region]", "dimensions: [endpoint, region, user]"
)
SETS = "SELECT count(*) FROM usage_rollup_sets WHERE tenant_id = :tenant_id AND ready"


@pytest.fixture
async def meters(database, clock):
    await ApplyCatalog(database, clock)(EVERY_AGGREGATION)


@pytest.fixture
def roll(work, clock) -> RollUsage:
    return RollUsage(work, clock)


@pytest.fixture
def job(system, roll, clock) -> RollDueUsage:
    return RollDueUsage(system, roll, clock)


@pytest.fixture
def query(work, store, clock) -> QueryUsage:
    return QueryUsage(work, store, clock, MeterBook(clock))


async def ready(work, tenant_id) -> int:
    async with work(tenant_id) as session:
        return await session.scalar(text(SETS), {"tenant_id": tenant_id})


def some(prefix: str, count: int = 20):
    return [
        usage_event(
            f"{prefix}-{n}",
            time=JANUARY.start + timedelta(hours=n),
            data={"lines": n, "endpoint": "/a", "region": "north", "user": f"u{n % 3}"},
        )
        for n in range(count)
    ]


async def test_what_is_committed_is_rolled_by_the_next_tick_and_nothing_waits(
    meters, job, store, work, tenant_id, other_tenant_id, admin
):
    await store.ingest(tenant_id, some("a"))
    await store.ingest(other_tenant_id, some("b"))

    assert await job.run() == 2
    assert await job.run() == 0

    assert admin.execute("SELECT count(*) FROM usage_commits").fetchone() == (0,)
    assert await ready(work, tenant_id) == await ready(work, other_tenant_id) == 8
    assert await CheckRollups(work)(tenant_id) == []


async def test_two_workers_never_roll_a_tenant_at_once(meters, roll, store, work, tenant_id):
    await store.ingest(tenant_id, some("a"))

    await asyncio.gather(*[roll(tenant_id) for _ in range(4)])
    await roll(tenant_id)

    assert await CheckRollups(work)(tenant_id) == []


@pytest.mark.parametrize("survived", [0, 1, 5, 9, 14])
async def test_a_worker_that_dies_between_two_statements_changed_nothing(
    meters, roll, store, work, tenant_id, database, survived
):
    await store.ingest(tenant_id, some("a"))
    await roll(tenant_id)
    await store.ingest(tenant_id, some("b"))
    engine = database.engine("tenant")

    seen = []

    def die(*_):
        seen.append(1)
        if len(seen) > survived + 3:
            raise ConnectionError("killed")

    event.listen(engine.sync_engine, "before_cursor_execute", die)
    with pytest.raises(ConnectionError):
        await roll(tenant_id)
    event.remove(engine.sync_engine, "before_cursor_execute", die)

    assert await CheckRollups(work)(tenant_id) == []
    await roll(tenant_id)
    assert await CheckRollups(work)(tenant_id) == []


async def test_many_events_are_rolled_in_bounded_steps_and_answers_stay_whole(
    meters, work, clock, query, store, tenant_id
):
    roll = RollUsage(work, clock, most_at_once=15)
    for n in range(6):
        await store.ingest(tenant_id, some(f"s{n}", 10))
    asked = {"tenant_id": tenant_id, "period": JANUARY, "window": Window.DAY}
    steps = 0
    while await roll(tenant_id):
        steps += 1
        assert (await query(meter_code="calls", **asked)).quantity == 60
    assert steps >= 3
    assert await CheckRollups(work)(tenant_id) == []


async def test_a_transaction_that_stays_open_makes_no_step_larger(
    meters, work, clock, query, store, settings, tenant_id
):
    roll = RollUsage(work, clock, most_at_once=15)
    with psycopg.connect(settings.database_url) as elsewhere:
        elsewhere.execute("SELECT pg_current_xact_id()")
        for n in range(6):
            await store.ingest(tenant_id, some(f"s{n}", 10))
        steps = 0
        while await roll(tenant_id):
            steps += 1
    asked = {"tenant_id": tenant_id, "period": JANUARY, "window": Window.DAY}
    assert steps >= 3
    assert (await query(meter_code="calls", **asked)).quantity == 60
    assert await CheckRollups(work)(tenant_id) == []


async def test_a_new_dimension_is_rolled_while_the_old_rollups_answer(
    meters, roll, job, store, work, query, database, clock, tenant_id, admin
):
    await store.ingest(tenant_id, some("a"))
    await job.run()
    await ApplyCatalog(database, clock)(WIDER)
    small = RollUsage(work, clock, most_at_once=5)
    for n in range(3):
        await store.ingest(tenant_id, some(f"more-{n}", 6))
    asked = {"tenant_id": tenant_id, "meter_code": "big_lines", "period": JANUARY}

    await small(tenant_id)
    during = await query(window=Window.MONTH, group_by=("region",), **asked)
    while await small(tenant_id):
        pass
    after = await query(window=Window.MONTH, group_by=("region", "user"), **asked)

    assert during.quantity == after.quantity
    assert [group.values for group in after.groups] == [("north", f"u{n}") for n in range(3)]
    sets = admin.execute("SELECT dimensions, ready FROM usage_rollup_sets WHERE money = 'worth'")
    assert sets.fetchall() == [(["endpoint", "region", "user"], True)]


async def test_rebuilding_mends_what_the_check_finds(meters, roll, store, work, tenant_id, admin):
    await store.ingest(tenant_id, some("a"))
    await roll(tenant_id)
    check = CheckRollups(work)
    admin.execute("UPDATE usage_rollups SET total = total + 1 WHERE level = 1 AND total = 7")
    admin.execute("UPDATE usage_rollup_values SET events = 9 WHERE level = 2")

    found = await check(tenant_id)
    assert {d.level for d in found} == {"quarter", "day"}
    assert await check.some(tenant_id) != []
    assert await check.some(tenant_id) != [], "a day that differs comes again"

    await RebuildRollups(work, roll)(tenant_id)

    assert await check(tenant_id) == []


async def test_usage_is_at_most_two_seconds_behind_under_load(
    meters, system, work, store, database, tenant_id
):
    clock = SystemClock()
    job = RollDueUsage(system, RollUsage(work, clock), clock)
    query = QueryUsage(work, store, clock, MeterBook(clock))
    stop, sent = time.monotonic() + 2.5, 0
    acknowledged = [(clock.now(), 0)]

    async def tick():
        while time.monotonic() < stop:
            await job.run()
            await asyncio.sleep(0.2)

    async def send():
        nonlocal sent
        while time.monotonic() < stop:
            await store.ingest(tenant_id, some(f"n{sent}", 100))
            sent += 100
            acknowledged.append((clock.now(), sent))

    async def look():
        while time.monotonic() < stop:
            now = clock.now()
            found = await query(
                tenant_id=tenant_id, meter_code="calls", period=JANUARY, window=Window.MONTH
            )
            assert found.events >= max(n for at, n in acknowledged if at <= found.as_of)
            assert now - found.as_of < timedelta(seconds=2)
            await asyncio.sleep(0.1)

    await asyncio.gather(tick(), send(), look())
    assert sent
