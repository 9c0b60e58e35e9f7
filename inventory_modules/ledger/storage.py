"""The ledger's SQL. Every function runs inside the caller's transaction."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from control_plane.kernel.calendar import instant_text
from inventory_modules.chassis.locations import is_virtual
from inventory_modules.chassis.quantity import quantity_text
from inventory_modules.ledger.domain import Line, Posting


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a posting: the sequences of its movements, first and last inclusive."""

    hash: str
    first_sequence: int
    last_sequence: int


def find_receipt(connection: sqlite3.Connection, source: str, key: str) -> Receipt | None:
    """Return the first answer that was given to ``(source, key)``, if one was."""
    row = connection.execute(
        "SELECT hash, first_sequence, last_sequence FROM postings WHERE source = ? AND key = ?",
        (source, key),
    ).fetchone()
    return None if row is None else Receipt(*row)


def take(connection: sqlite3.Connection, sku: str, location: str, quantity: int) -> int | None:
    """Take a quantity away and return the balance left, or ``None`` if there is not enough.

    One statement decides and changes, so no reader's older number can oversell.
    """
    if is_virtual(location):
        return put(connection, sku, location, -quantity)
    row = connection.execute(
        "UPDATE balances SET on_hand = on_hand - ?1"
        " WHERE sku = ?2 AND location = ?3 AND on_hand - ?1 >= 0 RETURNING on_hand",
        (quantity, sku, location),
    ).fetchone()
    return None if row is None else int(row[0])


def put(connection: sqlite3.Connection, sku: str, location: str, quantity: int) -> int:
    """Add a quantity and return the new balance."""
    row = connection.execute(
        "INSERT INTO balances (sku, location, on_hand) VALUES (?, ?, ?)"
        " ON CONFLICT (sku, location) DO UPDATE SET on_hand = on_hand + excluded.on_hand"
        " RETURNING on_hand",
        (sku, location, quantity),
    ).fetchone()
    return int(row[0])


def on_hand(connection: sqlite3.Connection, sku: str, location: str) -> int:
    """Return a balance in millionths of a unit; zero for what was never seen."""
    row = connection.execute(
        "SELECT on_hand FROM balances WHERE sku = ? AND location = ?", (sku, location)
    ).fetchone()
    return 0 if row is None else int(row[0])


def last_sequence(connection: sqlite3.Connection) -> int:
    """Return the sequence of the newest movement, zero when there is none."""
    (newest,) = connection.execute("SELECT coalesce(max(sequence), 0) FROM movements").fetchone()
    return int(newest)


def next_item_sequence(connection: sqlite3.Connection, sku: str) -> int:
    """Count one more movement of an item and return its number."""
    row = connection.execute(
        "INSERT INTO items (sku, last_sequence) VALUES (?, 1)"
        " ON CONFLICT (sku) DO UPDATE SET last_sequence = last_sequence + 1"
        " RETURNING last_sequence",
        (sku,),
    ).fetchone()
    return int(row[0])


def insert_movement(
    connection: sqlite3.Connection,
    posting: Posting,
    number: int,
    line: Line,
    *,
    sequence: int,
    balances: tuple[int, int],
) -> None:
    """Write one immutable movement with the balances it left behind."""
    connection.execute(
        "INSERT INTO movements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            sequence,
            posting.source,
            posting.key,
            number,
            line.sku,
            next_item_sequence(connection, line.sku),
            line.source,
            line.target,
            line.quantity,
            *balances,
            instant_text(posting.at),
        ),
    )


def insert_posting(connection: sqlite3.Connection, posting: Posting, receipt: Receipt) -> None:
    """Keep the answer under its key."""
    connection.execute(
        "INSERT INTO postings VALUES (?, ?, ?, ?, ?)",
        (
            posting.source,
            posting.key,
            posting.hash,
            receipt.first_sequence,
            receipt.last_sequence,
        ),
    )


def read_events(connection: sqlite3.Connection, after: int, limit: int) -> list[dict[str, Any]]:
    """Return the movements after a sequence, oldest first, as events."""
    rows = connection.execute(
        "SELECT * FROM movements WHERE sequence > ? ORDER BY sequence LIMIT ?", (after, limit)
    )
    return [_event(row) for row in rows]


def read_balances(
    connection: sqlite3.Connection, skus: Sequence[str], after: str, limit: int
) -> list[dict[str, str]]:
    """Return balances by item and location, all items when ``skus`` is empty."""
    rows = connection.execute(
        "SELECT sku, location, on_hand FROM balances WHERE sku IN (SELECT sku FROM items"
        " WHERE sku > ?1 AND (?2 = '[]' OR sku IN (SELECT value FROM json_each(?2)))"
        " ORDER BY sku LIMIT ?3) ORDER BY sku, location",
        (after, json.dumps(list(skus)), limit),
    )
    return [
        {"sku": sku, "location": location, "on_hand": quantity_text(scaled)}
        for sku, location, scaled in rows
    ]


def _event(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "sequence": row["sequence"],
        "source": row["source"],
        "key": row["key"],
        "line": row["line"],
        "sku": row["sku"],
        "sku_sequence": row["sku_sequence"],
        "from": row["from_location"],
        "to": row["to_location"],
        "quantity": quantity_text(row["quantity"]),
        "from_balance": quantity_text(row["from_balance"]),
        "to_balance": quantity_text(row["to_balance"]),
        "at": row["at"],
    }
