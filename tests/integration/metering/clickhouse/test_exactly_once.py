import asyncio
import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest

from metering.domain.events import IngestStatus
from metering.stores.clickhouse.client import ConnectedClickHouse
from metering.stores.clickhouse.registry import Registry
from metering.stores.clickhouse.schema import TABLES, Stamped, blocks
from metering.stores.clickhouse.store import ClickHouseUsageStore
from metering.stores.clickhouse.sweeping import SweepInserts
from tests.support.embedded_clickhouse import emptied
from tests.support.failing_clickhouse import STEPS, FailingClickHouse, FailingRegistry, Fuse, Killed
from tests.support.usage import JANUARY, LINES, NOON, usage_event

pytestmark = pytest.mark.xdist_group("clickhouse")
ACCEPTED, DUPLICATE = IngestStatus.ACCEPTED, IngestStatus.DUPLICATE


@pytest.fixture
async def clickhouse():
    return await emptied()


@pytest.fixture
def store(work, system, clickhouse):
    return ClickHouseUsageStore(work, system, clickhouse, Registry(system))


@pytest.fixture
def sweep(system, clickhouse):
    return SweepInserts(system, clickhouse)


async def counted(store, tenant_id, meter=LINES, *, cutoff=None):
    cutoff = cutoff or await store.cutoff()
    total = await store.total(tenant_id, meter, JANUARY, cutoff=cutoff, since=None)
    return total.quantity, total.events


async def rows(clickhouse, table="usage_events"):
    [[found]] = await clickhouse.ask(f"SELECT count() FROM {table}")
    return found


def delivery():
    return [
        usage_event("a", data={"lines": 1}),
        usage_event("b", data={"lines": 10}),
        usage_event("c", data={"lines": 100}, corrects="b"),
    ]


@pytest.mark.parametrize("cut", [Killed, asyncio.CancelledError])
@pytest.mark.parametrize("step", STEPS)
async def test_cut_off_between_any_two_steps_nothing_counts_and_sending_again_counts_once(
    work, system, clickhouse, store, sweep, tenant_id, step, cut
):
    fuse = Fuse(step)
    registry = FailingRegistry(system, fuse)
    own = ConnectedClickHouse(clickhouse.url)
    failing = ClickHouseUsageStore(work, system, FailingClickHouse(own, fuse), registry)
    before = await store.cutoff()

    async def delivering():
        async with work(tenant_id):
            await failing.ingest(tenant_id, delivery())
            await fuse.at("before commit")

    task = asyncio.create_task(delivering())
    fuse.cancelled = task if cut is asyncio.CancelledError else None
    with pytest.raises(cut):
        await task
    await own.close()  # whatever is still on its way has arrived

    killed = await store.cutoff()
    assert await counted(store, tenant_id) == (0, 0)
    if step in STEPS[::2]:
        await sweep.run()  # it may come between, or not
    again = [result.status for result in await store.ingest(tenant_id, delivery())]
    assert again == [ACCEPTED] * 3
    assert await counted(store, tenant_id) == (101, 2)
    assert [r.status for r in await store.ingest(tenant_id, delivery())] == [DUPLICATE] * 3
    await sweep.run()
    assert await counted(store, tenant_id) == (101, 2)
    assert await counted(store, tenant_id, cutoff=killed) == (0, 0)
    assert await counted(store, tenant_id, cutoff=before) == (0, 0)
    assert [await rows(clickhouse, table) for table in TABLES] == [3, 3, 1]


async def test_rows_that_arrive_after_their_insert_was_swept_count_for_nobody(
    admin, clickhouse, store, sweep, system, work, tenant_id
):
    fuse = Fuse("after open")
    failing = ClickHouseUsageStore(work, system, clickhouse, FailingRegistry(system, fuse))
    with pytest.raises(Killed):
        await failing.ingest(tenant_id, delivery())
    assert await sweep.run() == 1
    recorded, number = admin.execute(
        "SELECT CAST(CAST(recorded AS text) AS bigint), seq FROM usage_inserts"
    ).fetchone()

    for block in blocks(tenant_id, [Stamped(e, recorded, number) for e in delivery()]):
        await clickhouse.insert(block, "late")

    assert await counted(store, tenant_id) == (0, 0)
    assert await sweep.run() == 0
    patient = SweepInserts(system, clickhouse, grace=timedelta(0))
    assert await patient.run() == 1
    assert await rows(clickhouse) == 0
    assert admin.execute("SELECT count(*) FROM usage_inserts").fetchone() == (0,)


