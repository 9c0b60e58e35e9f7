"""The ledger's tables. Movements are the truth and the outbox at once; balances follow them."""

from inventory_modules.chassis.locations import VIRTUAL_SQL

SCHEMA = (
    f"""
    CREATE TABLE postings (
        source TEXT NOT NULL,
        key TEXT NOT NULL,
        hash TEXT NOT NULL,
        first_sequence INTEGER NOT NULL,
        last_sequence INTEGER NOT NULL,
        PRIMARY KEY (source, key)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE movements (
        sequence INTEGER PRIMARY KEY,
        source TEXT NOT NULL,
        key TEXT NOT NULL,
        line INTEGER NOT NULL,
        sku TEXT NOT NULL,
        sku_sequence INTEGER NOT NULL,
        from_location TEXT NOT NULL,
        to_location TEXT NOT NULL CHECK (to_location <> from_location),
        quantity INTEGER NOT NULL CHECK (quantity > 0),
        from_balance INTEGER NOT NULL,
        to_balance INTEGER NOT NULL,
        at TEXT NOT NULL
    ) STRICT;
    CREATE TRIGGER movements_never_change BEFORE UPDATE ON movements
        BEGIN SELECT RAISE(ABORT, 'movements are immutable'); END;
    CREATE TRIGGER movements_never_go BEFORE DELETE ON movements
        BEGIN SELECT RAISE(ABORT, 'movements are immutable'); END;

    CREATE TABLE items (
        sku TEXT PRIMARY KEY,
        last_sequence INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE balances (
        sku TEXT NOT NULL,
        location TEXT NOT NULL,
        on_hand INTEGER NOT NULL
            CHECK (on_hand BETWEEN -4000000000000000000 AND 4000000000000000000),
        PRIMARY KEY (sku, location),
        CHECK (on_hand >= 0 OR location IN ({VIRTUAL_SQL}))
    ) STRICT, WITHOUT ROWID;
    """,
)
