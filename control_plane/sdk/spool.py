"""Usage events on disk, in the module's own database, until the control plane has them."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from control_plane.kernel.canonical import canonical_json
from control_plane.kernel.errors import ErrorKind, TallyardError

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS usage_spool (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        source TEXT NOT NULL,
        id TEXT NOT NULL,
        event TEXT NOT NULL,
        UNIQUE (source, id)
    ) STRICT""",
    """CREATE TABLE IF NOT EXISTS usage_dead (
        seq INTEGER PRIMARY KEY,
        source TEXT NOT NULL,
        id TEXT NOT NULL,
        event TEXT NOT NULL,
        reason TEXT NOT NULL
    ) STRICT""",
)


class UsageEventConflict(TallyardError):
    """An event's id already stands for another event that waits to be sent."""

    code = "usage_event_conflict"
    kind = ErrorKind.CONFLICT
    message = "The usage event {id} of {source} waits already, with another content."
    remedy = "Give every usage event an id of its own."


@dataclass(frozen=True, slots=True)
class Spooled:
    """An event that waits, with its place in the queue."""

    seq: int
    event: dict[str, object]

    @property
    def identity(self) -> tuple[object, object]:
        """The (source, id) pair by which the control plane knows the event."""
        return self.event["source"], self.event["id"]


class UsageSpool:
    """The queue of unsent usage events, kept in a SQLite database that the module owns.

    ``append`` and the other writes never commit by themselves: they belong to the transaction that
    the caller has open, so that a document and its usage are one fact. An event is never changed;
    sent again, it carries the same source and id.
    """

    @staticmethod
    def create_table(connection: sqlite3.Connection) -> None:
        """Create the two tables where they are missing: what waits, and what was refused."""
        for statement in _SCHEMA:
            connection.execute(statement)

    @staticmethod
    def append(connection: sqlite3.Connection, event: Mapping[str, object]) -> None:
        """Queue a CloudEvent within the caller's transaction; the same event again is no change.

        Raises:
            UsageEventConflict: another event of this source and id waits.
            NotCanonical: the event holds a float or another value that JSON cannot keep exactly.
        """
        source, event_id = str(event["source"]), str(event["id"])
        text = canonical_json(dict(event)).decode()
        added = connection.execute(
            "INSERT INTO usage_spool (source, id, event) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (source, event_id, text),
        )
        if added.rowcount == 0:
            waiting = connection.execute(
                "SELECT event FROM usage_spool WHERE source = ? AND id = ?", (source, event_id)
            ).fetchone()
            if waiting[0] != text:
                raise UsageEventConflict(source=source, id=event_id)

    @staticmethod
    def pending(connection: sqlite3.Connection, limit: int) -> list[Spooled]:
        """Return the events that have waited longest, in order, ``limit`` at most."""
        rows = connection.execute(
            "SELECT seq, event FROM usage_spool ORDER BY seq LIMIT ?", (limit,)
        )
        return [Spooled(seq, json.loads(event)) for seq, event in rows]

    @staticmethod
    def acknowledge(connection: sqlite3.Connection, ids: Iterable[int]) -> None:
        """Forget events, by ``seq``, that the control plane has stored."""
        connection.executemany("DELETE FROM usage_spool WHERE seq = ?", [(seq,) for seq in ids])

    @staticmethod
    def bury(connection: sqlite3.Connection, reasons: Mapping[int, str]) -> None:
        """Move events, by ``seq``, that the control plane will never take, each with the reason."""
        for seq, reason in reasons.items():
            connection.execute(
                "INSERT INTO usage_dead (seq, source, id, event, reason)"
                " SELECT seq, source, id, event, ? FROM usage_spool WHERE seq = ?",
                (reason, seq),
            )
        UsageSpool.acknowledge(connection, reasons)

    @staticmethod
    def depth(connection: sqlite3.Connection) -> int:
        """Return how many events wait."""
        return _count(connection, "SELECT count(*) FROM usage_spool")

    @staticmethod
    def dead(connection: sqlite3.Connection) -> int:
        """Return how many events were refused for good."""
        return _count(connection, "SELECT count(*) FROM usage_dead")


@contextmanager
def own_transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run a block as one transaction, or as part of the one that is open already."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _count(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])
