"""A question in one round trip sees what its tenant sees, and leaves the connection clean."""

import psycopg
import pytest
from psycopg.pq import Trace
from sqlalchemy import text

from control_plane.kernel.ids import TenantId, new_id
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.tenant_reads import ask_tenant

COUNT = "SELECT count(*) FROM outbox WHERE topic = %s"
BOUND = "SELECT nullif(current_setting('app.tenant_id', true), '')"


async def test_a_question_is_answered_from_its_own_tenants_rows_alone(work, database):
    mine, theirs = TenantId(new_id()), TenantId(new_id())
    async with work(mine) as session:
        await enqueue(session, mine, "t", {})

    assert await ask_tenant(database, theirs, COUNT, ["t"]) == [(0,)]
    assert await ask_tenant(database, mine, COUNT, ["t"]) == [(1,)]


async def test_the_next_who_borrows_the_connection_is_bound_to_nobody(database):
    mine = TenantId(new_id())
    assert await ask_tenant(database, mine, BOUND, []) == [(str(mine),)]

    async with database.engine("tenant").connect() as connection:
        assert (await connection.execute(text(BOUND))).scalar_one() is None


async def test_a_question_takes_one_round_trip(database, tmp_path):
    mine, log = TenantId(new_id()), tmp_path / "messages"
    engine = database.engine("tenant")
    with log.open("w") as heard:
        async with engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            driver.pgconn.trace(heard.fileno())
            driver.pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS | Trace.REGRESS_MODE)
        heard.truncate(0)
        assert await ask_tenant(database, mine, BOUND, []) == [(str(mine),)]
        driver.pgconn.untrace()

    assert log.read_text().count("ReadyForQuery") == 1


async def test_a_connection_is_given_back_as_it_was_lent(database):
    await ask_tenant(database, TenantId(new_id()), BOUND, [])

    async with database.engine("tenant").connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert not driver.autocommit


async def test_a_question_that_is_refused_spoils_no_connection(database):
    mine = TenantId(new_id())
    for _ in range(3):
        with pytest.raises(psycopg.errors.DivisionByZero):
            await ask_tenant(database, mine, "SELECT 1 / %s", [0])

    assert await ask_tenant(database, mine, BOUND, []) == [(str(mine),)]
