"""The outbox delivers at least once, and exactly once when nothing fails."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from control_plane.kernel.clock import FakeClock, SystemClock
from control_plane.kernel.ids import TenantId, new_id
from control_plane.runtime.outbox import MAX_ATTEMPTS, OutboxRelay, enqueue


@pytest.fixture
def tenant() -> TenantId:
    return TenantId(new_id())


def recording(seen: list, fail: int = 0):
    async def handler(tenant_id, payload, delivery_id):
        seen.append((tenant_id, payload, delivery_id))
        if len(seen) <= fail:
            raise ConnectionError("peer is away")

    return handler


async def send(work, tenant, **payload):
    async with work(tenant) as session:
        return await enqueue(session, tenant, "greet", payload)


async def test_a_message_is_delivered_once_with_its_tenant_and_payload(work, system, tenant):
    seen: list = []
    relay = OutboxRelay(system, {"greet": recording(seen)}, SystemClock())
    message = await send(work, tenant, who="Bella")

    assert await relay.run_once() == 1
    assert await relay.run_once() == 0
    assert seen == [(tenant, {"who": "Bella"}, message)]


async def test_a_message_of_a_rolled_back_use_case_never_leaves(work, system, tenant):
    seen: list = []
    relay = OutboxRelay(system, {"greet": recording(seen)}, SystemClock())
    with pytest.raises(ZeroDivisionError):
        async with work(tenant) as session:
            await enqueue(session, tenant, "greet", {})
            raise ZeroDivisionError

    assert await relay.run_once() == 0
    assert seen == []


async def test_a_failed_delivery_is_tried_again_after_a_pause(work, system, tenant):
    seen: list = []
    clock = FakeClock(SystemClock().now())
    relay = OutboxRelay(system, {"greet": recording(seen, fail=1)}, clock)
    await send(work, tenant)

    assert await relay.run_once() == 1
    assert await relay.drain(tenant) is True
    clock.advance(seconds=5)
    assert await relay.drain(tenant) is False
    assert len(seen) == 2


async def test_a_message_that_never_succeeds_is_kept_as_dead(work, system, tenant):
    clock = FakeClock(SystemClock().now())
    relay = OutboxRelay(system, {}, clock)
    await send(work, tenant)

    for _ in range(MAX_ATTEMPTS):
        await relay.run_once()
        clock.advance(seconds=600)

    async with work(tenant) as session:
        row = (await session.execute(text("SELECT dead_at, last_error FROM outbox"))).one()
    assert row.dead_at is not None
    assert "greet" in row.last_error


async def test_two_relays_do_not_deliver_one_message_twice(work, system, tenant):
    seen: list = []
    relays = [OutboxRelay(system, {"greet": recording(seen)}, SystemClock()) for _ in range(4)]
    for number in range(40):
        await send(work, tenant, number=number)

    await asyncio.gather(*(relay.drain(tenant) for relay in relays))

    assert sorted(payload["number"] for _, payload, _ in seen) == list(range(40))


async def test_a_claim_of_a_killed_relay_returns_after_its_lease(work, system, tenant):
    seen: list = []
    clock = FakeClock(SystemClock().now())
    relay = OutboxRelay(system, {"greet": recording(seen)}, clock, lease=timedelta(seconds=5))
    await send(work, tenant)
    await relay._claim(None)  # claimed, then "killed" before the delivery

    clock.advance(seconds=4)
    assert await relay.run_once() == 0
    clock.advance(seconds=2)
    assert await relay.run_once() == 1


async def test_no_more_is_claimed_at_a_time_than_the_limit(work, system, tenant):
    relay = OutboxRelay(system, {"greet": recording([])}, SystemClock(), limit=2)
    for _ in range(3):
        await send(work, tenant)

    assert [await relay.run_once() for _ in range(3)] == [2, 1, 0]


async def test_a_cancelled_relay_leaves_what_it_held_to_the_next(work, system, tenant):
    begun, seen = asyncio.Queue(), []

    async def stuck(tenant_id, payload, delivery_id):
        if payload["number"] == 1:
            begun.put_nowait(payload)
            await asyncio.Event().wait()

    for number in range(3):
        await send(work, tenant, number=number)
    running = asyncio.create_task(OutboxRelay(system, {"greet": stuck}, SystemClock()).run_once())
    async with asyncio.timeout(20):
        await begun.get()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert await OutboxRelay(system, {"greet": recording(seen)}, SystemClock()).run_once() == 2
    assert [payload["number"] for _, payload, _ in seen] == [1, 2]
    async with system() as session:
        tried = (await session.scalars(text("SELECT attempts FROM outbox"))).all()
    assert tried == [1, 1, 1], "a stop is no failure"


async def test_a_relay_that_is_cancelled_while_it_claims_keeps_nothing(work, system, tenant):
    seen: list = []
    await send(work, tenant)
    committed, answered = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def slowly_answering():
        async with system() as session:
            yield session
        committed.set()
        await answered.wait()

    running = asyncio.create_task(OutboxRelay(slowly_answering, {}, SystemClock()).run_once())
    async with asyncio.timeout(20):
        await committed.wait()
        running.cancel()
        await asyncio.sleep(0)
        answered.set()
        with pytest.raises(asyncio.CancelledError):
            await running

    assert await OutboxRelay(system, {"greet": recording(seen)}, SystemClock()).run_once() == 1
