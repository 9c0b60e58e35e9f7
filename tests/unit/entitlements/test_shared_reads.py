"""Checks that wait share one read; none is answered by a read from before it asked."""

import asyncio

import pytest

from control_plane.entitlements.shared_reads import SharedReads
from control_plane.kernel.ids import TenantId, new_id

BELLA, RIVAL = TenantId(new_id()), TenantId(new_id())


class Store:
    """Values that change; each read takes as long as the test says."""

    def __init__(self):
        self.value = 0
        self.reads = []
        self.go_on = asyncio.Semaphore(0)

    async def __call__(self, tenant_id, names):
        self.reads.append((tenant_id, set(names)))
        found = dict.fromkeys(names, self.value)
        await self.go_on.acquire()
        return found


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def reads(store):
    return SharedReads(store)


async def asked(reads, *names, of=BELLA):
    task = asyncio.create_task(reads(of, names))
    for _ in range(5):
        await asyncio.sleep(0)
    return task


async def test_those_who_ask_during_a_read_share_the_next_one(reads, store):
    first = await asked(reads, "orders")
    others = [await asked(reads, "orders"), await asked(reads, "lines")]
    assert store.reads == [(BELLA, {"orders"})]

    store.value = 7
    store.go_on.release()
    store.go_on.release()

    assert await first == {"orders": 0}
    assert [(await other)["orders"] for other in others] == [7, 7]
    assert store.reads[1:] == [(BELLA, {"orders", "lines"})]
    assert not reads._lanes


async def test_nobody_is_answered_by_a_read_that_began_before(reads, store):
    """The value changes while a read is under way: who asks afterwards must see the change."""
    await asked(reads, "orders")
    store.value = 1
    late = await asked(reads, "orders")
    store.go_on.release()
    store.go_on.release()
    assert await late == {"orders": 1}


async def test_tenants_do_not_wait_for_each_other(reads, store):
    await asked(reads, "orders")
    await asked(reads, "orders", of=RIVAL)
    assert [tenant for tenant, _ in store.reads] == [BELLA, RIVAL]


async def test_who_goes_away_takes_the_read_from_nobody(reads, store):
    gone, stays = await asked(reads, "orders"), await asked(reads, "orders")
    impatient = await asked(reads, "orders")
    gone.cancel()
    impatient.cancel()
    store.go_on.release()
    store.go_on.release()
    assert await stays == {"orders": 0}


async def test_a_read_that_fails_fails_for_those_it_was_for_alone(store):
    failing = [True]

    async def broken(tenant_id, names):
        if failing:
            failing.clear()
            await store(tenant_id, names)
            raise RuntimeError("the database is away")
        return await store(tenant_id, names)

    reads = SharedReads(broken)
    first, second = await asked(reads, "orders"), await asked(reads, "orders")
    store.go_on.release()
    store.go_on.release()
    with pytest.raises(RuntimeError, match="away"):
        await first
    assert await second == {"orders": 0}
