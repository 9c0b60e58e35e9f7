"""A database of issue 2 that was migrated: everything it invoiced verifies, and goes on."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from alembic import command

from control_plane.kernel.canonical import canonical_json
from control_plane.kernel.clock import FakeClock
from control_plane.kernel.ids import InvoiceId, TenantId, new_id
from control_plane.runtime import migrate as migrations
from control_plane.runtime.database import Database
from control_plane.runtime.roles import ensure_cluster
from control_plane.runtime.settings import Settings
from tests.integration.cli.shell import shell_for
from tests.support import cluster as clusters
from tests.support.billing_world import World, build_world
from tests.support.golden import GoldenInvoice, golden_invoices
from tests.support.golden.old_database import (
    events_of,
    first_fee,
    of_tenant,
    write_catalogue,
    write_invoice,
    write_tenant,
)


@dataclass
class Old:
    """A migrated database; what it had invoiced, by the golden invoices' names."""

    settings: Settings
    admin: psycopg.Connection
    world: World
    invoices: dict[str, tuple[GoldenInvoice, InvoiceId]]

    async def verify(self, name: str):
        golden, invoice_id = self.invoices[name]
        return await self.world.verify(tenant_id=golden.tenant_id, invoice_id=invoice_id)

    def forge(self, name: str, column: str, content: bytes) -> None:
        self.admin.execute("SET session_replication_role = replica")  # past append-only triggers
        self.admin.execute(
            f"UPDATE invoices SET {column} = %s WHERE id = %s",
            [content, UUID(str(self.invoices[name][1]))],
        )


@pytest.fixture
async def old(cluster: str, tmp_path: Path) -> AsyncIterator[Old]:
    settings = clusters.settings_for_new(tmp_path)
    clusters.drop_database(settings)
    ensure_cluster(settings)
    command.upgrade(migrations._config(settings), "0009")
    admin = psycopg.connect(settings.database_url, autocommit=True)
    write_catalogue(admin)
    invoices = {}
    for place, golden in enumerate(golden_invoices("2026_1"), start=1):
        mine = of_tenant(golden, TenantId(new_id()), place)
        write_tenant(admin, mine)
        before = first_fee(mine, place + 100)
        if before is not None:
            write_invoice(admin, before)
        invoices[golden.name] = mine, InvoiceId(write_invoice(admin, mine))
    admin.execute("INSERT INTO invoice_numbers VALUES ('live', 2026, 200)")
    migrations.migrate(settings)
    database = Database(settings)
    world = await build_world(database, FakeClock(datetime(2026, 6, 5, 6, tzinfo=UTC)))
    for mine, _ in invoices.values():
        if events := events_of(mine):
            await world.usage.ingest(mine.tenant_id, events)
    yield Old(settings, admin, world, invoices)
    await database.close()
    admin.close()
    clusters.drop_database(settings)


async def test_old_invoices_verify_byte_for_byte_and_come_to_the_newest_amounts(old: Old):
    found = {name: await old.verify(name) for name in old.invoices}

    assert {name: v.differences for name, v in found.items() if v.differences} == {}
    assert {name: v.newest for name, v in found.items() if v.newest} == {}
    assert {(v.version, v.newest_version) for v in found.values()} == {("2026.1", "2026.2")}


async def test_the_shell_verifies_an_old_invoice_under_both_versions(old: Old):
    golden, _ = old.invoices["upgrade_with_credit"]
    number = golden.manifest["number"]

    done = shell_for(old.settings)("invoice", "verify", number)

    assert done.status == 0, done.out
    assert done.lines[0] == f"{number}  confirmed: the same inputs give the same bytes"
    assert done.lines[2:] == [
        "  rating version 2026.1",
        "  rating version 2026.2, the newest, comes to the same amounts",
    ]


async def test_a_tampered_body_is_found(old: Old):
    golden, _ = old.invoices["upgrade_with_credit"]
    old.forge("upgrade_with_credit", "body", golden.body.replace(b"258000", b"158000"))

    verdict = await old.verify("upgrade_with_credit")

    assert [d.split(" (")[0] for d in verdict.differences] == [
        "the body differs",
        "the stored body does not match its own digest",
    ]


async def test_a_tampered_manifest_is_found(old: Old):
    golden, _ = old.invoices["renewal_with_graduated_usage"]
    manifest = json.loads(canonical_json(golden.manifest))
    manifest["usage"][0] |= {"quantity": "7000", "digest": "cd" * 32}
    old.forge("renewal_with_graduated_usage", "manifest", canonical_json(manifest))

    verdict = await old.verify("renewal_with_graduated_usage")

    assert [d.partition(" ")[2].split(" ", 1)[1] for d in verdict.differences] == [
        "was computed from other events",
        "measures 7234",
    ]


async def test_other_events_are_found(old: Old):
    old.admin.execute("SET session_replication_role = replica")
    old.admin.execute("DELETE FROM usage_events WHERE id = 'renewal_with_graduated_usage-0'")

    verdict = await old.verify("renewal_with_graduated_usage")

    assert len(verdict.differences) == 3, "other events, another quantity, another body"
    assert len(verdict.newest) == 1


async def test_a_changed_timeline_is_found(old: Old):
    golden, _ = old.invoices["upgrade_with_credit"]
    old.admin.execute("SET session_replication_role = replica")
    old.admin.execute(
        "UPDATE subscription_changes SET effective_at = effective_at - interval '2 days' "
        "WHERE tenant_id = %s AND kind = 'change_plan'",
        [golden.tenant_id],
    )

    verdict = await old.verify("upgrade_with_credit")

    assert [d.rpartition(" is ")[2] for d in verdict.differences] == ["no longer due"]


async def test_an_old_fee_in_arrears_closed_by_a_change_is_neither_billed_nor_credited_again(
    old: Old,
):
    golden, _ = old.invoices["arrears_and_tier_fees_prorated"]
    tenant = golden.tenant_id
    due_at = golden.manifest["due_at"]
    old.admin.execute(
        "UPDATE billing_accounts SET closed_through = %s, next_due_at = %s WHERE tenant_id = %s",
        [due_at, "2026-02-10T02:00:00Z", tenant],
    )
    # Everything that was ever billed is looked at again, as a change of the past would ask for.
    old.admin.execute(
        "UPDATE billing_accounts SET reach = '2026-01-10T02:00Z' WHERE tenant_id = %s", [tenant]
    )
    old.world.clock.set(datetime(2026, 2, 10, 3, tzinfo=UTC))

    issued = await old.world.close_due(tenant)

    assert await old.world.notes(tenant) == []
    [invoice] = issued
    [stored] = [i for i in await old.world.invoices(tenant) if i.summary.id == invoice.id]
    assert [(x["charge"], x["start"]) for x in stored.content["lines"]] == [
        ("parcels", "2026-01-24T16:00:00Z"),
        ("base", "2026-02-10T02:00:00Z"),
    ]
