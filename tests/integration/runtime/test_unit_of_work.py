"""What the runtime promises about transactions and tenants."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from control_plane.kernel.ids import TenantId, new_id
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.unit_of_work import NestedTenant, once_committed

COUNT = text("SELECT count(*) FROM outbox")


async def test_without_a_tenant_a_query_returns_nothing(work, system, database):
    tenant = TenantId(new_id())
    async with work(tenant) as session:
        await enqueue(session, tenant, "t", {})

    async with database.engine("tenant").connect() as connection:
        assert (await connection.execute(COUNT)).scalar_one() == 0


async def test_one_tenant_does_not_see_the_other(work):
    mine, theirs = TenantId(new_id()), TenantId(new_id())
    async with work(mine) as session:
        await enqueue(session, mine, "t", {})

    async with work(theirs) as session:
        assert (await session.execute(COUNT)).scalar_one() == 0
    async with work(mine) as session:
        assert (await session.execute(COUNT)).scalar_one() == 1


async def test_a_row_of_another_tenant_cannot_be_written(work):
    mine, theirs = TenantId(new_id()), TenantId(new_id())

    with pytest.raises(DBAPIError, match="row-level security"):
        async with work(mine) as session:
            await enqueue(session, theirs, "t", {})


async def test_a_nested_use_case_joins_the_outer_transaction(work):
    tenant = TenantId(new_id())

    with pytest.raises(ZeroDivisionError):
        async with work(tenant) as outer:
            async with work(tenant) as inner:
                assert inner is outer
                await enqueue(inner, tenant, "t", {})
            raise ZeroDivisionError

    async with work(tenant) as session:
        assert (await session.execute(COUNT)).scalar_one() == 0


async def test_another_tenant_inside_a_transaction_is_refused(work):
    with pytest.raises(NestedTenant):
        async with work(TenantId(new_id())), work(TenantId(new_id())):
            pass


async def test_a_child_task_gets_a_transaction_of_its_own(work):
    tenant = TenantId(new_id())

    async def child() -> object:
        async with work(tenant) as session:
            return session

    async with work(tenant) as outer:
        assert await asyncio.create_task(child()) is not outer


async def test_staff_cannot_write(staff):
    with pytest.raises(DBAPIError):
        async with staff() as session:
            await session.execute(text("DELETE FROM outbox"))


async def test_what_waits_for_a_commit_does_not_take_a_savepoints_for_it(work):
    acted: list[str] = []
    async with work(TenantId(new_id())) as session:
        once_committed(session, lambda: acted.append("committed"))
        for _ in range(2):
            async with session.begin_nested():
                await session.execute(COUNT)
        assert acted == []

    assert acted == ["committed"]
