"""Many tenants like one that really lived: its rows again, under other ids, made by PostgreSQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg

from control_plane.kernel.ids import TenantId, new_id

_TABLES = (
    "subscriptions",
    "subscription_changes",
    "billing_accounts",
    "usage_events",
    "invoices",
    "invoice_lines",
    "ledger_transactions",
    "ledger_entries",
    "credit_notes",
    "credit_note_lines",
    "credit_sources",
    "credit_entries",
)
_COPY = """
    INSERT INTO {table} ({columns})
    SELECT {values} FROM {table} AS o,
        unnest(%(tenants)s::uuid[], %(subscriptions)s::uuid[], %(numbers)s::bigint[])
            AS c (tenant, subscription, n)
    WHERE o.tenant_id = %(model)s
"""
_UUID = """CASE o.{name} WHEN %(model)s THEN c.tenant WHEN %(subscription)s THEN c.subscription
    ELSE o.{name} END"""
_TEXT = "replace(o.{name}, %(subscription)s::text, c.subscription::text)"
_OWN = {"number": "'C-' || c.n || '-' || o.number", "place": "o.place + c.n * 1000 + 1000000"}
"""What is unique over all tenants, and so is each clone's own.

Its places lie beyond those the engine will give: the invoices of clones are numbered there.
"""


def clone(
    superuser: "psycopg.Connection[Any]", model: TenantId, count: int, first: int
) -> list[TenantId]:
    """Make ``count`` tenants with everything of one with one subscription, waiting for nothing.

    ``first`` numbers the clones, so that the invoice numbers of all are different.
    """
    tenants = [TenantId(new_id()) for _ in range(count)]
    with superuser.cursor() as cursor:
        # Everything is as it was when it was checked the first time.
        cursor.execute("SET LOCAL session_replication_role = replica")
        found = cursor.execute(
            "SELECT id FROM subscriptions WHERE tenant_id = %s", [model]
        ).fetchone()
        assert found is not None
        copies = [_copy(cursor, table) for table in _TABLES]
        for start in range(0, count, 1000):
            part = tenants[start : start + 1000]
            _organisations(cursor, part)
            bound = {
                "model": model,
                "subscription": found[0],
                "tenants": part,
                "subscriptions": [new_id() for _ in part],
                "numbers": list(range(first + start + 1, first + start + len(part) + 1)),
            }
            for copy in copies:
                cursor.execute(copy, bound)
        cursor.execute(
            "UPDATE billing_accounts SET next_due_at = NULL WHERE tenant_id = ANY (%s)", [tenants]
        )
    superuser.commit()
    return tenants


def make_due(superuser: "psycopg.Connection[Any]", tenants: Sequence[UUID], at: object) -> None:
    """Have the next run look at these."""
    superuser.execute(
        "UPDATE billing_accounts SET next_due_at = %s WHERE tenant_id = ANY (%s)",
        [at, list(tenants)],
    )
    superuser.commit()


def _organisations(cursor: "psycopg.Cursor[Any]", tenants: Sequence[UUID]) -> None:
    cursor.executemany(
        "INSERT INTO organisations (id, slug, name, zone, language, currency, sandbox) "
        "VALUES (%s, %s, 'Shop', 'Asia/Shanghai', 'en', 'CNY', false)",
        [(tenant, f"shop-{tenant.hex}") for tenant in tenants],
    )


def _copy(cursor: "psycopg.Cursor[Any]", table: str) -> str:
    rows = cursor.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s "
        "AND is_identity = 'NO' AND is_generated = 'NEVER' ORDER BY ordinal_position",
        [table],
    ).fetchall()
    values = (_value(*row) for row in rows)
    return _COPY.format(
        table=table, columns=", ".join(row[0] for row in rows), values=", ".join(values)
    )


def _value(name: str, kind: str) -> str:
    if name in _OWN:
        return _OWN[name]
    if kind == "uuid":
        return _UUID.format(name=name)
    return _TEXT.format(name=name) if kind == "text" else f"o.{name}"
