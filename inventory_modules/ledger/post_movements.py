"""Post movements: all lines of a posting or none, once per ``(source, key)``."""

import sqlite3
from dataclasses import dataclass

from inventory_modules.chassis.database import Database
from inventory_modules.chassis.errors import IdempotencyKeyReused
from inventory_modules.chassis.quantity import quantity_text
from inventory_modules.chassis.stock_errors import (
    BalanceOutOfRange,
    InsufficientStock,
    Shortage,
)
from inventory_modules.ledger import storage
from inventory_modules.ledger.domain import Posting
from inventory_modules.ledger.storage import Receipt


@dataclass(frozen=True, slots=True)
class PostMovements:
    """Move quantities between locations; no balance of a real location goes below zero."""

    database: Database

    async def __call__(self, posting: Posting) -> Receipt:
        """Post durably and return the sequences; a repeat returns the first answer.

        Raises:
            IdempotencyKeyReused: the key was posted before with another content.
            InsufficientStock: naming every line that cannot be taken; nothing was posted.
            BalanceOutOfRange: a balance would no longer be stored exactly.
        """
        return await self.database.write(lambda connection: post(connection, posting))


def post(connection: sqlite3.Connection, posting: Posting) -> Receipt:
    """Post within the caller's transaction; see ``PostMovements``."""
    earlier = storage.find_receipt(connection, posting.source, posting.key)
    if earlier is not None:
        if earlier.hash != posting.hash:
            raise IdempotencyKeyReused(field="key", key=posting.key)
        return earlier
    try:
        return _post_lines(connection, posting)
    except sqlite3.IntegrityError as error:
        if "CHECK" not in str(error):
            raise
        raise BalanceOutOfRange from error


def _post_lines(connection: sqlite3.Connection, posting: Posting) -> Receipt:
    shortages: list[Shortage] = []
    before = sequence = storage.last_sequence(connection)
    # Items in sorted order: two documents never wait for each other crosswise, on any database.
    for number, line in sorted(enumerate(posting.lines), key=lambda pair: pair[1].sku):
        left = storage.take(connection, line.sku, line.source, line.quantity)
        if left is None:
            available = storage.on_hand(connection, line.sku, line.source)
            shortages.append(
                Shortage(number, line.sku, quantity_text(line.quantity), quantity_text(available))
            )
            continue
        reached = storage.put(connection, line.sku, line.target, line.quantity)
        sequence += 1
        storage.insert_movement(
            connection, posting, number, line, sequence=sequence, balances=(left, reached)
        )
    if shortages:
        raise InsufficientStock(shortages=sorted(shortages, key=lambda short: short.line))
    receipt = Receipt(posting.hash, before + 1, sequence)
    storage.insert_posting(connection, posting, receipt)
    return receipt
