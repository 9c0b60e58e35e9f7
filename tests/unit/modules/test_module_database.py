"""The module database: one writer, shared commits, each write whole or not at all."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from inventory_modules.chassis.database import Database, connect, migrate

TABLE = "CREATE TABLE facts (n INTEGER PRIMARY KEY) STRICT;"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(tmp_path / "data", {"facts": (TABLE,)})
    yield opened
    await opened.close()


def add(number: int):
    return lambda connection: connection.execute("INSERT INTO facts VALUES (?)", (number,))


def facts(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as other:
        return [number for (number,) in other.execute("SELECT n FROM facts ORDER BY n")]


async def test_a_finished_write_is_visible_to_another_connection(database: Database):
    await database.write(add(1))

    assert facts(database.path) == [1]


async def test_a_write_that_fails_undoes_itself_and_not_its_neighbours(database: Database):
    def halfway(connection: sqlite3.Connection) -> None:
        add(2)(connection)
        raise ValueError("changed its mind")

    results = await asyncio.gather(
        database.write(add(1)),
        database.write(halfway),
        database.write(add(1)),
        database.write(add(3)),
        return_exceptions=True,
    )

    assert facts(database.path) == [1, 3]
    assert [type(result) for result in results[1:3]] == [ValueError, sqlite3.IntegrityError]


async def test_writes_made_together_share_a_commit(database: Database):
    commits: list[str] = []
    database._writer.set_trace_callback(
        lambda statement: commits.append(statement) if statement == "COMMIT" else None
    )

    await asyncio.gather(*(database.write(add(number)) for number in range(100)))

    assert len(facts(database.path)) == 100
    assert len(commits) == 1


async def test_a_caller_that_goes_away_does_not_stop_the_others(database: Database):
    gone = asyncio.create_task(database.write(add(1)))
    stays = asyncio.create_task(database.write(add(2)))
    await asyncio.sleep(0)
    gone.cancel()

    await stays

    assert facts(database.path) == [1, 2]


async def test_the_reader_cannot_write(database: Database):
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.reader.execute("INSERT INTO facts VALUES (1)")


async def test_commits_wait_for_the_disk(database: Database):
    for connection in (database._writer, database.reader):
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2


def test_parts_of_a_schema_grow_independently_and_once(tmp_path: Path):
    with closing(connect(tmp_path / "data")) as connection:
        migrate(connection, {"a": (TABLE,)})
        migrate(connection, {"b": ("CREATE TABLE b (n);",), "a": (TABLE, "DROP TABLE facts;")})
        migrate(connection, {"b": ("CREATE TABLE b (n);",), "a": (TABLE, "DROP TABLE facts;")})

        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        assert {name for (name,) in tables} == {"schema_parts", "b"}


def test_a_version_that_fails_leaves_nothing_behind(tmp_path: Path):
    with closing(connect(tmp_path / "data")) as connection:
        with pytest.raises(sqlite3.OperationalError):
            migrate(connection, {"a": (f"{TABLE} INSERT INTO nowhere VALUES (1);",)})

        assert connection.execute("SELECT count(*) FROM schema_parts").fetchone()[0] == 0
        migrate(connection, {"a": (TABLE,)})
