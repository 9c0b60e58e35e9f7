"""The least that closing a tenant's period can be: the same statements, and nothing else."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from control_plane.kernel.ids import TenantId
from metering.stores.query_sql import TOTAL
from tests.support.close_bench import DUE, METERED, START

_READS = (
    "SELECT * FROM billing_accounts WHERE tenant_id = %(tenant)s FOR UPDATE",
    "SELECT * FROM organisations WHERE id = %(tenant)s",
    "SELECT * FROM subscription_changes WHERE tenant_id = %(tenant)s ORDER BY subscription_id, seq",
    "SELECT email FROM members m JOIN users u ON u.id = m.user_id WHERE tenant_id = %(tenant)s",
    "SELECT now_at FROM test_clocks WHERE tenant_id = %(tenant)s",
    "SELECT pg_current_snapshot()::text",
)
_DRAW = (
    "INSERT INTO invoice_numbers (entity, year, last) VALUES ('live', 2026, 1) "
    "ON CONFLICT (entity, series, year) DO UPDATE SET last = invoice_numbers.last + 1 RETURNING last"
)
_CLOSE = (
    "UPDATE billing_accounts SET closed_through = %(due)s, next_due_at = %(next)s "
    "WHERE tenant_id = %(tenant)s"
)

Row = dict[str, Any]


class BareClose:
    """Repeats the rows of an invoice that was really issued, for other tenants."""

    def __init__(self, connection: "psycopg.Connection[Any]", model: TenantId) -> None:
        self._connection = connection
        cursor = connection.cursor(row_factory=dict_row)

        def rows(table: str, where: str = "tenant_id = %s") -> list[Row]:
            found = cursor.execute(f"SELECT * FROM {table} WHERE {where}", [model]).fetchall()
            assert found, table
            return found

        self._invoice = rows("invoices")[0]
        self._lines = rows("invoice_lines")
        self._transaction = rows("ledger_transactions")[0]
        self._entries = rows("ledger_entries")
        self._outbox = rows("outbox")[0]
        audit = rows("audit_entries")[0]
        self._audit = {
            key: audit[key] for key in ("actor", "action", "object_type", "object_id", "details")
        }
        self._next = rows("billing_accounts")[0]["next_due_at"]
        self._total = TOTAL.text
        for name in ("property", "tenant_id", "type", "start", "end", "cutoff", "since"):
            self._total = self._total.replace(f":{name}", f"%({name})s")
        connection.commit()

    def close(self, tenant: TenantId) -> None:
        """Read, write and commit, once."""
        with self._connection.cursor() as cursor:
            scope = {"tenant": tenant}
            subscription: UUID | None = None
            cutoff = ""
            for statement in _READS:
                found = cursor.execute(statement, scope).fetchall()
                if "subscription_changes" in statement:
                    subscription = found[0][2]
                if "pg_current_snapshot" in statement:
                    cutoff = found[0][0]
            for module in METERED:
                cursor.execute(self._total, _usage(tenant, module, cutoff)).fetchall()
            self._write(cursor, tenant, subscription)
            cursor.execute(_CLOSE, {"tenant": tenant, "due": DUE, "next": self._next})
        self._connection.commit()

    def _write(
        self, cursor: "psycopg.Cursor[Any]", tenant: TenantId, subscription: UUID | None
    ) -> None:
        invoice, transaction = uuid4(), uuid4()
        own = {"tenant_id": tenant, "invoice_id": invoice}
        lines = [
            {**line, **own, "id": uuid4(), "subscription_id": subscription} for line in self._lines
        ]
        _insert(cursor, "invoice_lines", lines)
        _insert(
            cursor,
            "ledger_transactions",
            [{**self._transaction, **own, "id": transaction, "business_key": str(invoice)}],
        )
        entries = [
            {**entry, "tenant_id": tenant, "transaction_id": transaction} for entry in self._entries
        ]
        _insert(cursor, "ledger_entries", entries)
        _insert(
            cursor,
            "outbox",
            [{**self._outbox, "tenant_id": tenant, "id": uuid4(), "payload": Jsonb({})}],
        )
        audit = {**self._audit, "details": Jsonb(self._audit["details"])}
        _insert(cursor, "audit_entries", [{**audit, "tenant_id": tenant, "id": uuid4()}])
        row = cursor.execute(_DRAW).fetchone()
        place = row[0] if row else 0
        number = {"id": invoice, "tenant_id": tenant, "place": place, "number": f"TY-2026-{place}"}
        _insert(cursor, "invoices", [{**self._invoice, **number}])


def _usage(tenant: TenantId, module: str, cutoff: str) -> Row:
    return {
        "property": "lines",
        "tenant_id": tenant,
        "type": f"tallyard.{module}.posted",
        "start": START,
        "end": DUE,
        "cutoff": cutoff,
        "since": None,
    }


def _insert(cursor: "psycopg.Cursor[Any]", table: str, rows: list[Row]) -> None:
    names = list(rows[0])
    slots = ", ".join([f"({', '.join(['%s'] * len(names))})"] * len(rows))
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES {slots}"
    cursor.execute(statement, [row[name] for row in rows for name in names])
