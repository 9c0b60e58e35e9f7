"""A statement that is executed so often that even its driver's cursors tell.

It is prepared once on each of a few connections that do nothing else, and spoken over libpq
itself: one send, one wake-up of the loop, one answer. Everything else belongs to the pools.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from sqlalchemy import TextClause

from control_plane.runtime.writes import BOUND_NAME

Value: TypeAlias = str | bytes | int | None
Row: TypeAlias = tuple[str | None, ...]

PATIENCE_SECONDS: Final = 30.0
"""How long a call waits for a connection while all are in use, as long as for one of a pool."""

_NAME: Final = b"tallyard_direct"
_GOOD: Final = {ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK}
# Planned once: it finds and writes few rows by their keys, however many partitions there are.
_PREPARE: Final = (
    b"SET plan_cache_mode = force_generic_plan; SET jit = off; PREPARE " + _NAME + b" AS "
)


class Direct:
    """One statement over at most ``most`` connections, opened when they are needed.

    Every bound name stands in a CAST. Values are texts, integers or bytes; the columns of its
    rows come back as texts. Each execution is a transaction by itself, committed when it returns.
    Close it in the event loop that used it; what is on its way then is still answered.
    """

    def __init__(
        self, dsn: str, statement: TextClause, most: int, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self._dsn = dsn
        self._patience = patience_seconds
        self._sql, self._names = _numbered(statement.text)
        self._room = asyncio.Semaphore(most)
        self._free: list[_Line] = []
        self._closed = False

    async def __call__(self, values: Mapping[str, Value]) -> list[Row]:
        """Execute it, and return its rows.

        Raises:
            psycopg.Error: what the server answered, or that it is away. In that case the
                statement may have been executed all the same. Or no connection became free.
        """
        bound = [values[name] for name in self._names]
        await self._enter()
        try:
            line = await self._line()
            try:
                return await line.ask(bound)
            finally:
                if line.idle and not self._closed:
                    self._free.append(line)
                else:
                    line.close()
        finally:
            self._room.release()

    async def close(self) -> None:
        """Close every connection, or have it closed as soon as it has answered."""
        self._closed = True
        while self._free:
            self._free.pop().close()

    async def _enter(self) -> None:
        if not self._room.locked():
            await self._room.acquire()  # at once
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._room.acquire()
        except TimeoutError:
            raise psycopg.OperationalError("no connection became free") from None

    async def _line(self) -> "_Line":
        while self._free:
            line = self._free.pop()
            if line.idle:
                return line
            line.close()
        connection = await psycopg.AsyncConnection.connect(
            self._dsn,
            autocommit=True,
            connect_timeout=10,
            client_encoding="utf8",
            application_name="tallyard-direct",
        )
        try:
            await connection.execute(_PREPARE + self._sql)
        except BaseException:
            await connection.close()
            raise
        return _Line(connection)


class _Line:
    """A connection on which the statement is prepared; it hears at once when the server goes."""

    def __init__(self, connection: "psycopg.AsyncConnection[Any]") -> None:
        self._connection = connection  # which would complain of being dropped while it is open
        self._pgconn: PGconn = connection.pgconn
        self._socket = self._pgconn.socket
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._readable)
        self._writing = False
        self._closed = False
        self._results: list[PGresult] = []
        self._answer: asyncio.Future[list[Row]] | None = None

    @property
    def idle(self) -> bool:
        """Whether it can be asked."""
        return (
            self._pgconn.status == ConnStatus.OK
            and self._pgconn.transaction_status == TransactionStatus.IDLE
        )

    async def ask(self, bound: Sequence[Value]) -> list[Row]:
        """Send, and wait for the answer."""
        answer: asyncio.Future[list[Row]] = self._loop.create_future()
        self._answer = answer
        texts = [value if isinstance(value, bytes | None) else _text(value) for value in bound]
        formats = [int(isinstance(value, bytes)) for value in bound]
        self._pgconn.send_query_prepared(_NAME, texts, formats)
        self._writable()
        return await answer

    def close(self) -> None:
        """Close it, whatever it is doing."""
        if self._closed:
            return
        self._closed = True  # the number of its socket may soon be another's
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._pgconn.finish()

    def _writable(self) -> None:
        try:
            left = self._pgconn.flush() != 0
        except psycopg.Error as error:
            self._fail(error)
            return
        if left is not self._writing:
            self._writing = left
            if left:
                self._loop.add_writer(self._socket, self._writable)
            else:
                self._loop.remove_writer(self._socket)

    def _readable(self) -> None:
        try:
            self._pgconn.consume_input()
            while not self._pgconn.is_busy():
                result = self._pgconn.get_result()
                if result is None:
                    self._answered()
                    return
                self._results.append(result)
        except psycopg.Error as error:
            self._fail(error)

    def _answered(self) -> None:
        results, self._results = self._results, []
        answer, self._answer = self._answer, None
        if answer is None or answer.done():
            return
        for result in results:
            if result.status not in _GOOD:
                answer.set_exception(error_from_result(result))
                return
        answer.set_result([row for result in results for row in _rows(result)])

    def _fail(self, error: psycopg.Error) -> None:
        answer, self._answer = self._answer, None
        self.close()
        if answer is not None and not answer.done():
            answer.set_exception(error)


def _text(value: str | int) -> bytes:
    text = str(value).encode()
    if b"\0" in text:  # libpq would send what stands before it
        raise psycopg.DataError("PostgreSQL text cannot contain NUL (0x00) bytes")
    return text


def _rows(result: PGresult) -> list[Row]:
    columns = range(result.nfields)
    return [
        tuple(_read(result.get_value(row, column)) for column in columns)
        for row in range(result.ntuples)
    ]


def _read(value: bytes | None) -> str | None:
    return None if value is None else bytes(value).decode()


def _numbered(sql: str) -> tuple[bytes, list[str]]:
    """Number the bound names by where each stands first; an escaped colon is a colon."""
    names = list(dict.fromkeys(BOUND_NAME.findall(sql)))
    numbered = BOUND_NAME.sub(lambda found: f"${names.index(found[1]) + 1}", sql)
    return numbered.replace("\\:", ":").encode(), names
