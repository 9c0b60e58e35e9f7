"""A statement over connections of its own: answers, refusals, losses, and nothing left behind."""

import asyncio
import gc
import os
import select
import socket
import tempfile
import warnings
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import make_url, text

from control_plane.kernel.ids import new_id
from control_plane.runtime.database import Database
from control_plane.runtime.direct import Direct
from control_plane.runtime.postgres import ROOT_HOME, EmbeddedPostgres
from control_plane.runtime.roles import Role
from control_plane.runtime.unit_of_work import BOUND
from tests.support.cluster import FAST, remove

BACKENDS = (
    "SELECT pid FROM pg_stat_activity "
    "WHERE application_name = 'tallyard-direct' AND datname = current_database()"
)
SLEEPING = f"{BACKENDS} AND wait_event = 'PgSleep'"
PID = "SELECT pg_backend_pid()"
PID_AFTER = "SELECT pg_backend_pid(), pg_sleep(CAST(:seconds AS double precision))"


@pytest.fixture
async def opened(settings):
    """Open statements of a database; at the end, nothing of them is left in the loop."""
    before, made = watched(), []

    def _opened(sql, most=1, dsn=None, **more):
        made.append(Direct(dsn or settings.database_url, text(sql), most, **more))
        return made[-1]

    yield _opened
    for direct in made:
        await direct.close()
    assert watched() == before


@pytest.fixture
def complaints():
    """What is said of connections that were dropped while they were open."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)

        def _complaints():
            gc.collect()
            return [str(warning.message) for warning in told]

        yield _complaints


@pytest.fixture
def server_with_socket():
    parent = ROOT_HOME if os.geteuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="tests-", dir=parent))
    home.chmod(0o755)
    server = EmbeddedPostgres(home, settings={**FAST, "unix_socket_directories": str(home)})
    server.start()
    yield server
    remove(server)


def watched():
    """Name the sockets that the loop listens to."""
    return set(asyncio.get_running_loop()._selector.get_map())


async def until(holds):
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.005)


def pids(admin, sql=BACKENDS):
    return {row[0] for row in admin.execute(sql)}


async def lost_while_idle(direct, admin):
    """Have the server end the connection that lies unused; return its socket's number."""
    (line,) = direct._free
    admin.execute("SELECT pg_terminate_backend(pid) FROM (" + BACKENDS + ") AS b")
    await until(lambda: not line.idle)
    return line._socket


async def test_values_and_rows_are_texts_bytes_integers_and_nothing(opened):
    direct = opened(
        "SELECT CAST(:text AS text), CAST(:bytes AS bytea), CAST(:whole AS bigint), "
        "CAST(:none AS text), '' UNION ALL SELECT 'b', NULL, 1, 'x', NULL ORDER BY 5 NULLS LAST"
    )
    assert await direct(
        {"text": "出库", "bytes": b"\x00\xff", "whole": -(2**62), "none": None, "more": "unused"}
    ) == [("出库", "\\x00ff", str(-(2**62)), None, ""), ("b", None, "1", "x", None)]
    assert await opened("SELECT 1 WHERE false")({}) == []


async def test_names_repeat_and_colons_keep_their_meaning(opened):
    direct = opened(
        "SELECT CAST(:a AS text) || CAST(:b AS text) || CAST(:a AS text), 1::text, "
        "'10\\:30 %s', 'at :noon:'::text"
    )
    for a, b in (("x", "y"), ("y", "x")):
        assert await direct({"a": a, "b": b}) == [(f"{a}{b}{a}", "1", "10:30 %s", "at :noon:")]


async def test_it_is_committed_when_it_returns(opened, admin):
    admin.execute("CREATE TABLE kept (n integer PRIMARY KEY)")
    insert = opened("INSERT INTO kept VALUES (CAST(:n AS integer))")

    assert await insert({"n": 1}) == []

    assert admin.execute("SELECT n FROM kept").fetchall() == [(1,)]


async def test_what_the_server_refuses_is_the_drivers_error_and_the_connection_stays(opened, admin):
    admin.execute(
        "CREATE TABLE kept (n integer PRIMARY KEY, "
        "m integer UNIQUE DEFERRABLE INITIALLY DEFERRED, CHECK (10 / n > 0))"
    )
    direct = opened(
        "INSERT INTO kept VALUES (CAST(:n AS integer), CAST(:m AS integer)) "
        "RETURNING pg_backend_pid()"
    )
    [(pid,)] = await direct({"n": 1, "m": 1})

    refused = [
        ({"n": 0, "m": 2}, errors.DivisionByZero),
        ({"n": 1, "m": 2}, errors.UniqueViolation),
        ({"n": 2, "m": 1}, errors.UniqueViolation),  # told by the commit, after the row
        ({"n": "x", "m": 2}, errors.InvalidTextRepresentation),
    ]
    for values, kind in refused:
        with pytest.raises(kind):
            await direct(values)

    assert await direct({"n": 2, "m": 2}) == [(pid,)]
    assert admin.execute("SELECT n, m FROM kept ORDER BY n").fetchall() == [(1, 1), (2, 2)]


