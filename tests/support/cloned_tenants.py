"""Many tenants like one that really lived: its rows again, under other ids, made by PostgreSQL."""

import json
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
)
_COPY = """
    INSERT INTO {table} ({columns})
    SELECT {columns} FROM
        (SELECT regexp_replace(to_jsonb(o)::text, '"recorded": "(\\d+)"', '"recorded": \\1') AS said
            FROM {table} AS o WHERE tenant_id = %(model)s) AS original,
        jsonb_to_recordset(%(clones)s) AS c (tenant text, subscription text, n bigint),
        LATERAL jsonb_populate_record(NULL::{table}, replace(replace(
            original.said, %(model)s::text, c.tenant), %(subscription)s::text, c.subscription
        )::jsonb || {own}) AS r
"""
_OWN = {
    "invoices": "jsonb_build_object('number', 'C-' || c.n || '-' || "
    "(original.said::jsonb ->> 'number'), 'place', "
    "(original.said::jsonb ->> 'place')::bigint + c.n * 1000)",
}


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
            "SELECT id::text FROM subscriptions WHERE tenant_id = %s", [model]
        ).fetchone()
        assert found is not None
        for start in range(0, count, 1000):
            part = tenants[start : start + 1000]
            _organisations(cursor, part)
            bound = {
                "model": model,
                "subscription": found[0],
                "clones": json.dumps(_clones(part, first + start)),
            }
            for table in _TABLES:
                columns = _columns(cursor, table)
                own = _OWN.get(table, "'{}'::jsonb")
                cursor.execute(_COPY.format(table=table, columns=columns, own=own), bound)
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


def _clones(tenants: Sequence[UUID], first: int) -> list[dict[str, object]]:
    return [
        {"tenant": str(tenant), "subscription": str(new_id()), "n": first + n + 1}
        for n, tenant in enumerate(tenants)
    ]


def _columns(cursor: "psycopg.Cursor[Any]", table: str) -> str:
    rows = cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s "
        "AND is_identity = 'NO' AND is_generated = 'NEVER' ORDER BY ordinal_position",
        [table],
    ).fetchall()
    return ", ".join(f'"{row[0]}"' for row in rows)
