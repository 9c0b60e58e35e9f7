import asyncio
import random
from datetime import timedelta

import pytest

from metering.errors_moving import (
    StoresDiffer,
    UsageAlreadyThere,
    UsageMovesElsewhere,
    UsageNotMoving,
)
from metering.services.move_usage import MoveUsage
from metering.stores.clickhouse.moving import MovableClickHouse
from metering.stores.clickhouse.registry import Registry
from metering.stores.clickhouse.store import ClickHouseUsageStore
from metering.stores.moving_sql import MovablePostgres
from metering.stores.postgres import PostgresUsageStore
from metering.stores.routed import RoutedUsageStore
from metering.stores.routes import Route, StoreName, read_route
from tests.support.embedded_clickhouse import emptied
from tests.support.usage import CALLS, FEBRUARY, JANUARY, LINES, NOON, usage_event

pytestmark = pytest.mark.xdist_group("clickhouse")
POSTGRES, CLICKHOUSE = StoreName.POSTGRES, StoreName.CLICKHOUSE
OTHERS = "tallyard.outbound.scanned"


@pytest.fixture
async def stores(work, system):
    clickhouse = await emptied()
    return (
        PostgresUsageStore(work, system),
        ClickHouseUsageStore(work, system, clickhouse, Registry(system)),
    )


@pytest.fixture
def store(work, stores):
    return RoutedUsageStore(work, *stores)


@pytest.fixture
def move(work, system, stores):
    _, kept = stores
    movable = {
        POSTGRES: MovablePostgres(),
        CLICKHOUSE: MovableClickHouse(kept.clickhouse, kept.registry),
    }
    return MoveUsage(work, system, movable, chunk=7)


def history():
    """Events of two types and three months, corrected and taken back, in and out of order."""
    draw = random.Random(4)
    events = []
    for n in range(60):
        time = NOON + timedelta(days=draw.randrange(-40, 40), microseconds=n)
        type_ = {"type": OTHERS} if n % 5 == 0 else {}
        events.append(usage_event(f"e{n}", time=time, data={"lines": f"{n}.25"}, **type_))
    events += [
        usage_event("c1", data={"lines": 7}, corrects="e1"),
        usage_event("r2", data={}, retracts="e2"),
        usage_event("r-early", data={}, retracts="not-here-yet"),
        usage_event("name\\'\n\u540d", subject=..., data={"lines": 1, "nested": {"a": [1, "x"]}}),
    ]
    return events


async def totals(store, tenant_id, cutoff, since=None):
    found = [
        await store.total(tenant_id, meter, period, cutoff=cutoff, since=since)
        for meter in (LINES, CALLS)
        for period in (JANUARY, FEBRUARY)
    ]
    page = await store.events(
        tenant_id, LINES, JANUARY, cutoff=cutoff, since=None, after=None, limit=500
    )
    return found, page


async def route(work, tenant_id):
    async with work(tenant_id) as session:
        return await read_route(session, tenant_id)


async def test_a_live_tenant_moves_there_and_back_and_old_closes_stay_as_they_were(
    store, stores, move, work, tenant_id
):
    events = history()
    await store.ingest(tenant_id, events[:40])
    closed = await store.cutoff()
    await store.ingest(tenant_id, events[40:])
    done = asyncio.Event()
    sent, answers = [], []

    async def send():
        for n in range(400):
            if done.is_set():
                return
            batch = [usage_event(f"live-{n}", data={"lines": n}), random.choice(events)]
            batch += [usage_event(f"fix-{n}", data={"lines": 1}, corrects=f"live-{n - 1}")]
            sent.extend(batch)
            answers.extend(await store.ingest(tenant_id, batch))

    for to in (CLICKHOUSE, POSTGRES):
        done.clear()
        before = await store.cutoff()
        was = [await totals(store, tenant_id, at) for at in (closed, before)]
        late = await totals(store, tenant_id, before, closed)
        writing = asyncio.create_task(send())
        await move(tenant_id, to)
        done.set()
        await writing

        assert await route(work, tenant_id) == Route(
            to, copied=(await route(work, tenant_id)).copied
        )
        assert [await totals(store, tenant_id, at) for at in (closed, before)] == was
        assert await totals(store, tenant_id, before, closed) == late
        again = await store.ingest(tenant_id, [*events, *sent])
        assert {result.status for result in again} <= {"duplicate", "conflict"}
        after = await store.cutoff()
        if to is CLICKHOUSE:
            # The store that was left holds the same up to the switch, and nothing after it.
            assert await totals(stores[0], tenant_id, closed) == was[0]
        else:
            assert await totals(stores[1], tenant_id, before) == was[1]
        twin = await totals(store, tenant_id, after)
        assert twin[0][0].events > was[1][0][0].events
        sent.clear()


