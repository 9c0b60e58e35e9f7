"""What the store asks of ClickHouse: questions and inserts, in threads of their own."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, TypeVar

from control_plane.runtime.extras import need

Row: TypeAlias = Sequence[Any]
_T = TypeVar("_T")

_THREADS = 16
_LONGEST_INSERT_SECONDS = 60
# An insert must be over long before the rows of one that never ended are forgotten
# (`metering.stores.clickhouse.sweeping.GRACE`).
_INSERTING: Mapping[str, Any] = {
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


@dataclass(slots=True)
class ConnectedClickHouse:
    """ClickHouse behind the URL of a server, or of a folder (``chdb:///…``) for tests.

    Connects when it is first used. The client of `clickhouse-connect` is synchronous: the same
    code speaks HTTP to a server and calls the embedded engine, and neither stops the event loop.
    """

    url: str
    _client: Any = None
    _threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_THREADS, "clickhouse")
    )
    _connecting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(self, sql: str, bound: Mapping[str, Any] | None = None) -> Sequence[Row]:
        """Ask, in a thread."""
        client = await self._connected()
        return await self._threaded(
            lambda: client.query(sql, parameters=_values(bound), settings=_ASKING).result_rows
        )

    async def run(self, sql: str, bound: Mapping[str, Any] | None = None) -> None:
        """Run, in a thread."""
        client = await self._connected()
        await self._threaded(lambda: client.command(sql, parameters=_values(bound)))

    async def insert(self, block: Block, token: str) -> None:
        """Insert, in a thread, as one block in ClickHouse's own format."""
        client = await self._connected()
        await self._threaded(
            lambda: client.insert(
                block.table,
                block.values,
                column_names=list(block.columns),
                column_type_names=list(block.columns.values()),
                column_oriented=True,
                settings={**_INSERTING, "insert_deduplication_token": token},
            )
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._threaded(self._client.close)
            self._client = None
        self._threads.shutdown(wait=False)

    async def _connected(self) -> Any:
        if self._client is None:
            async with self._connecting:
                if self._client is None:
                    library = need("clickhouse", "clickhouse_connect")
                    options = {} if self.url.startswith("chdb:") else _OVER_HTTP
                    self._client = await self._threaded(
                        lambda: library.get_client(dsn=self.url, **options)
                    )
        return self._client

    async def _threaded(self, call: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def _values(bound: Mapping[str, Any] | None) -> dict[str, Any]:
    return dict(bound or {})