async def test_what_cannot_be_sent_is_refused_whole_and_the_connection_stays(opened):
    direct = opened("SELECT CAST(:a AS text), pg_backend_pid()")
    [(_, pid)] = await direct({"a": "a"})

    with pytest.raises(psycopg.DataError, match="NUL"):
        await direct({"a": "a\x00b"})
    with pytest.raises(UnicodeEncodeError):
        await direct({"a": "\ud800"})
    with pytest.raises(KeyError):
        await direct({})

    assert await direct({"a": "b"}) == [("b", pid)]


async def test_a_connection_lost_while_idle_is_replaced(opened, admin):
    direct = opened(PID)
    [(before,)] = await direct({})

    await lost_while_idle(direct, admin)

    [(after,)] = await direct({})
    assert after != before


async def test_a_socket_with_the_number_of_a_lost_one_is_left_alone(opened, admin):
    loop, heard = asyncio.get_running_loop(), asyncio.Event()
    direct = opened(PID)
    await direct({})
    ours, theirs = socket.socketpair()
    with ours, theirs:
        number = await lost_while_idle(direct, admin)
        os.dup2(ours.fileno(), number)  # as the system gives a number again that is free
        loop.add_reader(number, heard.set)
        try:
            await direct({})
            await direct.close()
            theirs.send(b"x")
            async with asyncio.timeout(60):
                await heard.wait()
        finally:
            assert loop.remove_reader(number)
            os.close(number)


async def test_a_server_that_goes_during_a_statement_is_told_and_the_next_is_answered(
    opened, admin
):
    direct = opened(PID_AFTER)
    asked = asyncio.create_task(direct({"seconds": "600"}))
    await until(lambda: pids(admin, SLEEPING))

    admin.execute("SELECT pg_terminate_backend(pid) FROM (" + SLEEPING + ") AS b")

    with pytest.raises(psycopg.OperationalError):
        await asked
    [(pid, _)] = await direct({"seconds": "0"})
    await until(lambda: pids(admin) == {int(pid)})


async def test_a_caller_who_goes_during_a_statement_leaves_no_connection_and_his_place(
    opened, admin
):
    before = watched()
    direct = opened(PID_AFTER)
    asked = asyncio.create_task(direct({"seconds": "600"}))
    await until(lambda: pids(admin, SLEEPING))
    (left,) = pids(admin)

    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked

    assert watched() == before
    [(pid, _)] = await direct({"seconds": "0"})
    assert int(pid) != left
    admin.execute("SELECT pg_terminate_backend(%s)", [left])


@pytest.mark.parametrize("steps", range(1, 12, 2))
async def test_a_caller_who_goes_while_it_is_opened_leaves_nothing(opened, steps):
    before = watched()
    direct = opened(PID)
    asked = asyncio.create_task(direct({}))
    for _ in range(steps):
        await asyncio.sleep(0)
    waiting = asyncio.create_task(direct({}))
    await asyncio.sleep(0)

    waiting.cancel()
    asked.cancel()
    await asyncio.gather(asked, waiting, return_exceptions=True)

    assert watched() - {line._socket for line in direct._free} == before
    assert len(await direct({})) == 1


@pytest.mark.parametrize("first", ["the caller goes", "the answer comes"])
async def test_an_answer_that_comes_keeps_its_connection_though_its_caller_goes(opened, first):
    direct = opened(PID)
    [(pid,)] = await direct({})
    (line,) = direct._free
    asked = asyncio.create_task(direct({}))
    await asyncio.sleep(0)
    if first == "the caller goes":
        asked.cancel()
    while line._answer is not None:
        select.select([line._socket], [], [], 60)
        line._readable()  # as the loop calls it, before it wakes up who asked

    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked

    assert await direct({}) == [(pid,)]


async def test_there_are_never_more_connections_than_allowed(opened, admin):
    direct = opened(PID_AFTER, most=3)

    answers = await asyncio.gather(*(direct({"seconds": "0.01"}) for _ in range(40)))

    used = {int(pid) for [(pid, _)] in answers}
    assert len(used) == 3
    assert pids(admin) == used


async def test_who_waits_too_long_for_a_connection_is_told(opened):
    direct = opened(PID_AFTER, patience_seconds=0.05)
    sleeping = asyncio.create_task(direct({"seconds": "0.5"}))
    await asyncio.sleep(0)

    with pytest.raises(psycopg.OperationalError, match="no connection became free"):
        await direct({"seconds": "0"})

    [(pid, _)] = await sleeping
    assert await direct({"seconds": "0"}) == [(pid, "")]


