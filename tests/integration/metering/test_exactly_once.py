"""Exactly once, whatever breaks: several connections, killed ones, late ones."""

import asyncio
import random

import pytest
from sqlalchemy import event as sa_event
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from control_plane.runtime.database import Database
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from metering.domain.events import IngestStatus
from metering.stores.postgres import PostgresUsageStore
from tests.support.usage import CALLS, FEBRUARY, JANUARY, usage_event


def _counts(admin, tenant_id) -> tuple[int, int]:
    return tuple(
        admin.execute(f"SELECT count(*) FROM {table} WHERE tenant_id = %s", [tenant_id]).fetchone()[
            0
        ]
        for table in ("usage_identities", "usage_events")
    )


async def test_concurrent_batches_with_the_same_ids_store_each_once(
    database, store, admin, tenant_id
):
    events = [usage_event(f"evt-{n}") for n in range(200)]

    async def send(seed: int):
        mine = random.Random(seed).sample(events, len(events))
        return await store.ingest(tenant_id, mine)

    answers = await asyncio.gather(*[send(seed) for seed in range(6)])

    statuses = [result.status for answer in answers for result in answer]
    assert statuses.count(IngestStatus.ACCEPTED) == 200
    assert statuses.count(IngestStatus.DUPLICATE) == 1000
    assert _counts(admin, tenant_id) == (200, 200)


async def test_concurrent_batches_with_other_bodies_agree_on_who_was_first(store, admin, tenant_id):
    async def send(writer: int):
        mine = [usage_event(f"evt-{n}", data={"lines": writer}) for n in range(100)]
        return await store.ingest(tenant_id, mine)

    answers = await asyncio.gather(*[send(writer) for writer in range(5)])

    for answer in zip(*answers, strict=True):
        statuses = sorted(result.status for result in answer)
        assert statuses == [IngestStatus.ACCEPTED, *[IngestStatus.CONFLICT] * 4]
    assert _counts(admin, tenant_id) == (100, 100)


async def test_an_event_waiting_for_one_that_rolls_back_is_accepted(work, store, tenant_id):
    async with work(tenant_id) as session:
        await store.ingest(tenant_id, [usage_event()])
        other = asyncio.create_task(store.ingest(tenant_id, [usage_event()]))
        await asyncio.sleep(0.1)
        assert not other.done()
        await session.rollback()

    (result,) = await other
    assert result.status is IngestStatus.ACCEPTED


async def test_batches_in_opposite_orders_never_wait_for_each_other(work, store, tenant_id):
    a, m, z = (usage_event(name) for name in "amz")
    async with work(tenant_id) as session:
        await store.ingest(tenant_id, [m])
        # Both stop at `m`; if each kept its own order, one would hold `a`, the other `z`.
        waiting = [
            asyncio.create_task(store.ingest(tenant_id, batch)) for batch in ([a, m, z], [z, m, a])
        ]
        await asyncio.sleep(0.3)
        await session.rollback()

    statuses = [result.status for answer in await asyncio.gather(*waiting) for result in answer]
    assert sorted(statuses) == [IngestStatus.ACCEPTED] * 3 + [IngestStatus.DUPLICATE] * 3


@pytest.mark.parametrize("killed_before", [1, 2, 3, "commit"])
async def test_a_connection_killed_between_any_two_statements_leaves_all_or_nothing(
    database, store, admin, tenant_id, killed_before
):
    await store.ingest(tenant_id, [usage_event("known")])
    events = [usage_event(f"evt-{n}") for n in range(20)] + [usage_event("known")]
    engine = database.engine("tenant").sync_engine
    seen = 0

    def kill(connection):
        pid = connection.connection.driver_connection.info.backend_pid
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    def before_statement(connection, *_):
        nonlocal seen
        seen += 1
        if seen == killed_before:
            kill(connection)

    if killed_before == "commit":
        sa_event.listen(engine, "commit", kill, once=True)
    else:
        sa_event.listen(engine, "before_cursor_execute", before_statement)

    with pytest.raises(DBAPIError):
        await store.ingest(tenant_id, events)

    assert _counts(admin, tenant_id) == (1, 1)
    results = await store.ingest(tenant_id, events)
    assert [result.status for result in results].count(IngestStatus.ACCEPTED) == 20
    assert _counts(admin, tenant_id) == (21, 21)


