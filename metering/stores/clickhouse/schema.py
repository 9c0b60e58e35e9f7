"""The tables in ClickHouse: what was seen, the events, and what takes one back.

Each is a ReplacingMergeTree whose key ends with ``recorded``, the PostgreSQL transaction that
stored the row: what arrives twice is one row, and a row of a transaction that failed never
replaces one that counts. ``insertion`` is the number under which that insert is registered (0:
copied from another store), and the version: of one transaction's inserts the last stands. Times
are microseconds since 1970, because ClickHouse's own end in 2299. ``texts`` holds the properties
that are neither lists nor objects, as the texts from which filters, groups and quantities are
read: ClickHouse's JSON functions would read numbers as floats.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from metering.domain.events import UsageEvent
from metering.domain.properties import text_of
from metering.stores.clickhouse.client import Block, ClickHouse

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

IDENTITIES = {
    "tenant_id": "UUID",
    "source": "String",
    "id": "String",
    "hash": "FixedString(32)",
    "time": "Int64",
    "recorded": "UInt64",
    "insertion": "UInt64",
}
EVENTS = {
    "tenant_id": "UUID",
    "type": "LowCardinality(String)",
    "time": "Int64",
    "source": "String",
    "id": "String",
    "subject": "Nullable(String)",
    "data": "String",
    "texts": "Map(String, String)",
    "hash": "FixedString(32)",
    "corrects": "Nullable(String)",
    "recorded": "UInt64",
    "insertion": "UInt64",
}
RETRACTIONS = {
    "tenant_id": "UUID",
    "source": "String",
    "target_id": "String",
    "by_id": "String",
    "kind": "LowCardinality(String)",
    "type": "String",
    "time": "Int64",
    "data": "String",
    "recorded": "UInt64",
    "insertion": "UInt64",
}
NONE = 2**64 - 1
"""A number that no insert and no transaction has: ClickHouse wants no empty list."""
TABLES = ("usage_identities", "usage_events", "usage_retractions")

# A partition a month, and one for all times that are far off: a body full of odd times must not
# make thousands of them.
MONTH = """
    if(time < 1262304000000000 OR time >= 4102444800000000, 0,
        toYYYYMM(toDateTime(intDiv(time, 1000000), 'UTC')))
"""
_MERGED = "ENGINE = ReplacingMergeTree(insertion)"
# Blocks that are sent again after a broken connection are known by their tokens. Acknowledged
# means on disk; ClickHouse leaves that to the operating system unless it is told otherwise.
_KEPT_WELL = """
    non_replicated_deduplication_window = 1000,
    fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
"""


def _columns(columns: dict[str, str]) -> str:
    return ", ".join(f"{name} {type_}" for name, type_ in columns.items())


_STATEMENTS = (
    f"""
    CREATE TABLE IF NOT EXISTS usage_identities ({_columns(IDENTITIES)}) {_MERGED}
    ORDER BY (tenant_id, source, id, recorded) SETTINGS index_granularity = 1024, {_KEPT_WELL}
    """,
    f"""
    CREATE TABLE IF NOT EXISTS usage_events (
        {_columns(EVENTS)}, INDEX by_recorded recorded TYPE minmax GRANULARITY 1
    ) {_MERGED}
    PARTITION BY {MONTH} ORDER BY (tenant_id, type, time, source, id, recorded)
    SETTINGS {_KEPT_WELL}
    """,
    f"""
    CREATE TABLE IF NOT EXISTS usage_retractions ({_columns(RETRACTIONS)}) {_MERGED}
    ORDER BY (tenant_id, source, target_id, recorded)
    SETTINGS index_granularity = 1024, {_KEPT_WELL}
    """,
)


async def make_tables(clickhouse: ClickHouse) -> None:
    """Make what is missing; what is there is left as it is."""
    for statement in _STATEMENTS:
        await clickhouse.run(statement)


def microseconds(at: datetime) -> int:
    """Write an instant as the tables hold it."""
    return (at - _EPOCH) // _MICROSECOND


def instant(time: int) -> datetime:
    """Read an instant back."""
    return _EPOCH + time * _MICROSECOND


@dataclass(frozen=True, slots=True)
class Stamped:
    """An event as a transaction recorded it, by an insert of its own."""

    event: UsageEvent
    recorded: int
    insertion: int = 0


def blocks(
    tenant_id: object, stored: Sequence[Stamped], tables: Sequence[str] = TABLES
) -> list[Block]:
    """Write events into those of the tables that they belong to."""
    made = [
        _block("usage_identities", IDENTITIES, tenant_id, stored, _identity),
        _block("usage_events", EVENTS, tenant_id, [s for s in stored if s.event.counts], _counted),
        _block(
            "usage_retractions",
            RETRACTIONS,
            tenant_id,
            [s for s in stored if s.event.takes_back is not None],
            _taking,
        ),
    ]
    return [block for block in made if block is not None and block.table in tables]


def _identity(event: UsageEvent) -> tuple[Any, ...]:
    return (event.source, event.id, event.body_hash, microseconds(event.time))


def _counted(event: UsageEvent) -> tuple[Any, ...]:
    return (
        event.type,
        microseconds(event.time),
        event.source,
        event.id,
        event.subject,
        event.data_json.decode(),
        {name: text for name in event.data if (text := text_of(event, name)) is not None},
        event.body_hash,
        None if event.takes_back is None else event.takes_back.id,
    )


def _taking(event: UsageEvent) -> tuple[Any, ...]:
    taken = event.takes_back
    return (
        event.source,
        "" if taken is None else taken.id,
        event.id,
        "" if taken is None else taken.kind.value,
        event.type,
        microseconds(event.time),
        event.data_json.decode(),
    )


def _block(
    table: str,
    columns: Mapping[str, str],
    tenant_id: object,
    stored: Sequence[Stamped],
    row: Callable[[UsageEvent], tuple[Any, ...]],
) -> Block | None:
    """Turn events into columns; nothing is no block."""
    if not stored:
        return None
    columns_of = map(list, zip(*[row(s.event) for s in stored], strict=True))
    values = [
        [tenant_id] * len(stored),
        *columns_of,
        [s.recorded for s in stored],
        [s.insertion for s in stored],
    ]
    return Block(table, columns, values)
