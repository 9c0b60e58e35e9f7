"""Nothing is destroyed before its export has been restored once and checked."""

import zipfile

import psycopg
import pytest

from control_plane.kernel.ids import format_id
from provisioner.exports import verify_export
from provisioner.ports import InstanceRef


@pytest.fixture
async def leaving(site, tenant_id):
    """A tenant that ran three services and has just cancelled."""
    bought = await site.shop.buy(tenant_id)
    assert (await site.reconcile(tenant_id)).converged
    await site.shop.cancel(tenant_id, bought)
    return site


async def test_a_cancelled_tenant_is_exported_stopped_and_removed(leaving, tenant_id, settings):
    outcome = await leaving.reconcile(tenant_id)

    rows = leaving.all_rows(tenant_id)
    assert outcome.converged
    assert {row["state"] for row in rows} == {"removed"}
    assert leaving.runtime.seen == {}
    assert leaving.live_tokens(tenant_id) == []
    for row in rows:
        file = settings.var_dir / "exports" / row["export_file"]
        ref = InstanceRef(tenant_id, row["id"])
        assert verify_export(file, ref, row["module"]) == row["export_sha256"]


async def test_each_is_drained_before_its_export_and_the_ledger_goes_last(leaving, tenant_id):
    await leaving.reconcile(tenant_id)

    received = leaving.modules.received
    for module in ("inbound", "outbound", "ledger"):
        assert [action for action, who in received if who == module] == ["drain", "export"]
    assert received[-2:] == [("drain", "ledger"), ("export", "ledger")]
    removals = [key for action, key in leaving.runtime.calls if action == "remove"]
    ledger = next(row for row in leaving.all_rows(tenant_id) if row["module"] == "ledger")
    assert removals[-1] == ledger["id"]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ({"counted": 4}, "rows that the manifest counts"),
        ({"spoil": lambda archive: archive[: len(archive) // 2]}, "not a zip file"),
        ({"spoil": lambda archive: b""}, "not a zip file"),
    ],
)
async def test_an_export_that_cannot_be_restored_keeps_everything(
    leaving, tenant_id, damage, words
):
    for name, value in damage.items():
        setattr(leaving.modules, name, value)

    outcome = await leaving.reconcile(tenant_id)

    rows = leaving.rows(tenant_id)
    assert not outcome.converged
    assert set(rows) == {"inbound", "ledger", "outbound"}
    assert words in rows["inbound"]["last_error"]
    assert not [action for action, _ in leaving.runtime.calls if action in {"stop", "remove"}]
    leaving.modules.counted, leaving.modules.spoil = None, lambda archive: archive
    assert (await leaving.reconcile(tenant_id)).converged
    assert leaving.rows(tenant_id) == {}


async def test_usage_that_was_not_sent_keeps_the_instance(leaving, tenant_id):
    leaving.modules.settled = False

    assert not (await leaving.reconcile(tenant_id)).converged

    assert "not settled" in leaving.rows(tenant_id)["outbound"]["last_error"]
    assert ("export", "outbound") not in leaving.modules.received


async def test_a_module_bought_again_in_time_keeps_its_data(leaving, tenant_id):
    leaving.modules.settled = False
    await leaving.reconcile(tenant_id)
    before = leaving.rows(tenant_id)["outbound"]
    await leaving.shop.buy(tenant_id)

    outcome = await leaving.reconcile(tenant_id)

    after = leaving.rows(tenant_id)["outbound"]
    assert outcome.converged
    assert (after["id"], after["desired"], after["state"]) == (before["id"], "running", "ready")
    assert after["generation"] == before["generation"] + 1  # it had been drained
    assert "remove" not in [action for action, _ in leaving.runtime.calls]


async def test_a_module_bought_again_later_starts_as_a_new_instance(leaving, tenant_id):
    await leaving.reconcile(tenant_id)
    await leaving.shop.buy(tenant_id, "receiving")

    assert (await leaving.reconcile(tenant_id)).converged

    rows = leaving.rows(tenant_id)
    assert set(rows) == {"inbound", "ledger"}
    assert rows["inbound"]["id"] != next(
        row["id"] for row in leaving.all_rows(tenant_id) if row["removed_at"]
    )


async def test_a_smaller_plan_lets_one_module_go(site, tenant_id):
    bought = await site.shop.buy(tenant_id)
    await site.reconcile(tenant_id)
    await site.shop.change(tenant_id, bought, "receiving")

    assert (await site.reconcile(tenant_id)).converged

    assert {name: row["state"] for name, row in site.rows(tenant_id).items()} == {
        "inbound": "ready",
        "ledger": "ready",
    }


async def test_postgresql_itself_refuses_to_close_what_was_not_exported(leaving, tenant_id):
    with pytest.raises(psycopg.errors.CheckViolation):
        leaving.admin.execute("UPDATE instances SET state = 'removed', removed_at = now()")


async def test_an_export_with_files_outside_its_folder_is_refused(leaving, tenant_id, settings):
    await leaving.reconcile(tenant_id)
    row = leaving.all_rows(tenant_id)[0]
    file = settings.var_dir / "exports" / row["export_file"]
    with zipfile.ZipFile(file, "a") as bundle:
        bundle.writestr("../outside", "x")

    with pytest.raises(Exception, match="does not stay in its folder"):
        verify_export(file, InstanceRef(tenant_id, row["id"]), row["module"])

    assert not (file.parent / "outside").exists()
    assert file.parent.name == format_id("ten", tenant_id)
