"""A database of issue 2 goes on: what was invoiced there is known by its items."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from alembic import command

from control_plane.kernel.clock import FakeClock
from control_plane.kernel.ids import SubscriptionId, TenantId, format_id, new_id
from control_plane.runtime import migrate as migrations
from control_plane.runtime.database import Database
from control_plane.runtime.roles import ensure_cluster
from control_plane.runtime.settings import Settings
from tests.support import cluster as clusters
from tests.support.billing_world import build_world

SUB = "019be67c-1111-7000-8000-000000000001"
OLD_LINES = [
    (f"{SUB}:base:fee:2026-01-09T16:00:00Z", "fee", "growth@1", "base",
     "2026-01-09T16:00:00Z", "2026-02-09T16:00:00Z", 199900),
    (f"{SUB}:lines:usage:2026-01-09T16:00:00Z", "usage", "growth@1", "lines",
     "2026-01-09T16:00:00Z", "2026-01-19T16:00:00Z", 500),
    (f"{SUB}:base:credit:chg-1", "credit", "growth@1", "base",
     "2026-01-20T02:00:00.5Z", "2026-02-09T16:00:00Z", -135416),
    (f"{SUB}:base:charge:chg-1", "charge", "scale@1", "base",
     "2026-01-20T02:00:00.5Z", "2026-02-09T16:00:00Z", 270900),
    (f"{SUB}:019be67c-2222-7000-8000-000000000002:addon", "addon", "peak_618@1", "peak_618",
     "2026-06-01T00:00:00Z", "2026-06-20T00:00:00Z", 88800),
    (f"{SUB}:close:arrears:2026-01-09T16:00:00Z", "fee", "growth@1", "close",
     "2026-01-09T16:00:00Z", "2026-01-19T16:00:00.000250Z", 700),
]  # fmt: skip


@pytest.fixture
def old(cluster: str, tmp_path: Path) -> Iterator[Settings]:
    """A database as issue 2 left it."""
    settings = clusters.settings_for_new(tmp_path)
    clusters.drop_database(settings)
    ensure_cluster(settings)
    command.upgrade(migrations._config(settings), "0009")
    yield settings
    clusters.drop_database(settings)


def write_old_invoice(admin: psycopg.Connection, *, paid: bool) -> None:
    tenant, invoice = new_id(), new_id()
    total = sum(line[6] for line in OLD_LINES)
    body = {
        "zone": "Asia/Shanghai",
        "total_minor": total,
        "lines": [
            dict(
                zip(
                    ("key", "kind", "item", "charge", "start", "end", "amount_minor"),
                    line,
                    strict=True,
                )
            )
            for line in OLD_LINES
        ],
    }
    frozen = json.dumps(body).encode()
    admin.execute(
        "INSERT INTO organisations (id, slug, name) VALUES (%s, %s, 'Acme')",
        [tenant, f"acme-{tenant}"],
    )
    admin.execute(
        "INSERT INTO billing_accounts (tenant_id, entity, created_at) VALUES (%s, 'live', now())",
        [tenant],
    )
    admin.execute(
        "INSERT INTO subscriptions (tenant_id, id, created_at) VALUES (%s, %s, now())",
        [tenant, SUB],
    )
    admin.execute(
        "INSERT INTO invoices (tenant_id, id, number, entity, year, place, currency, due_at, part, "
        "dated, payable_by, total_minor, body, body_sha256, manifest, state, issued_at, paid_at) "
        "VALUES (%s, %s, 'TY-2026-000001', 'live', 2026, 1, 'CNY', '2026-01-20T02:00Z', 0, "
        "'2026-01-20', '2026-02-03', %s, %s, %s, '{}', %s, now(), %s)",
        [tenant, invoice, total, frozen, sha256(frozen).hexdigest(),
         "paid" if paid else "issued", datetime(2026, 2, 1, tzinfo=UTC) if paid else None],
    )  # fmt: skip
    admin.execute("INSERT INTO invoice_numbers VALUES ('live', 2026, 1)")
    for position, (key, kind, _, charge, _, _, amount) in enumerate(OLD_LINES, start=1):
        admin.execute(
            "INSERT INTO invoice_lines (tenant_id, id, invoice_id, position, line_key, kind, "
            "subscription_id, charge_code, due_at, amount_minor) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, '2026-01-20T02:00Z', %s)",
            [tenant, new_id(), invoice, position, key, kind, SUB, charge, amount],
        )


def test_old_lines_name_the_items_they_bill(old):
    with psycopg.connect(old.database_url, autocommit=True) as admin:
        write_old_invoice(admin, paid=False)
        migrations.migrate(old)
        rows = admin.execute(
            "SELECT item_key, revision, amount_minor FROM invoice_lines ORDER BY position"
        ).fetchall()

    assert rows == [
        (f"{SUB}:growth@1:base:fee:2026-02-09T16:00:00Z", 1, 199900),
        (f"{SUB}:growth@1:lines:usage:2026-01-09T16:00:00Z", 1, 500),
        (f"{SUB}:growth@1:base:fee:2026-02-09T16:00:00Z", 2, -135416),
        (f"{SUB}:scale@1:base:fee:2026-02-09T16:00:00Z", 1, 270900),
        (f"{SUB}:019be67c-2222-7000-8000-000000000002:addon", 1, 88800),
        (f"{SUB}:growth@1:close:arrears:2026-01-09T16:00:00Z", 1, 700),
    ]


@pytest.mark.parametrize(("paid", "settled"), [(False, 0), (True, 425384)])
def test_old_invoices_keep_their_amounts_and_what_is_open(old, paid, settled):
    with psycopg.connect(old.database_url, autocommit=True) as admin:
        write_old_invoice(admin, paid=paid)
        migrations.migrate(old)
        row = admin.execute(
            "SELECT total_minor, net_minor, tax_minor, due_minor, paid_minor, overdue_at "
            "FROM invoices"
        ).fetchone()

    assert row == (425384, 425384, 0, 425384, settled, datetime(2026, 2, 3, 16, tzinfo=UTC))


def test_old_lines_are_as_append_only_as_before(old):
    with psycopg.connect(old.database_url, autocommit=True) as admin:
        write_old_invoice(admin, paid=False)
        migrations.migrate(old)
        with pytest.raises(psycopg.Error):
            admin.execute("UPDATE invoice_lines SET amount_minor = 0")
        forced = admin.execute(
            "SELECT bool_and(relforcerowsecurity) FROM pg_class "
            "WHERE relname IN ('invoices', 'invoice_lines')"
        ).fetchone()

    assert forced == (True,)


async def test_an_old_database_goes_on_without_billing_anything_twice(old):
    tenant, invoice, start = new_id(), new_id(), "2026-01-10T02:00:00Z"
    end = "2026-02-10T02:00:00Z"
    line = dict(
        zip(
            ("key", "kind", "item", "charge", "start", "end", "amount_minor"),
            (f"{SUB}:base:fee:{start}", "fee", "growth@1", "base", start, end, 199900),
            strict=True,
        ),
        subscription=format_id("sub", UUID(SUB)),
        item_name={"en": "Growth", "zh": "成长版"},
        name={"en": "Base fee", "zh": "基础费"},
        quantity=None,
        unit=None,
        steps=[],
    )
    body = {"zone": "Asia/Shanghai", "currency": "CNY", "total_minor": 199900, "lines": [line]}
    body |= {"seller": {"name": "Tallyard", "reference": "live"}}
    body |= {"buyer": {"name": "Acme", "reference": "acme"}, "number": "TY-2026-000001"}
    frozen = json.dumps(body).encode()
    with psycopg.connect(old.database_url, autocommit=True) as admin:
        admin.execute(
            "INSERT INTO organisations (id, slug, name) VALUES (%s, 'acme', 'Acme')", [tenant]
        )
        admin.execute(
            "INSERT INTO billing_accounts (tenant_id, entity, closed_through, next_due_at, "
            "created_at) VALUES (%s, 'live', %s, %s, now())",
            [tenant, start, end],
        )
        admin.execute(
            "INSERT INTO subscriptions (tenant_id, id, created_at) VALUES (%s, %s, now())",
            [tenant, SUB],
        )
        admin.execute(
            "INSERT INTO invoices (tenant_id, id, number, entity, year, place, currency, due_at, "
            "part, dated, payable_by, total_minor, body, body_sha256, manifest, state, issued_at) "
            "VALUES (%s, %s, 'TY-2026-000001', 'live', 2026, 1, 'CNY', %s, 0, '2026-01-10', "
            "'2026-01-24', 199900, %s, %s, '{}', 'issued', now())",
            [tenant, invoice, start, frozen, sha256(frozen).hexdigest()],
        )
        admin.execute("INSERT INTO invoice_numbers VALUES ('live', 2026, 1)")
        admin.execute(
            "INSERT INTO invoice_lines (tenant_id, id, invoice_id, position, line_key, kind, "
            "subscription_id, charge_code, due_at, amount_minor) "
            "VALUES (%s, %s, %s, 1, %s, 'fee', %s, 'base', %s, 199900)",
            [tenant, new_id(), invoice, line["key"], SUB, start],
        )
        migrations.migrate(old)
        database, clock = Database(old), FakeClock(datetime(2026, 1, 25, 6, tzinfo=UTC))
        world = await build_world(database, clock)
        version = admin.execute("SELECT id FROM plan_versions WHERE code = 'growth'").fetchone()
        anchor = {"at": start, "zone": "Asia/Shanghai", "interval": "month", "count": 1}
        details = {"currency": "CNY", "interval": "month", "anchor": anchor}
        admin.execute(
            "INSERT INTO subscription_changes (tenant_id, id, subscription_id, seq, effective_at, "
            "known_at, kind, plan_version_id, details) "
            "VALUES (%s, %s, %s, 1, %s, %s, 'start', %s, %s)",
            [tenant, new_id(), SUB, start, start, version[0], json.dumps(details)],
        )
    await world.move(TenantId(tenant), SubscriptionId(UUID(SUB)), "scale")
    clock.set(datetime(2026, 2, 10, 2, tzinfo=UTC))
    await world.close_due(TenantId(tenant))

    # The old fee is taken back for the days from the change on, and billed nowhere again.
    assert [n.summary.total.minor for n in await world.notes(TenantId(tenant))] == [103174]
    invoices = (await world.invoices(TenantId(tenant)))[1:]
    assert [i.summary.total.minor for i in invoices] == [206400, 399900]
    await database.close()
