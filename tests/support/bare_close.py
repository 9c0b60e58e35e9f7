"""The least that closing a tenant's period can be: the same statements, and nothing else."""

import re
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from billing.repositories import billed
from control_plane.kernel.ids import TenantId
from metering.stores.query_sql import total_sql
from tests.support.close_bench import DUE, METERED, START

_READS = (
    "SELECT * FROM billing_accounts WHERE tenant_id = %(tenant)s FOR UPDATE",
    "SELECT * FROM organisations WHERE id = %(tenant)s",
    "SELECT * FROM subscription_changes WHERE tenant_id = %(tenant)s ORDER BY subscription_id, seq",
    "SELECT now_at FROM test_clocks WHERE tenant_id = %(tenant)s",
    "SELECT pg_current_snapshot()::text",
)
_HOLDINGS = (
    "SELECT EXISTS (SELECT FROM coupon_redemptions WHERE tenant_id = %(tenant)s), "
    "EXISTS (SELECT FROM credit_grants WHERE tenant_id = %(tenant)s AND free_minor > 0), "
    "EXISTS (SELECT FROM wallet_topups WHERE tenant_id = %(tenant)s AND free_minor > 0)"
)
_TERMS = (
    "SELECT * FROM legal_entities WHERE code = 'live'",
    "SELECT * FROM billing_profiles WHERE tenant_id = %(tenant)s",
    _HOLDINGS,
    "SELECT * FROM subscription_orders WHERE tenant_id = %(tenant)s",
    "SELECT * FROM credit_sources WHERE tenant_id = %(tenant)s AND remaining_minor > 0 FOR UPDATE",
    "SELECT email FROM members m JOIN users u ON u.id = m.user_id WHERE tenant_id = %(tenant)s",
)
_DRAW = (
    "INSERT INTO invoice_numbers (entity, series, year, last) VALUES ('live', 'invoice', 2026, 1) "
    "ON CONFLICT (entity, series, year) DO UPDATE SET last = invoice_numbers.last + 1 "
    "RETURNING last"
)
_CLOSE = (
    "UPDATE billing_accounts SET closed_through = %(due)s, next_due_at = %(next)s, "
    "usage_cutoff = %(cutoff)s WHERE tenant_id = %(tenant)s"
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
        self._total = _plain(total_sql(filtered=False).text)
        self._billed = _plain(billed.LINES.text)
        connection.commit()

    def close(self, tenant: TenantId) -> None:
        """Read, write and commit, once."""
        with self._connection.cursor() as cursor:
            scope = {"tenant": tenant}
            for statement in _READS:
                found = cursor.execute(statement, scope).fetchall()
                if "subscription_changes" in statement:
                    subscription: UUID = found[0][2]
            cutoff = found[0][0]
            lines = self._own_lines(subscription)
            keys = [line["item_key"] for line in lines]
            cursor.execute(self._billed, {"tenant_id": tenant, "keys": keys}).fetchall()
            for module in METERED:
                cursor.execute(self._total, _usage(tenant, module, cutoff)).fetchall()
            for statement in _TERMS:
                cursor.execute(statement, scope).fetchall()
            self._write(cursor, tenant, lines)
            cursor.execute(_CLOSE, {**scope, "due": DUE, "next": self._next, "cutoff": cutoff})
        self._connection.commit()

    def _own_lines(self, subscription: UUID) -> list[Row]:
        old, new = str(self._lines[0]["subscription_id"]), str(subscription)
        return [
            {
                **line,
                "subscription_id": subscription,
                "line_key": line["line_key"].replace(old, new),
                "item_key": line["item_key"].replace(old, new),
            }
            for line in self._lines
        ]

    def _write(self, cursor: "psycopg.Cursor[Any]", tenant: TenantId, lines: list[Row]) -> None:
        invoice, transaction = uuid4(), uuid4()
        own = {"tenant_id": tenant, "invoice_id": invoice}
        _insert(cursor, "invoice_lines", [{**line, **own, "id": uuid4()} for line in lines])
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


def _plain(statement: str) -> str:
    """Write bound names as psycopg does; the colon of a cast or of an expression is not one."""
    return re.sub(r"(?<![:\w]):([a-z_]+)", r"%(\1)s", statement.replace("%", "%%"))


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
