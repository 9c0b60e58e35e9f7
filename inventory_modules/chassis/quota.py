"""Daily limits, counted in the module's own database, in the transaction of the document."""

import sqlite3

SCHEMA = (
    """
    CREATE TABLE daily_counts (
        feature TEXT NOT NULL,
        day TEXT NOT NULL,
        used INTEGER NOT NULL CHECK (used >= 0),
        PRIMARY KEY (feature, day)
    ) STRICT, WITHOUT ROWID;
    """,
)


def reserve(connection: sqlite3.Connection, feature: str, day: str, limit: int) -> bool:
    """Count one more on a local day, unless ``limit`` are counted already."""
    row = connection.execute(
        "INSERT INTO daily_counts (feature, day, used) SELECT ?1, ?2, 1 WHERE ?3 >= 1"
        " ON CONFLICT (feature, day) DO UPDATE SET used = used + 1 WHERE used < ?3"
        " RETURNING used",
        (feature, day, limit),
    ).fetchone()
    return row is not None


def give_back(connection: sqlite3.Connection, feature: str, day: str) -> None:
    """Uncount one that was reserved on a day and then refused."""
    connection.execute(
        "UPDATE daily_counts SET used = used - 1 WHERE feature = ? AND day = ?", (feature, day)
    )


def used(connection: sqlite3.Connection, feature: str, day: str) -> int:
    """Return how many are counted on a local day."""
    row = connection.execute(
        "SELECT used FROM daily_counts WHERE feature = ? AND day = ?", (feature, day)
    ).fetchone()
    return 0 if row is None else int(row[0])
