"""What the store asks of ClickHouse: questions and inserts, in threads of their own."""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, TypeVar

from control_plane.runtime.extras import need

Row: TypeAlias = Sequence[Any]
_T = TypeVar("_T")

_THREADS = 16
_EMBEDDED_THREADS = 2
_LONGEST_INSERT_SECONDS = 60
# An insert must be over long before the rows of one that never ended are forgotten
# (`metering.stores.clickhouse.sweeping.GRACE`).
INSERTING: Mapping[str, Any] = {
    "max_execution_time": _LONGEST_INSERT_SECONDS,
    "max_partitions_per_insert_block": 0,
    "async_insert": 0,
    # On a cluster, acknowledged means on a majority of the replicas; alone, it changes nothing.
    "insert_quorum": "auto",
}
# One session would take one query at a time.
_OVER_HTTP: Mapping[str, Any] = {"autogenerate_session_id": False, "send_receive_timeout": 90}
_ASKING: Mapping[str, Any] = {
    "max_query_size": 67_108_864,
    "do_not_merge_across_partitions_select_final": 1,
    "select_sequential_consistency": 1,
}


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows of one table, column by column."""

    table: str
    columns: Mapping[str, str]
    """The type of every column, in order."""
    values: Sequence[Sequence[Any]]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.values[0])


class ClickHouse(Protocol):
    """A database in ClickHouse. Whatever fails raises, and may be tried again."""

    async def ask(self, sql: str, bound: Mapping[str, Any] | None = None) -> Sequence[Row]:
        """Return the rows of a query; ``%(name)s`` stands for a bound value."""

    async def run(self, sql: str, bound: Mapping[str, Any] | None = None) -> None:
        """Run a statement that answers nothing."""

    async def insert(self, block: Block, token: str) -> None:
        """Store rows durably; the same token again, right after, stores them once."""

    async def insert_made(self, make: Callable[[], Block | None], token: str) -> None:
        """Make a block beside the event loop, and insert it; None: there is nothing to insert.

        Cut off, it inserts nothing from then on; what is on its way by then may still arrive.
        """


@dataclass(slots=True)
class ConnectedClickHouse:
    """ClickHouse behind the URL of a server, or of a folder (``chdb:///…``) for tests.

    Connects when it is first used. The client of `clickhouse-connect` is synchronous: the same
    code speaks HTTP to a server and calls the embedded engine, and neither stops the event loop.
    """

    url: str
    _own: threading.local = field(default_factory=threading.local)
    _opened: list[Any] = field(default_factory=list)
    _threads: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        most = _EMBEDDED_THREADS if self._embedded else _THREADS
        self._threads = ThreadPoolExecutor(most, "clickhouse")

    async def ask(self, sql: str, bound: Mapping[str, Any] | None = None) -> Sequence[Row]:
        """Ask, in a thread."""
        values = dict(bound or {})
        return await self._threaded(
            lambda client: client.query(sql, parameters=values, settings=_ASKING).result_rows
        )

    async def run(self, sql: str, bound: Mapping[str, Any] | None = None) -> None:
        """Run, in a thread."""
        values = dict(bound or {})
        await self._threaded(lambda client: client.command(sql, parameters=values))

    async def insert(self, block: Block, token: str) -> None:
        """Insert, in a thread, as one block in ClickHouse's own format."""
        await self.insert_made(lambda: block, token)

    async def insert_made(self, make: Callable[[], Block | None], token: str) -> None:
        """Make and insert in one thread of its own, which nothing but ClickHouse keeps waiting."""
        cut_off = threading.Event()

        def insert(client: Any) -> None:
            block = make()
            if block is not None and not cut_off.is_set():
                _send(client, block, token)

        try:
            await self._threaded(insert)
        except asyncio.CancelledError:
            cut_off.set()  # the thread itself cannot be stopped
            raise

    async def close(self) -> None:
        """Let what is under way end, and close the connections."""
        await asyncio.to_thread(self._threads.shutdown, wait=True)
        for client in self._opened:
            client.close()
        self._opened.clear()

    @property
    def _embedded(self) -> bool:
        return self.url.startswith("chdb:")

    async def _threaded(self, call: Callable[[Any], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: call(self._connected())
        )

    def _connected(self) -> Any:
        """Return the thread's own client: one takes a call at a time."""
        client = getattr(self._own, "client", None)
        if client is None:
            library = need("clickhouse", "clickhouse_connect")
            options = {} if self._embedded else _OVER_HTTP
            client = library.get_client(dsn=self.url, **options)
            self._own.client = client
            self._opened.append(client)
        return client


def _send(client: Any, block: Block, token: str) -> None:
    client.insert(
        block.table,
        block.values,
        column_names=list(block.columns),
        column_type_names=list(block.columns.values()),
        column_oriented=True,
        settings={**INSERTING, "insert_deduplication_token": token},
    )
