"""The least that closing a tenant's period can be: the same reads and inserts, one after another.

It reads by the very statements that billing reads by, and writes each table with one statement.
What is the same for every tenant is made beforehand.
"""

import json
import re
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from billing.repositories.accounts import TRY
from billing.repositories.billed import LINES
from billing.repositories.books import BOOKS
from billing.repositories.issued import DRAW
from billing.repositories.terms import TERMS
from control_plane.catalog.source.reader import read_catalog
from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from control_plane.notifications.webhooks.events import EventType, announcement
from metering.stores.rollups.answering import rolled_sql
from metering.stores.rollups.rolled import MOST_WAITING, Asked, said_of, sums_of
from tests.support.close_bench import DUE, START, catalogue

_CLOSE = (
    "UPDATE billing_accounts SET closed_through = %(due)s, next_due_at = %(next)s, "
    "usage_cutoff = %(cutoff)s WHERE tenant_id = %(tenant)s"
)
_MESSAGES = """
    WITH told AS ({announcement})
    INSERT INTO outbox (tenant_id, id, topic, payload, available_at)
    VALUES (%(tenant_id)s, %(message)s, %(topic)s, '{{}}', transaction_timestamp())
"""
"""The invoice's own message, and one to the tenant's webhooks where it has any."""

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
        self._topic = rows("outbox")[0]["topic"]
        audit = rows("audit_entries")[0]
        self._audit = {
            key: audit[key] for key in ("actor", "action", "object_type", "object_id", "details")
        }
        self._next = rows("billing_accounts")[0]["next_due_at"]
        asked = _asked()
        self._said = [said_of(n, one) for n, one in enumerate(asked)]
        told = announcement(model, EventType.INVOICE_ISSUED, {}, at=DUE)
        self._told = {**told.values, "topic": self._topic}
        self._messages = _MESSAGES.format(announcement=_plain(told.statement.text))
        self._account, self._books, self._billed, self._totals, self._terms, self._draw = (
            _plain(statement.text)
            for statement in (TRY, BOOKS, LINES, rolled_sql(sums_of(asked)), TERMS, DRAW)
        )
        connection.commit()

    def close(self, tenant: TenantId) -> None:
        """Read, write and commit, once."""
        with self._connection.cursor(row_factory=dict_row) as cursor:

            def read(statement: str, **bound: object) -> list[Row]:
                return cursor.execute(statement, {"tenant_id": tenant, **bound}).fetchall()

            read(self._account)
            subscription: UUID = read(self._books)[0]["subscription_id"]
            cutoff = read("SELECT pg_current_snapshot()::text AS cutoff")[0]["cutoff"]
            lines = self._own_lines(subscription)
            read(self._billed, keys=[line["item_key"] for line in lines])
            read(self._totals, asked=self._asked_at(cutoff), most=MOST_WAITING)
            read(self._terms, entity="live", at=DUE, roles=["owner", "billing"])
            self._write(cursor, tenant, lines)
            bound = {"due": DUE, "next": self._next, "cutoff": cutoff, "tenant": tenant}
            cursor.execute(_CLOSE, bound)
        self._connection.commit()

    def _asked_at(self, cutoff: str) -> str:
        return json.dumps([{**said, "cutoff": cutoff} for said in self._said])

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
        messages = {"tenant_id": tenant, "id": uuid4(), "message": uuid4()}
        cursor.execute(self._messages, {**self._told, **messages})
        audit = {**self._audit, "details": Jsonb(self._audit["details"])}
        _insert(cursor, "audit_entries", [{**audit, "tenant_id": tenant, "id": uuid4()}])
        drawn = cursor.execute(self._draw, {"entity": "live", "series": "invoice", "year": 2026})
        place = drawn.fetchall()[0]["last"]
        number = {"id": invoice, "tenant_id": tenant, "place": place, "number": f"TY-2026-{place}"}
        _insert(cursor, "invoices", [{**self._invoice, **number}])


def _plain(statement: str) -> str:
    """Write bound names as psycopg does; the colon of a cast or of an expression is not one."""
    return re.sub(r"(?<![:\w]):([a-z_]+)", r"%(\1)s", statement.replace("%", "%%"))


def _asked() -> list[Asked]:
    """Ask the rollups of every meter, as a close does."""
    period = Period(START, DUE)
    return [Asked(meter, (period,)) for meter in read_catalog(catalogue()).meters.values()]


def _insert(cursor: "psycopg.Cursor[Any]", table: str, rows: list[Row]) -> None:
    names = list(rows[0])
    slots = ", ".join([f"({', '.join(['%s'] * len(names))})"] * len(rows))
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES {slots}"
    cursor.execute(statement, [row[name] for row in rows for name in names])
