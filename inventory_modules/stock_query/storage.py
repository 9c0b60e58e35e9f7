"""The projection's tables and SQL. Every function runs inside the caller's transaction."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from control_plane.kernel.instants import instant_text
from inventory_modules.chassis.locations import VIRTUAL
from inventory_modules.chassis.quantity import quantity_text
from inventory_modules.stock_query.events import Event

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_VIRTUAL = json.dumps(VIRTUAL)

SCHEMA = (
    """
    CREATE TABLE progress (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        sequence INTEGER NOT NULL,
        ledger_sequence INTEGER NOT NULL
    ) STRICT;
    INSERT INTO progress VALUES (1, 0, 0);

    CREATE TABLE balances (
        sku TEXT NOT NULL,
        location TEXT NOT NULL,
        on_hand INTEGER NOT NULL,
        PRIMARY KEY (sku, location)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE movements (
        sequence INTEGER PRIMARY KEY,
        key TEXT NOT NULL,
        sku TEXT NOT NULL,
        sku_sequence INTEGER NOT NULL,
        from_location TEXT NOT NULL,
        to_location TEXT NOT NULL,
        quantity INTEGER NOT NULL,
        from_balance INTEGER NOT NULL,
        to_balance INTEGER NOT NULL,
        at INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX movements_by_sku ON movements (sku, sku_sequence);
    CREATE INDEX movements_by_time ON movements (at);
    """,
)


def progress(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return the sequence projected, and the newest that the ledger was seen to have."""
    row = connection.execute("SELECT sequence, ledger_sequence FROM progress").fetchone()
    return int(row[0]), int(row[1])


def set_progress(connection: sqlite3.Connection, sequence: int, ledger_sequence: int) -> None:
    """Note how far the projection is, in the transaction that brought it there."""
    connection.execute(
        "UPDATE progress SET sequence = ?, ledger_sequence = ?", (sequence, ledger_sequence)
    )


def insert_event(connection: sqlite3.Connection, event: Event) -> None:
    """Project one movement: its row, and the balances that the ledger gave with it."""
    connection.execute(
        "INSERT INTO movements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.sequence,
            event.key,
            event.sku,
            event.sku_sequence,
            event.source,
            event.target,
            event.quantity,
            event.from_balance,
            event.to_balance,
            _microseconds(event.at),
        ),
    )
    connection.executemany(
        "INSERT OR REPLACE INTO balances VALUES (?, ?, ?)",
        [
            (event.sku, event.source, event.from_balance),
            (event.sku, event.target, event.to_balance),
        ],
    )


def stock_now(
    connection: sqlite3.Connection, skus: Sequence[str], after: str, limit: int
) -> list[dict[str, str]]:
    """Return what is on hand by item, over all real locations."""
    rows = connection.execute(
        "SELECT sku, sum(on_hand) FROM balances"
        " WHERE location NOT IN (SELECT value FROM json_each(?1))"
        " AND sku > ?2 AND (?3 = '[]' OR sku IN (SELECT value FROM json_each(?3)))"
        " GROUP BY sku ORDER BY sku LIMIT ?4",
        (_VIRTUAL, after, json.dumps(list(skus)), limit),
    )
    return _items(rows)


def stock_as_of(
    connection: sqlite3.Connection, at: datetime, skus: Sequence[str], after: str, limit: int
) -> list[dict[str, str]]:
    """Return what was on hand by item after all movements dated ``at`` or before."""
    rows = connection.execute(
        "WITH outside AS (SELECT value FROM json_each(?1))"
        " SELECT sku, sum(quantity * ((to_location NOT IN outside)"
        " - (from_location NOT IN outside))) FROM movements"
        " WHERE at <= ?2 AND sku > ?3"
        " AND (?4 = '[]' OR sku IN (SELECT value FROM json_each(?4)))"
        " GROUP BY sku ORDER BY sku LIMIT ?5",
        (_VIRTUAL, _microseconds(at), after, json.dumps(list(skus)), limit),
    )
    return _items(rows)


def movements_of(
    connection: sqlite3.Connection, sku: str, after: int, limit: int
) -> list[dict[str, Any]]:
    """Return an item's movements beyond its own sequence ``after``, oldest first."""
    rows = connection.execute(
        "SELECT * FROM movements WHERE sku = ? AND sku_sequence > ? ORDER BY sku_sequence LIMIT ?",
        (sku, after, limit),
    )
    return [
        {
            "sequence": row["sequence"],
            "sku_sequence": row["sku_sequence"],
            "document": row["key"].partition(":")[0],
            "from": row["from_location"],
            "to": row["to_location"],
            "quantity": quantity_text(row["quantity"]),
            "from_balance": quantity_text(row["from_balance"]),
            "to_balance": quantity_text(row["to_balance"]),
            "at": instant_text(_EPOCH + row["at"] * _MICROSECOND),
        }
        for row in rows
    ]


def _items(rows: sqlite3.Cursor) -> list[dict[str, str]]:
    return [{"sku": sku, "on_hand": quantity_text(on_hand)} for sku, on_hand in rows]


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
