"""The SQL of documents and of the day's count. Every function runs in the caller's transaction."""

import json
import sqlite3
from collections import Counter, defaultdict
from datetime import datetime

from control_plane.kernel.instants import instant_text, parse_instant
from inventory_modules.chassis.stock_errors import StockRefusal, refusal_from
from inventory_modules.chassis.units import Work
from inventory_modules.documents.domain import Document, DocumentLine, DocumentState

SCHEMA = (
    """
    CREATE TABLE documents (
        id TEXT PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        payload_hash TEXT NOT NULL,
        state TEXT NOT NULL
            CHECK (state IN ('pending', 'posted', 'refused', 'voiding', 'voided')),
        reference TEXT NOT NULL,
        lines TEXT NOT NULL,
        occurred_at TEXT NOT NULL,
        accepted_at TEXT NOT NULL,
        accepted_by TEXT NOT NULL,
        posted_at TEXT CHECK ((posted_at IS NULL) = (state IN ('pending', 'refused'))),
        voided_at TEXT CHECK ((voided_at IS NOT NULL) = (state = 'voided')),
        void_requested_at TEXT,
        quota_day TEXT,
        ledger_sequence INTEGER,
        refusal TEXT
    ) STRICT;
    CREATE INDEX documents_waiting ON documents (id) WHERE state IN ('pending', 'voiding');
    """,
    """
    ALTER TABLE documents ADD COLUMN quota_lease TEXT;
    CREATE INDEX documents_by_lease ON documents (quota_lease) WHERE quota_lease IS NOT NULL;
    """,
)


def insert(connection: sqlite3.Connection, document: Document) -> None:
    """Store a new document, pending."""
    lines = [[line.sku, line.quantity] for line in document.lines]
    connection.execute(
        "INSERT INTO documents (id, key, payload_hash, state, reference, lines, occurred_at,"
        " accepted_at, accepted_by, quota_lease) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            document.id,
            document.key,
            document.payload_hash,
            document.state,
            document.reference,
            json.dumps(lines, ensure_ascii=False, separators=(",", ":")),
            instant_text(document.occurred_at),
            instant_text(document.accepted_at),
            document.accepted_by,
            document.quota_lease,
        ),
    )


def find_by_key(connection: sqlite3.Connection, key: str) -> Document | None:
    """Return the document posted under an idempotency key."""
    row = connection.execute("SELECT * FROM documents WHERE key = ?", (key,)).fetchone()
    return None if row is None else _document(row)


def find(connection: sqlite3.Connection, document_id: str) -> Document | None:
    """Return a document by its id."""
    row = connection.execute("SELECT * FROM documents WHERE id = ?", (document_id,)).fetchone()
    return None if row is None else _document(row)


def waiting(connection: sqlite3.Connection, after: str, limit: int) -> list[Document]:
    """Return the documents with ids beyond ``after`` that wait for the ledger, oldest first."""
    rows = connection.execute(
        "SELECT * FROM documents WHERE state IN ('pending', 'voiding') AND id > ?"
        " ORDER BY id LIMIT ?",
        (after, limit),
    )
    return [_document(row) for row in rows]


def count_waiting(connection: sqlite3.Connection) -> int:
    """Return how many documents wait for the ledger."""
    (count,) = connection.execute(
        "SELECT count(*) FROM documents WHERE state IN ('pending', 'voiding')"
    ).fetchone()
    return int(count)


def work_by_lease(connection: sqlite3.Connection) -> dict[str, Work]:
    """Return what was admitted under each lease that is not settled: done, and still pending."""
    rows = connection.execute(
        "SELECT d.quota_lease, d.id, d.state FROM documents d JOIN leases l ON l.id = d.quota_lease"
        " WHERE d.state <> 'refused'"
    )
    done: Counter[str] = Counter()
    waiting: defaultdict[str, list[str]] = defaultdict(list)
    for lease, document_id, state in rows:
        if state == DocumentState.PENDING:
            waiting[lease].append(document_id)
        else:
            done[lease] += 1
    return {lease: Work(done[lease], tuple(waiting.get(lease, ()))) for lease in {*done, *waiting}}


def mark_posted(
    connection: sqlite3.Connection, document_id: str, *, at: datetime, sequence: int
) -> bool:
    """Turn a pending document into a posted one; ``False`` if it was not pending any more."""
    return _changed(
        connection.execute(
            "UPDATE documents SET state = 'posted', posted_at = ?, ledger_sequence = ?"
            " WHERE id = ? AND state = 'pending'",
            (instant_text(at), sequence, document_id),
        )
    )


def mark_refused(connection: sqlite3.Connection, document_id: str, refusal: StockRefusal) -> bool:
    """Close a pending document that the ledger refused; ``False`` if it was not pending."""
    return _changed(
        connection.execute(
            "UPDATE documents SET state = 'refused', refusal = ?"
            " WHERE id = ? AND state = 'pending'",
            (json.dumps(refusal.facts(), ensure_ascii=False), document_id),
        )
    )


def mark_voiding(connection: sqlite3.Connection, document_id: str, *, at: datetime) -> None:
    """Begin to void a posted document."""
    connection.execute(
        "UPDATE documents SET state = 'voiding', void_requested_at = ?"
        " WHERE id = ? AND state = 'posted'",
        (instant_text(at), document_id),
    )


def mark_voided(connection: sqlite3.Connection, document_id: str, *, at: datetime) -> bool:
    """Finish voiding; ``False`` if the document was not being voided any more."""
    return _changed(
        connection.execute(
            "UPDATE documents SET state = 'voided', voided_at = ?"
            " WHERE id = ? AND state = 'voiding'",
            (instant_text(at), document_id),
        )
    )


def mark_void_refused(connection: sqlite3.Connection, document_id: str) -> bool:
    """Leave a document posted, because the ledger refused its reverse movement."""
    return _changed(
        connection.execute(
            "UPDATE documents SET state = 'posted', void_requested_at = NULL"
            " WHERE id = ? AND state = 'voiding'",
            (document_id,),
        )
    )


def _changed(cursor: sqlite3.Cursor) -> bool:
    return cursor.rowcount == 1


def _instant(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text)


def _document(row: sqlite3.Row) -> Document:
    return Document(
        id=row["id"],
        key=row["key"],
        payload_hash=row["payload_hash"],
        state=DocumentState(row["state"]),
        reference=row["reference"],
        lines=tuple(DocumentLine(sku, quantity) for sku, quantity in json.loads(row["lines"])),
        occurred_at=parse_instant(row["occurred_at"]),
        accepted_at=parse_instant(row["accepted_at"]),
        accepted_by=row["accepted_by"],
        posted_at=_instant(row["posted_at"]),
        voided_at=_instant(row["voided_at"]),
        void_requested_at=_instant(row["void_requested_at"]),
        quota_lease=row["quota_lease"],
        ledger_sequence=row["ledger_sequence"],
        refusal=None if row["refusal"] is None else refusal_from(json.loads(row["refusal"])),
    )
