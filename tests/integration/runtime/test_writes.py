"""Writes that travel together: all of them, or none."""

import asyncio

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from control_plane.audit.record import entry
from control_plane.kernel.ids import TenantId, new_id
from control_plane.runtime.database import IDLE_SECONDS
from control_plane.runtime.outbox import message
from control_plane.runtime.writes import Write, send

WRITTEN = text("SELECT topic, payload FROM outbox ORDER BY topic")
AUDITED = text("SELECT count(*) FROM audit_entries")


@pytest.fixture
def statements(database):
    """What is sent to PostgreSQL while the test runs."""
    sent: list[str] = []
    engine = database.engine("tenant").sync_engine

    def note(_: object, __: object, statement: str, *___: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


async def test_writes_of_several_parts_are_one_statement(work, tenant_id, statements):
    tenant = tenant_id
    async with work(tenant) as session:
        statements.clear()
        await send(
            session,
            [
                message(tenant, "a", {"says": "tenant_id: :id"}),
                entry(tenant, "somebody", "thing.done", "thing", "thi_1", {"n": 1}),
                message(tenant, "b", {}),
            ],
        )
        assert len(statements) == 1

    async with work(tenant) as session:
        rows = (await session.execute(WRITTEN)).all()
        audited = await session.scalar(AUDITED)
    assert [tuple(row) for row in rows] == [("a", {"says": "tenant_id: :id"}), ("b", {})]
    assert audited == 1


async def test_nothing_is_sent_for_no_writes(work, statements):
    async with work(TenantId(new_id())) as session:
        statements.clear()
        await send(session, [])
        assert statements == []


async def test_one_refused_write_undoes_all(work):
    mine, theirs = TenantId(new_id()), TenantId(new_id())

    with pytest.raises(DBAPIError, match="row-level security"):
        async with work(mine) as session:
            await send(session, [message(mine, "a", {}), message(theirs, "b", {})])

    async with work(mine) as session:
        assert (await session.execute(WRITTEN)).all() == []


async def test_casts_and_equal_names_keep_their_meaning(work):
    tenant = TenantId(new_id())
    insert = text(
        "INSERT INTO outbox (tenant_id, id, topic, payload, available_at) "
        "VALUES (:tenant_id, :id, CAST(:topic AS text) || '::x', '{\"a\": 1}'::jsonb, now())"
    )
    rows = [{"tenant_id": tenant, "id": new_id(), "topic": name} for name in ("one", "two")]
    async with work(tenant) as session:
        await send(session, [Write(insert, row) for row in rows])

    async with work(tenant) as session:
        found = (await session.execute(WRITTEN)).all()
    assert [row.topic for row in found] == ["one::x", "two::x"]


async def test_a_connection_that_died_while_it_lay_idle_is_replaced(work, system, admin):
    tenant = TenantId(new_id())
    async with work(tenant) as session:
        pid = await session.scalar(text("SELECT pg_backend_pid()"))
    admin.execute("SELECT pg_terminate_backend(%s)", [pid])
    await asyncio.sleep(IDLE_SECONDS + 0.1)

    async with work(tenant) as session:
        assert await session.scalar(text("SELECT pg_backend_pid()")) != pid
    assert await system.ask(text("SELECT 1")) == 1