async def test_megabytes_both_ways_and_many_at_once(opened):
    direct = opened("SELECT CAST(:body AS text) || CAST(:body AS text) FROM generate_series(1, 2)")
    bodies = ["出库" * 500_000, "x" * 8_000_000, ""]

    answers = await asyncio.gather(*(direct({"body": body}) for body in bodies))

    for body, answer in zip(bodies, answers, strict=True):
        assert answer == [(body + body,)] * 2
    (line,) = direct._free
    assert not line._writing


async def test_a_server_that_is_away_is_told_each_time(opened):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        direct = opened(PID, dsn=f"postgresql://nobody@127.0.0.1:{taken.getsockname()[1]}/none")
        for _ in range(3):
            with pytest.raises(psycopg.OperationalError):
                await direct({})


async def test_what_cannot_be_prepared_leaves_no_connection(opened, admin, complaints):
    before = watched()
    direct = opened("SELECT missing FROM nowhere")

    for _ in range(3):
        with pytest.raises(errors.UndefinedTable):
            await direct({})

    assert watched() == before
    assert complaints() == []
    await until(lambda: not pids(admin))


async def test_closing_closes_all_once_they_have_answered(opened, admin):
    before = watched()
    direct = opened(PID_AFTER, most=3)
    await asyncio.gather(*(direct({"seconds": "0.01"}) for _ in range(3)))
    asked = asyncio.create_task(direct({"seconds": "0.05"}))
    await until(lambda: pids(admin, SLEEPING))

    await direct.close()

    [(_, slept)] = await asked
    assert slept == ""
    assert watched() == before
    await until(lambda: not pids(admin))


async def test_it_is_planned_once_beside_whatever_the_address_asks_for(opened, settings):
    options = quote("-c search_path=elsewhere -c jit=on")
    direct = opened(
        "SELECT current_setting('plan_cache_mode'), current_setting('jit'), "
        "current_setting('search_path')",
        dsn=f"{settings.database_url}?options={options}",
    )
    assert await direct({}) == [("force_generic_plan", "off", "elsewhere")]


async def test_texts_are_utf_8_whatever_the_surroundings_say(opened, monkeypatch):
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    direct = opened("SELECT CAST(:a AS text), length(CAST(:a AS text))")
    assert await direct({"a": "été 出库"}) == [("été 出库", "6")]


async def test_a_connection_is_kept_as_long_as_it_is_used(opened, complaints):
    direct = opened(PID)
    [(pid,)] = await direct({})
    assert complaints() == []
    assert await direct({}) == [(pid,)]
    await direct.close()
    del direct
    assert complaints() == []


async def test_a_database_gives_a_role_its_own_and_closes_them(settings, admin):
    database, statement = Database(settings), text("SELECT current_user")
    tenant = database.direct(Role.TENANT, statement)
    assert database.direct(Role.TENANT, text(statement.text)) is tenant
    assert await tenant({}) == [(Role.TENANT.login,)]
    assert await database.direct(Role.SYSTEM, statement)({}) == [(Role.SYSTEM.login,)]

    await database.close()

    await until(lambda: not pids(admin))
    assert await database.direct(Role.TENANT, statement)({}) == [(Role.TENANT.login,)]
    await database.close()


async def test_a_unit_of_work_writes_at_once_for_its_tenant_and_no_other(work, tenant_id, admin):
    write = text(
        f"WITH {BOUND} INSERT INTO outbox (tenant_id, id, topic, payload, available_at) "
        "SELECT coalesce(CAST(:for AS uuid), tenant_id), CAST(:id AS uuid), 't', '{}', now() "
        "FROM bound RETURNING tenant_id"
    )
    own = await work.at_once(tenant_id, write, {"id": str(new_id()), "for": None})
    assert own == [(str(tenant_id),)]

    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        await work.at_once(tenant_id, write, {"id": str(new_id()), "for": str(new_id())})

    assert admin.execute("SELECT tenant_id FROM outbox").fetchall() == [(tenant_id,)]


async def test_a_server_may_be_reached_by_its_socket_in_the_file_system(opened, server_with_socket):
    secret = make_url(server_with_socket.url).password
    folder = quote(str(server_with_socket.home), safe="")
    address = f"host={folder}&port={server_with_socket.port}"
    direct = opened(
        "SELECT inet_server_addr(), CAST(:a AS text)",
        dsn=f"postgresql://postgres:{secret}@/postgres?{address}",
    )

    assert await direct({"a": "出库" * 500_000}) == [(None, "出库" * 500_000)]
