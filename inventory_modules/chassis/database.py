"""A module's own database: SQLite in WAL mode, one writer, commits shared by concurrent calls."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

Result = TypeVar("Result")
Work = Callable[[sqlite3.Connection], Result]
Schema = Mapping[str, Sequence[str]]
"""The SQL scripts of each part of a database, oldest first; published ones never change."""

_LARGEST_BATCH = 256
_PRAGMAS = (
    "busy_timeout=5000",
    "journal_mode=WAL",
    "synchronous=FULL",
    "recursive_triggers=ON",  # so that REPLACE meets the triggers that keep rows immutable
)


def connect(path: Path) -> sqlite3.Connection:
    """Open a database whose commits are on disk before they return (WAL, synchronous FULL)."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()
    return connection


def migrate(connection: sqlite3.Connection, parts: Schema) -> None:
    """Apply the versions that the database has not seen, each all or nothing.

    Every part counts its own versions, so the chassis and a module grow independently.
    """
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_parts"
        " (part TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID"
    )
    seen: dict[str, int] = dict(
        connection.execute("SELECT part, version FROM schema_parts").fetchall()
    )
    for part, versions in parts.items():
        first = seen.get(part, 0)
        for number, script in enumerate(versions[first:], start=first + 1):
            note = f"INSERT OR REPLACE INTO schema_parts VALUES ('{part}', {number})"  # noqa: S608 - our own names
            try:
                connection.executescript(f"BEGIN IMMEDIATE;\n{script}\n{note};\nCOMMIT;")
            except sqlite3.Error:
                connection.rollback()
                raise


class Database:
    """One module's database file.

    Writes run one after another on the event loop, each in a savepoint of its own; those that
    arrive while a commit is on its way to the disk share the next one. ``write`` returns only
    when its commit is durable, so what was answered survives a SIGKILL at any moment.
    """

    def __init__(self, path: Path, parts: Schema) -> None:
        self.path = path
        self._writer = connect(path)
        migrate(self._writer, parts)
        self.reader = connect(path)
        self.reader.execute("PRAGMA query_only=ON").close()
        self._waiting: deque[tuple[Work[Any], asyncio.Future[Any]]] = deque()
        self._flusher: asyncio.Task[None] | None = None
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="commit")

    async def write(self, work: Work[Result]) -> Result:
        """Run ``work`` in a transaction and return its result once that is on disk.

        ``work`` does not await. What it raises undoes its own statements only, and is raised here.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush())
        return await future

    async def close(self) -> None:
        """Finish the writes that are waiting, then close the file."""
        if self._flusher is not None:
            await self._flusher
        self._disk.shutdown()
        self.reader.close()
        self._writer.close()

    async def _flush(self) -> None:
        try:
            while self._waiting:
                count = min(len(self._waiting), _LARGEST_BATCH)
                await self._commit([self._waiting.popleft() for _ in range(count)])
        finally:
            self._flusher = None

    async def _commit(self, batch: list[tuple[Work[Any], asyncio.Future[Any]]]) -> None:
        try:
            self._writer.execute("BEGIN IMMEDIATE").close()
            outcomes = [self._attempt(work) for work, _ in batch]
            # The disk's wait is spent off the loop; nobody else touches the writer meanwhile.
            await asyncio.get_running_loop().run_in_executor(self._disk, self._writer.commit)
        except Exception as error:  # noqa: BLE001 - whoever waits for this commit is told
            self._writer.rollback()
            outcomes = [(None, error)] * len(batch)
        for (_, future), (result, failure) in zip(batch, outcomes, strict=True):
            if future.done():  # its caller went away
                continue
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)

    def _attempt(self, work: Work[Any]) -> tuple[Any, Exception | None]:
        self._writer.execute("SAVEPOINT work").close()
        try:
            result = work(self._writer)
        except Exception as error:  # noqa: BLE001 - it is raised at the caller's await
            self._writer.execute("ROLLBACK TO work").close()
            self._writer.execute("RELEASE work").close()
            return None, error
        self._writer.execute("RELEASE work").close()
        return result, None