async def test_a_block_that_arrives_twice_counts_once_before_anything_is_merged(
    clickhouse, store, tenant_id
):
    await clickhouse.run("SYSTEM STOP MERGES usage_events")
    await store.ingest(tenant_id, [usage_event("other", data={"lines": 7})])
    events = delivery()[:2]
    cutoff = await store.cutoff()
    below = int(cutoff.split(":")[0]) - 1
    for token in ("one", "another"):
        for block in blocks(tenant_id, [Stamped(event, below) for event in events]):
            await clickhouse.insert(block, token)

    try:
        assert await rows(clickhouse) == 5
        assert await counted(store, tenant_id) == (18, 3)
        points = await store.events(
            tenant_id, LINES, JANUARY, cutoff=cutoff, since=None, after=None, limit=9
        )
        assert [event.id for event in points.events] == ["a", "b", "other"]
    finally:
        await clickhouse.run("SYSTEM START MERGES usage_events")


async def test_deliveries_at_once_store_each_event_once(store, tenant_id):
    events = [usage_event(f"e{n}", data={"lines": n}) for n in range(20)]

    answers = await asyncio.gather(
        *[store.ingest(tenant_id, events[at : at + 10]) for at in (0, 5, 10, 5, 0)]
    )

    accepted = [r.id for answer in answers for r in answer if r.status is ACCEPTED]
    assert sorted(accepted) == sorted(event.id for event in events)
    assert await counted(store, tenant_id) == (190, 20)


async def test_a_delivery_that_a_failed_one_of_the_same_transaction_precedes_counts(
    clickhouse, store, sweep, system, work, tenant_id
):
    fuse = Fuse()
    broken = FailingClickHouse(clickhouse, fuse)
    failing = ClickHouseUsageStore(work, system, broken, Registry(system))
    async with work(tenant_id):
        first = await failing.ingest(tenant_id, [usage_event("first", data={"lines": 5})])
        assert [result.status for result in first] == [ACCEPTED]
        fuse.step = "after usage_events"
        with pytest.raises(Killed):
            await failing.ingest(tenant_id, delivery()[:2])
        await failing.ingest(tenant_id, delivery()[:1])

    assert await counted(store, tenant_id) == (6, 2)
    await sweep.run()
    assert await counted(store, tenant_id) == (6, 2)


async def test_an_open_delivery_is_outside_the_cutoff_and_stays_there(store, work, tenant_id):
    async with work(tenant_id):
        await store.ingest(tenant_id, delivery())
        open_ = await asyncio.create_task(store.cutoff())
        assert await asyncio.create_task(counted(store, tenant_id, cutoff=open_)) == (0, 0)

    assert await counted(store, tenant_id, cutoff=open_) == (0, 0)
    assert await counted(store, tenant_id) == (101, 2)


async def test_odd_texts_and_times_far_off_are_kept_as_they_are(store, tenant_id):
    odd = "'; DROP -- \\ \t\n %(x)s {a:String} ` \u540d \U0001f600"
    data = {odd: odd, "lines": "999999999999999999.999999999999", "x": "%s"}
    first = usage_event(odd, source=odd, subject=odd, time=NOON.replace(year=1), data=data)
    years = (1899, 2300, 9999)
    sent = [first, *(usage_event(f"e{y}", time=NOON.replace(year=y), data=data) for y in years)]
    assert {r.status for r in await store.ingest(tenant_id, sent)} == {ACCEPTED}
    assert {r.status for r in await store.ingest(tenant_id, sent)} == {DUPLICATE}

    whole = type(JANUARY)(NOON.replace(year=1, month=1), NOON.replace(year=9999, month=12))
    cutoff = await store.cutoff()
    page = await store.events(
        tenant_id, LINES, whole, cutoff=cutoff, since=None, after=None, limit=9
    )
    assert list(page.events) == sent
    total = await store.total(tenant_id, LINES, whole, cutoff=cutoff, since=None)
    assert str(total.quantity) == "3999999999999999999.999999999996"


@pytest.mark.slow
def test_a_writer_that_is_really_killed_loses_and_doubles_nothing(settings, tenant_id, tmp_path):
    environment = {
        **os.environ,
        "TALLYARD_DATABASE_URL": settings.database_url,
        "TALLYARD_SECRET_KEY": settings.secret_key,
    }
    command = [sys.executable, "-m", "tests.support.clickhouse_writer", str(tmp_path / "engine")]
    command.append(str(tenant_id))
    writing = subprocess.Popen(
        [*command, "write"], env=environment, stdout=subprocess.PIPE, text=True
    )
    acknowledged = [int(writing.stdout.readline()) for _ in range(3)]
    writing.kill()  # in the middle of the next delivery, wherever that is
    acknowledged += [int(line) for line in writing.stdout.read().split()]
    writing.wait()

    finished = subprocess.run(
        [*command, "finish"], env=environment, check=True, capture_output=True, text=True
    )

    found = json.loads(finished.stdout)
    assert found["before"] in {20 * len(acknowledged), 20 * (len(acknowledged) + 1)}
    assert found["stored_again"] == 20 * 200 - found["before"]
    assert found["events"] == 20 * 200
    assert found["quantity"] == str(sum(range(20 * 200)))