@pytest.mark.parametrize("delay", [0, 0.002, 0.005, 0.01])
async def test_a_sender_that_never_heard_the_answer_sends_again_and_counts_once(
    settings, store, admin, tenant_id, delay
):
    events = [usage_event(f"evt-{n}") for n in range(10)]
    elsewhere = Database(settings)
    doomed = PostgresUsageStore(UnitOfWork(elsewhere), SystemWork(elsewhere))
    async with doomed.work(tenant_id):
        pass  # connected: it is the sending that is cut off
    sending = asyncio.create_task(doomed.ingest(tenant_id, events))
    await asyncio.sleep(delay)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    await elsewhere.close()

    await store.ingest(tenant_id, events)

    assert _counts(admin, tenant_id) == (10, 10)


async def test_what_commits_after_the_cutoff_is_outside_it_in_every_replay(work, store, tenant_id):
    async with work(tenant_id):
        await store.ingest(tenant_id, [usage_event("slow")])
        # Committed meanwhile, by a younger transaction:
        await asyncio.create_task(store.ingest(tenant_id, [usage_event("quick")]))
        cutoff = await store.cutoff()
        while_open = await asyncio.create_task(_january(store, tenant_id, cutoff))

    assert while_open.events == 1
    assert await _january(store, tenant_id, cutoff) == while_open
    late = await store.total(tenant_id, CALLS, FEBRUARY, cutoff=await store.cutoff(), since=cutoff)
    assert late.events == 1


async def _january(store, tenant_id, cutoff):
    return await store.total(tenant_id, CALLS, JANUARY, cutoff=cutoff, since=None)


@pytest.mark.parametrize("seed", range(5))
async def test_closes_amid_late_commits_bill_every_event_once_and_replay_alike(
    work, store, tenant_id, seed
):
    """Writers commit in any order while cut-offs are taken; consecutive closes partition."""
    chance = random.Random(seed)
    closes: list[tuple[str, str | None, object]] = []
    gates = [asyncio.Event() for _ in range(12)]

    async def writer(number: int):
        async with work(tenant_id):
            await store.ingest(tenant_id, [usage_event(f"w{number}-{n}") for n in range(3)])
            await gates[number].wait()

    async def close():
        since = closes[-1][0] if closes else None
        cutoff = await store.cutoff()
        period = FEBRUARY if closes else JANUARY  # all are late, but for the first close
        total = await store.total(tenant_id, CALLS, period, cutoff=cutoff, since=since)
        closes.append((cutoff, since, total))

    running: dict[int, asyncio.Task] = {}
    waiting = list(range(len(gates)))
    while waiting or running:
        # No more at once than the pool has connections, one of them for the closes.
        action = chance.choice(["start", "finish", "close"])
        if action == "start" and waiting and len(running) < 6:
            number = waiting.pop()
            running[number] = asyncio.create_task(writer(number))
            await asyncio.sleep(0.005)
        elif action == "finish" and running:
            number = chance.choice(list(running))
            gates[number].set()
            await running.pop(number)
        elif action == "close" and len(closes) < 12:
            await close()
    await close()

    assert sum(total.events for _, _, total in closes) == 36
    for index, (cutoff, since, total) in enumerate(closes):
        period = FEBRUARY if index else JANUARY
        assert total == await store.total(tenant_id, CALLS, period, cutoff=cutoff, since=since)


async def test_acknowledged_means_on_disk_whatever_the_default(admin, work, store, tenant_id):
    name = admin.execute("SELECT current_database()").fetchone()[0]
    admin.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')

    async with work(tenant_id) as session:
        before = await session.scalar(text("SHOW synchronous_commit"))
        await store.ingest(tenant_id, [usage_event()])
        after = await session.scalar(text("SHOW synchronous_commit"))

    assert (before, after) == ("off", "on")
