"""A question in one round trip sees what its tenant sees, and leaves the connection clean."""

import psycopg
import pytest
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


async def test_a_question_that_is_refused_spoils_no_connection(database):
    mine = TenantId(new_id())
    for _ in range(3):
        with pytest.raises(psycopg.errors.DivisionByZero):
            await ask_tenant(database, mine, "SELECT 1 / %s", [0])

    assert await ask_tenant(database, mine, BOUND, []) == [(str(mine),)]