async def test_single_sources_add_up_alike_wherever_the_tenant_is(store, stores, move, tenant_id):
    await store.ingest(tenant_id, history())
    asked = [history()[0].source, "/instances/nobody"]
    before = await store.by_source(tenant_id, LINES, JANUARY, asked)

    await move(tenant_id, CLICKHOUSE)
    await store.ingest(tenant_id, [usage_event("later", data={"lines": 1_000})])

    assert list(before) == asked[:1]
    after = await store.by_source(tenant_id, LINES, JANUARY, asked)
    assert after == {asked[0]: before[asked[0]] + 1_000}
    assert await stores[0].by_source(tenant_id, LINES, JANUARY, asked) == before


async def test_a_move_that_was_killed_goes_on_where_it_was(store, move, work, tenant_id):
    await store.ingest(tenant_id, history())
    cutoff = await store.cutoff()
    was = await totals(store, tenant_id, cutoff)

    class Killed(Exception):
        pass

    seen = []

    def kill(stage, rows):
        seen.append((stage, rows))
        raise Killed

    for _ in range(9):
        with pytest.raises(Killed):
            await move(tenant_id, CLICKHOUSE, progress=kill)
    assert [rows for _, rows in seen] == sorted({rows for _, rows in seen})
    await store.ingest(tenant_id, [usage_event("meanwhile", data={"lines": 3})])

    with pytest.raises(UsageMovesElsewhere):
        await move(tenant_id, POSTGRES)
    await move(tenant_id, CLICKHOUSE)

    assert (await route(work, tenant_id)).store is CLICKHOUSE
    assert await totals(store, tenant_id, cutoff) == was
    with pytest.raises(UsageAlreadyThere):
        await move(tenant_id, CLICKHOUSE)


@pytest.mark.parametrize("damage", ["usage_identities", "usage_events", "usage_retractions"])
async def test_a_copy_that_differs_is_not_switched_to(store, stores, move, work, tenant_id, damage):
    await store.ingest(tenant_id, history())
    clickhouse = stores[1].clickhouse

    class Killed(Exception):
        pass

    def kill(stage, _):
        if stage == "retractions":
            raise Killed

    for _ in range(2):  # before the last chunk, and after it
        with pytest.raises(Killed):
            await move(tenant_id, CLICKHOUSE, progress=kill)
    column = "by_id" if damage == "usage_retractions" else "id"
    await clickhouse.run(f"DELETE FROM {damage} WHERE {column} IN ('c1', 'e7')")

    with pytest.raises(StoresDiffer):
        await move(tenant_id, CLICKHOUSE)
    assert (await route(work, tenant_id)).store is POSTGRES

    assert await move.abandon(tenant_id) is CLICKHOUSE
    with pytest.raises(UsageNotMoving):
        await move.abandon(tenant_id)
    [[left]] = await clickhouse.ask("SELECT count() FROM usage_events")
    assert left == 0
    assert await route(work, tenant_id) == Route(POSTGRES)
    await move(tenant_id, CLICKHOUSE)
