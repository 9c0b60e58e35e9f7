"""Deliveries that are cut off while some of their blocks are being made, or cannot be made."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from metering.domain.events import IngestStatus
from metering.stores.clickhouse.client import ConnectedClickHouse
from metering.stores.clickhouse.registry import Registry
from metering.stores.clickhouse.store import ClickHouseUsageStore
from metering.stores.clickhouse.sweeping import SweepInserts
from tests.support.embedded_clickhouse import emptied
from tests.support.failing_clickhouse import Killed
from tests.support.usage import usage_event

pytestmark = pytest.mark.xdist_group("clickhouse")
ACCEPTED = IngestStatus.ACCEPTED


@dataclass(slots=True)
class HeldClickHouse:
    """The real engine; the block of events is not made before it is let go."""

    inner: ConnectedClickHouse
    fails: bool = False
    """Whether the block of identities fails, as soon as the other one is begun."""
    begun: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)
    open: int = 0

    async def ask(self, sql, bound=None):
        return await self.inner.ask(sql, bound)

    async def insert_made(self, make, token):
        def making():
            block = make()
            if block.table == "usage_events":
                self.begun.set()
                self.let_go.wait()
            elif self.fails:
                self.begun.wait()
                raise Killed
            return block

        self.open += 1
        try:
            await self.inner.insert_made(making, token)
        finally:
            await asyncio.sleep(0.01)  # an end takes its time
            self.open -= 1


@pytest.fixture
async def clickhouse():
    return await emptied()


@pytest.fixture
async def held(clickhouse):
    held = HeldClickHouse(ConnectedClickHouse(clickhouse.url))
    yield held
    held.let_go.set()
    await held.inner.close()


@pytest.fixture
def stores(work, system):
    return lambda clickhouse: ClickHouseUsageStore(work, system, clickhouse, Registry(system))


@pytest.mark.parametrize("cut", [Killed, asyncio.CancelledError])
async def test_what_is_being_made_when_a_delivery_is_cut_off_is_not_inserted_any_more(
    clickhouse, held, stores, system, tenant_id, cut
):
    held.fails = cut is Killed
    task = asyncio.create_task(stores(held).ingest(tenant_id, [usage_event("a")]))
    while not held.begun.is_set():
        await asyncio.sleep(0.001)

    if cut is asyncio.CancelledError:
        task.cancel()
    with pytest.raises(cut):
        await task

    assert await SweepInserts(system, clickhouse).run() == 1
    held.let_go.set()
    await held.inner.close()
    assert await clickhouse.ask("SELECT id FROM usage_events") == []
    [again] = await stores(clickhouse).ingest(tenant_id, [usage_event("a")])
    assert again.status is ACCEPTED
    assert len(await clickhouse.ask("SELECT id FROM usage_events")) == 1


async def test_a_failure_is_told_when_all_inserts_beside_it_have_come_to_their_end(
    held, stores, work, tenant_id
):
    held.fails = True
    store = stores(held)
    async with work(tenant_id) as session:
        transaction = await store.registry.transaction(session)

        with pytest.raises(Killed):
            await store.entrance.insert(session, tenant_id, transaction, [usage_event("a")])

        assert held.open == 0


async def test_threads_that_are_busy_with_other_work_keep_no_delivery_waiting(
    clickhouse, stores, tenant_id
):
    loop = asyncio.get_running_loop()
    over = threading.Event()
    loop.set_default_executor(ThreadPoolExecutor(1))
    busy = loop.run_in_executor(None, over.wait)
    delivery = asyncio.create_task(stores(clickhouse).ingest(tenant_id, [usage_event("a")]))

    try:
        await asyncio.wait([delivery], timeout=30)  # so that a failure is seen at all

        assert delivery.done()
        assert [result.status for result in delivery.result()] == [ACCEPTED]
    finally:
        over.set()
        await busy
        await delivery
