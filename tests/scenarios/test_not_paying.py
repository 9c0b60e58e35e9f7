"""A company that does not pay: announced steps down, and all of it back with one payment."""

import io
import zipfile
from contextlib import ExitStack

import pytest

from billing.repositories.invoices import InvoiceFilter
from control_plane.entitlements.repository import SnapshotRepository
from control_plane.sdk.snapshot import parse_snapshot
from provisioner.export_slots import take_slot
from tests.scenarios.sandbox import shop_time
from tests.support.api import CATALOGUE

LADDER = "{read_only: P4D, suspended: P8D, retained: P12D, purged: P16D}"


@pytest.fixture
async def laddered(sandboxes, sandbox):
    """The demo's catalogue, its plans with a ladder of a few days a step."""
    source = CATALOGUE.read_text(encoding="utf-8")
    for plan in ("starter", "growth"):
        source = source.replace(f"  - code: {plan}\n", f"  - code: {plan}\n    ladder: {LADDER}\n")
    await sandboxes.application.apply_catalog(source)
    return sandbox


async def standing_in_snapshot(bella):
    async with bella.site.application.work(bella.tenant_id) as session:
        latest = await SnapshotRepository(session).latest(bella.tenant_id)
    return parse_snapshot(latest.envelope.payload).standing.value


async def pay_everything(bella):
    application = bella.site.application
    for invoice in await application.list_invoices(bella.tenant_id, InvoiceFilter(unpaid=True)):
        await application.record_payment(
            tenant_id=bella.tenant_id,
            invoice_id=invoice.id,
            amount=invoice.open,
            reference=invoice.number,
            actor="usr_finance",
        )
    await bella.settle()


async def test_the_whole_way_down_and_the_files_go_last(laddered):
    bella = await laddered("2026-03-01")
    await bella.subscribe()
    # Fifteen days after the first day the invoice is overdue: 16 March, a local midnight.
    await bella.advance("2026-03-13")
    told = await bella.get("/v1/standing")
    await bella.advance("2026-03-16")
    grace = await bella.get("/v1/standing")
    await bella.advance("2026-03-19T23:59")
    before = await bella.get("/v1/standing")
    await bella.advance("2026-03-20")
    read_only = await bella.get("/v1/standing")
    revision_says = await standing_in_snapshot(bella)
    await bella.advance("2026-03-24")
    suspended = await bella.get("/v1/standing")
    running = await bella.get("/v1/instances")
    live = await bella.company.get(f"/v1/instances/{running[0]['id']}/export")
    files = bella.site.application.settings.var_dir / "exports"
    with ExitStack() as others:
        for _ in range(3):
            others.enter_context(take_slot(files, bella.company.tenant_id, 3))
        busy = await bella.company.get(f"/v1/instances/{running[0]['id']}/export")
    await bella.advance("2026-03-28")
    retained = await bella.get("/v1/standing")
    gone = await bella.get("/v1/instances")
    kept = await bella.company.get(f"/v1/instances/{gone[0]['id']}/export")
    await bella.advance("2026-04-01")
    purged = await bella.get("/v1/standing")
    nothing = await bella.company.get(f"/v1/instances/{gone[0]['id']}/export")

    assert (told["standing"], told["next"]["standing"]) == ("active", "grace")
    assert told["next"]["announced"]
    assert told["next"]["effective_at"] == "2026-03-15T16:00:00Z"
    assert (grace["standing"], before["standing"]) == ("grace", "grace")
    assert (before["next"]["standing"], before["next"]["announced"]) == ("read_only", True)
    assert (read_only["standing"], revision_says) == ("read_only", "read_only")
    assert suspended["standing"] == "suspended"
    assert {i["state"] for i in running if i["removed_at"] is None} == {"ready"}
    assert retained["standing"] == "retained"
    assert all(i["removed_at"] and i["export_sha256"] for i in gone)
    for answer in (live, kept):
        assert answer.status_code == 200, answer.text
        assert "manifest.json" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert (busy.status_code, busy.json()["code"]) == (429, "instance_exports_busy")
    assert busy.headers["retry-after"] == "10"
    assert (purged["standing"], purged["next"]) == ("purged", None)
    assert (nothing.status_code, nothing.json()["code"]) == (404, "instance_export_purged")
    assert list((files / bella.company.tenant_id).iterdir()) == []
    assert [file for file in (files / "taking").rglob("*") if file.suffix != ".lock"] == [
        files / "taking" / bella.company.tenant_id
    ]
    entered = [step for step in purged["steps"] if step["kind"] == "entered"]
    assert [step["standing"] for step in entered] == [
        "grace",
        "read_only",
        "suspended",
        "retained",
        "purged",
    ]
    announced = {s["standing"]: s for s in purged["steps"] if s["kind"] == "announced"}
    assert all(announced[s["standing"]]["effective_at"] <= s["at"] for s in entered)
    assert await bella.books_agree()


async def test_paying_restores_at_once_and_services_never_stopped(laddered):
    bella = await laddered("2026-03-01")
    await bella.subscribe()
    await bella.advance("2026-03-25")
    suspended = await standing_in_snapshot(bella)
    bought = await bella.company.post("/v1/subscriptions", {"plan_code": "starter"})
    assert (bought.status_code, bought.json()["code"]) == (403, "suspended_buys_nothing")

    await pay_everything(bella)

    assert (suspended, await standing_in_snapshot(bella)) == ("suspended", "active")
    after = await bella.get("/v1/standing")
    assert (after["standing"], after["open"], after["next"]) == ("active", [], None)
    assert {i["state"] for i in await bella.get("/v1/instances")} == {"ready"}


@pytest.mark.nightly
async def test_a_hold_keeps_it_where_it_stands_and_then_tells_anew(laddered):
    bella = await laddered("2026-03-01")
    application = bella.site.application
    await bella.subscribe()
    await bella.advance("2026-03-18")
    await application.hold_standing(
        tenant_id=bella.tenant_id,
        reason="The bank has lost the transfer",
        until=shop_time("2026-03-30"),
        actor="usr_finance",
    )
    await bella.advance("2026-03-29T12:00")
    held = await bella.get("/v1/standing")
    await bella.advance("2026-03-30")
    told = await bella.get("/v1/standing")
    await bella.advance("2026-04-02")
    taken = await bella.get("/v1/standing")

    assert (held["standing"], held["held_until"]) == ("grace", "2026-03-29T16:00:00Z")
    assert "The bank" not in str(held)
    assert told["next"] == {
        "standing": "read_only",
        "effective_at": "2026-04-01T16:00:00Z",
        "announced": True,
    }
    assert taken["standing"] == "read_only"


@pytest.mark.nightly
async def test_a_plan_without_a_ladder_restricts_nobody(sandbox):
    bella = await sandbox("2026-03-01")
    await bella.subscribe()

    await bella.advance("2026-04-10")

    found = await bella.get("/v1/standing")
    assert (found["standing"], found["next"], found["steps"]) == ("active", None, [])
    assert found["overdue_since"] == "2026-03-15T16:00:00Z"
