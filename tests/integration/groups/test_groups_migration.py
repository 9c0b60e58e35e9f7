"""A database whose consolidated invoices were paid by one transfer each goes on."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from alembic import command

from control_plane.kernel.ids import new_id
from control_plane.runtime import migrate as migrations
from control_plane.runtime.roles import ensure_cluster
from control_plane.runtime.settings import Settings
from tests.support import cluster as clusters

PAID_AT = datetime(2026, 2, 5, tzinfo=UTC)


@pytest.fixture
def old(cluster: str, tmp_path: Path) -> Iterator[Settings]:
    settings = clusters.settings_for_new(tmp_path)
    clusters.drop_database(settings)
    ensure_cluster(settings)
    command.upgrade(migrations._config(settings), "0019")
    yield settings
    clusters.drop_database(settings)


def organisation(admin: psycopg.Connection, slug: str) -> UUID:
    made = new_id()
    admin.execute(
        "INSERT INTO organisations (id, slug, name) VALUES (%s, %s, %s)", [made, slug, slug]
    )
    return made


def paid_invoice(admin: psycopg.Connection, place: int) -> UUID:
    """A parent's paid consolidated invoice over three of a child, the first two settled.

    Of the second only the child's own books say so yet; of the third nobody's do.
    """
    parent, child = organisation(admin, f"parent-{place}"), organisation(admin, f"child-{place}")
    made = new_id()
    admin.execute(
        "INSERT INTO consolidated_invoices (tenant_id, id, number, entity, year, place, currency, "
        "first_day, last_day, dated, payable_by, total_minor, body, body_sha256, state, issued_at, "
        "reference, paid_at) VALUES (%s, %s, %s, 'live', 2026, %s, 'CNY', '2026-01-10', "
        "'2026-01-10', '2026-01-11', '2026-01-24', 600, '', '', 'paid', '2026-01-11Z', 'BANK-1', "
        "%s)",
        [parent, made, f"TY-G-2026-{place:06d}", place, PAID_AT],
    )
    admin.execute(
        "INSERT INTO billing_accounts (tenant_id, entity, created_at) VALUES (%s, 'live', now())",
        [child],
    )
    for n in (1, 2, 3):
        invoice, number = new_id(), f"TY-2026-{place}{n:05d}"
        admin.execute(
            "INSERT INTO invoices (tenant_id, id, number, entity, year, place, currency, due_at, "
            "part, dated, payable_by, total_minor, body, body_sha256, manifest, state, issued_at, "
            "subtotal_minor, net_minor, tax_minor, due_minor, overdue_at) VALUES (%s, %s, %s, "
            "'live', 2026, %s, 'CNY', '2026-01-10Z', %s, '2026-01-10', '2026-01-24', %s, '', '', "
            "'{}', 'issued', now(), %s, %s, 0, %s, '2026-01-25Z')",
            [child, invoice, number, place * 10 + n, n, *[n * 100] * 4],
        )
        admin.execute(
            "INSERT INTO group_invoices (tenant_id, invoice_id, child_id, child_name, number, "
            "entity, currency, dated, payable_by, total_minor, open_minor, parent_pays, body, "
            "shared_at, consolidated_id, settled_at) VALUES (%s, %s, %s, 'Child', %s, 'live', "
            "'CNY', '2026-01-10', '2026-01-24', %s, %s, true, '', now(), %s, %s)",
            [parent, invoice, child, number, n * 100, n * 100, made, PAID_AT if n == 1 else None],
        )
        if n == 2:
            reference = f"TY-G-2026-{place:06d}/{number}"
            admin.execute(
                "INSERT INTO payments (tenant_id, id, invoice_id, provider, state, currency, "
                "amount_minor, request_key, reference, created_at, settled_at) VALUES (%s, %s, "
                "%s, 'manual', 'succeeded', 'CNY', 200, %s, %s, %s, %s)",
                [child, new_id(), invoice, f"transfer:{reference}", reference, PAID_AT, PAID_AT],
            )
    return made


def test_transfers_become_payments_and_what_was_on_its_way_goes_on(old):
    with psycopg.connect(old.database_url, autocommit=True) as admin:
        under_way, over = paid_invoice(admin, 1), paid_invoice(admin, 2)
        admin.execute(
            "UPDATE group_invoices SET settled_at = %s WHERE consolidated_id = %s", [PAID_AT, over]
        )
        migrations.migrate(old)
        payments = admin.execute(
            "SELECT consolidated_id, amount_minor, state, reference, spread_at "
            "FROM consolidated_payments ORDER BY request_key, spread_at NULLS FIRST"
        ).fetchall()
        settled = admin.execute(
            "SELECT p.consolidated_id, array_agg(s.amount_minor ORDER BY 1) "
            "FROM consolidated_settlements s JOIN consolidated_payments p ON p.id = s.payment_id "
            "GROUP BY 1"
        ).fetchall()
        still_open = admin.execute(
            "SELECT consolidated_id, sum(open_minor)::bigint FROM group_invoices GROUP BY 1"
        ).fetchall()

    assert payments == [
        (under_way, 600, "succeeded", "BANK-1", None),
        (over, 600, "succeeded", "BANK-1", PAID_AT),
    ]
    assert {made: sorted(amounts) for made, amounts in settled} == {
        under_way: [100, 200],
        over: [100, 200, 300],
    }
    # Whoever delivers the message settles the third.
    assert dict(still_open) == {under_way: 300, over: 0}
