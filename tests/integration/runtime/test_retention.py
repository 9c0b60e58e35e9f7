"""Delivered messages are kept for a week, keys for thirty days, and nothing else is deleted."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from control_plane.kernel.ids import new_id
from control_plane.runtime.retention import PurgeDelivered

MINUTE = timedelta(minutes=1)


@pytest.fixture
def message(admin, clock):
    def insert(tenant_id, topic, *, age, done=True, dead=False):
        at = clock.now() - age
        admin.execute(
            "INSERT INTO outbox (tenant_id, id, topic, payload, available_at, done_at, dead_at) "
            "VALUES (%s, %s, %s, '{}', %s, %s, %s)",
            [tenant_id, new_id(), topic, at, at if done else None, at if dead else None],
        )

    return insert


@pytest.fixture
def key(admin, clock):
    def insert(tenant_id, name, *, age):
        admin.execute(
            "INSERT INTO idempotency_keys (tenant_id, key, request_hash, created_at) "
            "VALUES (%s, %s, 'hash', %s)",
            [tenant_id, name, clock.now() - age],
        )

    return insert


def left(admin):
    rows = admin.execute("SELECT topic FROM outbox UNION ALL SELECT key FROM idempotency_keys")
    return {row[0] for row in rows.fetchall()}


async def test_messages_leave_a_week_after_their_delivery_in_every_tenant(
    system, clock, admin, message, tenant_id, other_tenant_id
):
    week = timedelta(days=7)
    message(tenant_id, "old", age=week + MINUTE)
    message(other_tenant_id, "old of another", age=week + MINUTE)
    message(tenant_id, "young", age=week - MINUTE)

    assert await PurgeDelivered(system, clock).run() == 2
    assert left(admin) == {"young"}


async def test_what_waits_or_was_given_up_is_kept_however_old(
    system, clock, admin, message, tenant_id
):
    message(tenant_id, "waiting", age=timedelta(days=400), done=False)
    message(tenant_id, "dead", age=timedelta(days=400), done=False, dead=True)

    assert await PurgeDelivered(system, clock).run() == 0
    assert left(admin) == {"waiting", "dead"}


async def test_keys_leave_after_thirty_days(system, clock, admin, key, tenant_id, other_tenant_id):
    month = timedelta(days=30)
    key(tenant_id, "old", age=month + MINUTE)
    key(other_tenant_id, "old of another", age=month + MINUTE)
    key(tenant_id, "young", age=month - MINUTE)

    assert await PurgeDelivered(system, clock).run() == 2
    assert left(admin) == {"young"}


async def test_more_than_a_batch_goes_in_one_run(system, clock, admin, message, key, tenant_id):
    for n in range(7):
        message(tenant_id, f"message {n}", age=timedelta(days=8))
        key(tenant_id, f"key {n}", age=timedelta(days=31))

    assert await PurgeDelivered(system, clock, batch=3).run() == 14
    assert left(admin) == set()


async def test_a_row_that_somebody_holds_is_left_for_the_next_run(
    system, clock, admin, key, tenant_id, work
):
    key(tenant_id, "held", age=timedelta(days=31))
    async with work(tenant_id) as session:
        await session.execute(text("SELECT 1 FROM idempotency_keys FOR UPDATE"))
        assert await PurgeDelivered(system, clock).run() == 0

    assert await PurgeDelivered(system, clock).run() == 1


async def test_postgresql_keeps_what_was_not_delivered(system, admin, message, tenant_id):
    message(tenant_id, "waiting", age=timedelta(days=400), done=False)

    async with system() as session:
        await session.execute(text("DELETE FROM outbox"))

    assert left(admin) == {"waiting"}


async def test_the_right_to_delete_keys_is_no_right_to_change_them(system, key, tenant_id):
    key(tenant_id, "held", age=timedelta(days=31))

    with pytest.raises(DBAPIError, match="row-level security"):
        async with system() as session:
            await session.execute(text("UPDATE idempotency_keys SET body = 'x'"))
