"""Usage into ClickHouse, exactly once, against a bare insert of the same blocks.

Both through the embedded engine (`chdb`) in one process, into the same tables with the same
settings, every block on disk before the next. The store looks up what is known, registers the
insert in PostgreSQL, makes columns of the events, inserts them as two blocks, and commits. The
baseline inserts such blocks as they are, by the same client; a second baseline inserts them as
bytes that the engine itself wrote beforehand. All take turns on one database.
"""

import asyncio
import gc
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import clickhouse_connect
import msgspec

from control_plane.kernel.ids import TenantId, new_id
from control_plane.runtime.database import Database
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from metering.domain.cloudevents import parse_events
from metering.domain.events import IngestStatus, UsageEvent
from metering.stores.clickhouse.client import INSERTING, Block, ConnectedClickHouse
from metering.stores.clickhouse.registry import Registry
from metering.stores.clickhouse.schema import Stamped, blocks, make_tables
from metering.stores.clickhouse.store import ClickHouseUsageStore
from tests.support import cluster
from tests.support.ingest_bench import events

BATCH = 10_000
BATCHES = {"small": 3, "full": 40}
BEFORE = {"small": 5, "full": 500}
ROUNDS = 5


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield events per second, acknowledged after PostgreSQL's commit."""
    with tempfile.TemporaryDirectory() as folder:
        settings = cluster.create_database(Path(folder))
        try:
            rounds = asyncio.run(_measure(Database(settings), Path(folder), size))
        finally:
            cluster.drop_database(settings)
    count = BATCHES[size] * BATCH
    value, baseline, native = (count / median(side) for side in zip(*rounds, strict=True))
    yield {
        "name": "ingest_clickhouse",
        "value": round(value),
        "unit": "events/s",
        "baseline": round(baseline),
        "ratio": round(median(bare / stored for stored, bare, _ in rounds), 3),
        "conditions": {
            "batch": BATCH,
            "batches": BATCHES[size],
            "rounds": ROUNDS,
            "stored_before": BEFORE[size] * BATCH,
            "durable": True,
            "engine": "chdb",
            "baseline": "bare inserts of the same blocks (events and identities), columns ready",
            "ratio_to_ready_bytes": round(value / native, 3),
        },
    }


async def _measure(database: Database, folder: Path, size: str) -> list[tuple[float, float, float]]:
    clickhouse = ConnectedClickHouse(f"chdb://{folder / 'engine'}")
    await make_tables(clickhouse)
    system = SystemWork(database)
    store = ClickHouseUsageStore(UnitOfWork(database), system, clickhouse, Registry(system))
    tenant = TenantId(new_id())
    for _ in range(BEFORE[size]):
        await _store(store, tenant, [_batch()])
    beside = Bare(clickhouse_connect.get_client(dsn=clickhouse.url))
    rounds = []
    for _ in range(ROUNDS):
        stored = await _store(store, tenant, _batches(size))
        made = [_blocks(tenant, batch) for batch in _batches(size)]
        bare = await _insert(clickhouse, made)
        native = beside.insert([_blocks(tenant, batch) for batch in _batches(size)])
        rounds.append((stored, bare, native))
    await clickhouse.close()
    await database.close()
    return rounds


def _batch() -> list[UsageEvent]:
    parsed = parse_events(msgspec.json.encode(events("clickhouse", BATCH)))
    return [event for event in parsed if isinstance(event, UsageEvent)]


async def _store(
    store: ClickHouseUsageStore, tenant: TenantId, batches: Sequence[list[UsageEvent]]
) -> float:
    start = time.perf_counter()
    for batch in batches:
        results = await store.ingest(tenant, batch)
        assert {result.status for result in results} == {IngestStatus.ACCEPTED}
    return time.perf_counter() - start


def _batches(size: str) -> list[list[UsageEvent]]:
    made = [_batch() for _ in range(BATCHES[size])]
    gc.collect()
    gc.freeze()  # a server holds one delivery, not all that are to come
    return made


def _blocks(tenant: TenantId, batch: list[UsageEvent]) -> list[Block]:
    return blocks(tenant, [Stamped(event, 7) for event in batch])


async def _insert(clickhouse: ConnectedClickHouse, batches: Sequence[list[Block]]) -> float:
    start = time.perf_counter()
    for made in batches:
        for block in made:
            await clickhouse.insert(block, str(new_id()))
    return time.perf_counter() - start


@dataclass(frozen=True, slots=True)
class Bare:
    """A client of its own, which inserts blocks as they are."""

    client: Any

    def insert(self, batches: Sequence[list[Block]]) -> float:
        ready = [[(block.table, self._native(block)) for block in made] for made in batches]
        start = time.perf_counter()
        for made in ready:
            for table, block in made:
                self.client.raw_insert(table, insert_block=block, fmt="Native", settings=INSERTING)
        return time.perf_counter() - start

    def _native(self, block: Block) -> bytes:
        columns = ", ".join(f"{name} {type_}" for name, type_ in block.columns.items())
        self.client.command(f"CREATE TABLE ready ({columns}) ENGINE = Memory")
        self.client.insert(
            "ready",
            block.values,
            column_names=list(block.columns),
            column_type_names=list(block.columns.values()),
            column_oriented=True,
        )
        native: bytes = self.client.raw_query("SELECT * FROM ready", fmt="Native")
        self.client.command("DROP TABLE ready")
        return native
