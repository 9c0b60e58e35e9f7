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
from decimal import Decimal
from typing import Any, TypeAlias

from metering.domain.events import Datum, UsageEvent
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
    since = at - _EPOCH
    return since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds


def instant(time: int) -> datetime:
    """Read an instant back."""
    return _EPOCH + time * _MICROSECOND


@dataclass(frozen=True, slots=True)
class Stamped:
    """An event as a transaction recorded it, by an insert of its own."""

    event: UsageEvent
    recorded: int
    insertion: int = 0


@dataclass(frozen=True, slots=True)
class Writing:
    """Events that one insert of one transaction writes, into all tables that they belong to."""

    tenant_id: object
    events: Sequence[UsageEvent]
    recorded: int
    insertion: int
    taking: bool
    """Whether any of them takes another one back: else nothing has to be told apart."""

    def block(self, table: str) -> Block | None:
        """Make one table's columns; None where no event belongs there."""
        own = self.events
        if self.taking:
            own = [event for event in own if _BELONGS[table](event)]
        if not own:
            return None
        stamps = [self.recorded] * len(own), [self.insertion] * len(own)
        return _block(table, self.tenant_id, own, *stamps)


def blocks(
    tenant_id: object, stored: Sequence[Stamped], tables: Sequence[str] = TABLES
) -> list[Block]:
    """Write events, each with a stamp of its own, into those of the tables they belong to."""
    made = []
    for table in tables:
        own = [one for one in stored if _BELONGS[table](one.event)]
        if own:
            stamps = [one.recorded for one in own], [one.insertion for one in own]
            made.append(_block(table, tenant_id, [one.event for one in own], *stamps))
    return made


def _block(
    table: str,
    tenant_id: object,
    events: Sequence[UsageEvent],
    recorded: Sequence[int],
    insertions: Sequence[int],
) -> Block:
    columns = _TABLES[table]
    written = [_WRITTEN[name](events) for name in list(columns)[1:-2]]
    values = [[tenant_id] * len(events), *written, recorded, insertions]
    return Block(table, columns, values)


def texts_of(data: Mapping[str, Datum]) -> dict[str, str]:
    """Return the properties that have a text, by the rule of `metering.domain.properties`."""
    texts = {}
    for name, value in data.items():
        kind = type(value)
        if kind is str:
            texts[name] = value
        elif kind is Decimal:
            text = str(value)
            texts[name] = format(value, "f") if "E" in text else text
        elif kind is bool:
            texts[name] = "true" if value else "false"
    return texts  # type: ignore[return-value]  # what has the type str is one


_Column: TypeAlias = Callable[[Sequence[UsageEvent]], list[Any]]

_TABLES: Mapping[str, Mapping[str, str]] = {
    "usage_identities": IDENTITIES,
    "usage_events": EVENTS,
    "usage_retractions": RETRACTIONS,
}
_BELONGS: Mapping[str, Callable[[UsageEvent], bool]] = {
    "usage_identities": lambda _: True,
    "usage_events": lambda event: event.counts,
    "usage_retractions": lambda event: event.takes_back is not None,
}


def _taken(events: Sequence[UsageEvent]) -> list[Any]:
    return [None if e.takes_back is None else e.takes_back.id for e in events]


def _ids(events: Sequence[UsageEvent]) -> list[Any]:
    return [e.id for e in events]


# Column by column: a row a time would take three times as long.
_WRITTEN: Mapping[str, _Column] = {
    "type": lambda events: [e.type for e in events],
    "time": lambda events: [microseconds(e.time) for e in events],
    "source": lambda events: [e.source for e in events],
    "id": _ids,
    "by_id": _ids,
    "subject": lambda events: [e.subject for e in events],
    "data": lambda events: [e.data_json.decode() for e in events],
    "texts": lambda events: [texts_of(e.data) for e in events],
    "hash": lambda events: [e.body_hash for e in events],
    "corrects": _taken,
    "target_id": _taken,
    "kind": lambda events: [e.takes_back.kind.value for e in events if e.takes_back],
}
