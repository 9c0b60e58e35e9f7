"""What runs follows what was bought, whatever happened in between."""

from dataclasses import replace

import pytest

from control_plane.kernel.ids import InstanceId, OutboxId, TenantId, format_id, new_id
from provisioner.domain.instances import ObservedInstance, State
from provisioner.errors import ReconcileBusy
from provisioner.ports import InstanceRef


async def test_bought_modules_run_with_the_ledger_under_them(site, tenant_id):
    await site.shop.buy(tenant_id)

    outcome = await site.reconcile(tenant_id)

    rows = site.rows(tenant_id)
    assert outcome.converged
    assert {name: row["state"] for name, row in rows.items()} == dict.fromkeys(
        ["inbound", "ledger", "outbound"], "ready"
    )
    assert site.live_tokens(tenant_id) == ["inbound", "ledger", "outbound"]


async def test_an_instance_is_told_its_token_its_keys_and_where_the_ledger_is(
    site, tenant_id, signer
):
    await site.shop.buy(tenant_id)
    await site.reconcile(tenant_id)

    specs = {spec.module: spec for spec in site.runtime.specs.values()}

    assert specs["outbound"].peers == {"ledger": specs["ledger"].port}
    assert specs["ledger"].peers == {}
    env = specs["outbound"].common_env()
    assert env["TALLYARD_SERVICE_TOKEN"].startswith("tys_")
    assert env["TALLYARD_PUBLIC_KEYS"] == signer.public_keys_text()
    assert env["TALLYARD_TENANT_ID"] == format_id("ten", tenant_id)


async def test_a_pass_with_nothing_to_do_writes_nothing(site, tenant_id):
    await site.shop.buy(tenant_id)
    await site.reconcile(tenant_id)
    counting = "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM audit_entries)"
    before = site.all_rows(tenant_id), site.admin.execute(counting).fetchone()
    site.runtime.calls.clear()

    outcome = await site.reconcile(tenant_id)

    assert (outcome.converged, outcome.moved) == (True, 0)
    assert site.runtime.calls == []
    assert (site.all_rows(tenant_id), site.admin.execute(counting).fetchone()) == before


async def test_a_runtime_that_does_not_answer_changes_nothing(site, tenant_id):
    await site.shop.buy(tenant_id)
    await site.reconcile(tenant_id)
    site.runtime.available = False

    outcome = await site.reconcile(tenant_id)

    assert not outcome.converged
    assert {row["state"] for row in site.rows(tenant_id).values()} == {"unknown"}
    site.runtime.available = True
    assert (await site.reconcile(tenant_id)).moved == 0
    assert {row["state"] for row in site.rows(tenant_id).values()} == {"ready"}


async def test_an_instance_that_died_is_started_again(site, tenant_id):
    await site.shop.buy(tenant_id)
    await site.reconcile(tenant_id)
    row = site.rows(tenant_id)["outbound"]
    ref = InstanceRef(tenant_id, InstanceId(row["id"]))
    await site.runtime.stop(ref)

    outcome = await site.reconcile(tenant_id)

    assert outcome.converged
    assert site.rows(tenant_id)["outbound"]["state"] == "ready"
    assert site.live_tokens(tenant_id) == ["inbound", "ledger", "outbound"]


async def test_data_that_vanished_are_reported_and_nothing_empty_takes_their_place(site, tenant_id):
    await site.shop.buy(tenant_id)
    await site.reconcile(tenant_id)
    row = site.rows(tenant_id)["ledger"]
    await site.runtime.remove(InstanceRef(tenant_id, InstanceId(row["id"])))

    outcome = await site.reconcile(tenant_id)

    assert not outcome.converged
    assert "gone" in site.rows(tenant_id)["ledger"]["last_error"]
    assert ("create", row["id"]) not in site.runtime.calls[-3:]
    assert site.rows(tenant_id)["outbound"]["state"] == "ready"


async def test_one_that_does_not_start_stops_no_other_and_says_why(site, tenant_id):
    await site.shop.buy(tenant_id)

    class Stubborn(type(site.runtime)):
        async def start(self, ref):
            await super().start(ref)
            if self.specs[ref.instance_id].module == "outbound":
                self._set(ref, State.STOPPED)

    runtime = Stubborn()

    outcome = await site.with_runtime(runtime).reconcile(tenant_id)

    rows = site.rows(tenant_id)
    assert not outcome.converged
    assert rows["outbound"]["last_error"]
    assert [rows["inbound"]["state"], rows["ledger"]["state"]] == ["ready", "ready"]
    outbound = [action for action, key in runtime.calls if key == rows["outbound"]["id"]]
    assert outbound == ["create", "start"]


async def test_one_that_never_becomes_ready_is_given_up_for_this_time(site, tenant_id):
    await site.shop.buy(tenant_id)
    site.runtime.starts_as = State.STARTING
    impatient = replace(site.provisioner.reconcile, ready_seconds=0.2)

    outcome = await impatient(tenant_id)

    assert len(outcome.failures) == 3
    assert "was not ready" in site.rows(tenant_id)["ledger"]["last_error"]
    for key, (owner, seen) in site.runtime.seen.items():
        site.runtime.seen[key] = (owner, replace(seen, state=State.READY))
    assert (await site.reconcile(tenant_id)).converged
    assert site.rows(tenant_id)["ledger"]["last_error"] is None


async def test_a_taken_port_is_left_for_another(site, tenant_id):
    await site.shop.buy(tenant_id)
    await site.reconcile(tenant_id)
    before = site.rows(tenant_id)["outbound"]
    ref = InstanceRef(tenant_id, InstanceId(before["id"]))
    await site.runtime.stop(ref)
    site.runtime.taken_ports.add(before["port"])

    outcome = await site.reconcile(tenant_id)

    after = site.rows(tenant_id)["outbound"]
    assert outcome.converged
    assert after["port"] != before["port"]
    assert after["base_url"].endswith(str(after["port"]))
    assert (after["id"], after["generation"]) == (before["id"], before["generation"] + 1)


async def test_a_ledger_that_moves_is_found_again_by_the_others(site, tenant_id):
    await site.shop.buy(tenant_id)
    await site.reconcile(tenant_id)
    before = site.rows(tenant_id)["ledger"]
    await site.runtime.stop(InstanceRef(tenant_id, InstanceId(before["id"])))
    site.runtime.taken_ports.add(before["port"])

    assert (await site.reconcile(tenant_id)).converged

    port = site.rows(tenant_id)["ledger"]["port"]
    assert port != before["port"]
    specs = {spec.module: spec for spec in site.runtime.specs.values()}
    assert specs["outbound"].peers == specs["inbound"].peers == {"ledger": port}


async def test_a_live_tenant_is_kept_off_a_runtime_without_walls(site, tenant_id):
    await site.shop.buy(tenant_id)
    site.runtime.isolates = False

    outcome = await site.reconcile(tenant_id)

    assert {error.code for error in outcome.failures.values()} == {"live_tenant_needs_isolation"}
    assert site.runtime.specs == {}
    site.admin.execute("UPDATE organisations SET sandbox = true WHERE id = %s", [tenant_id])
    assert (await site.reconcile(tenant_id)).converged


async def test_what_nobody_recorded_is_left_alone(site, tenant_id):
    stray = InstanceId(new_id())
    site.runtime.seen[stray] = (
        tenant_id,
        ObservedInstance(stray, State.READY, 1, holds_data=True),
    )

    outcome = await site.reconcile(tenant_id)

    assert outcome.converged
    assert site.runtime.calls == []
    assert stray in site.runtime.seen


async def test_only_one_executor_works_for_a_tenant(site, tenant_id):
    await site.shop.buy(tenant_id)
    reconcile = site.provisioner.reconcile

    async with reconcile.lock(tenant_id) as held:
        outcome = await reconcile(tenant_id)
        other = await reconcile(TenantId(new_id()))

    assert held
    assert outcome.busy
    assert not other.busy
    assert site.runtime.calls == []


async def test_a_delivery_that_meets_another_executor_is_tried_again(site, tenant_id, monkeypatch):
    monkeypatch.setattr("provisioner.services.reconcile.HANDLER_PATIENCE_SECONDS", 0.2)
    reconcile = site.provisioner.reconcile

    async with reconcile.lock(tenant_id):
        with pytest.raises(ReconcileBusy):
            await reconcile.deliver(tenant_id, {}, OutboxId(new_id()))

    await reconcile.deliver(tenant_id, {}, OutboxId(new_id()))


async def test_what_a_tenant_has_is_shown_to_it_and_to_staff_only(site, tenant_id, other_tenant_id):
    await site.shop.buy(tenant_id)
    await site.reconcile(tenant_id)

    mine = await site.provisioner.list_instances(tenant_id)

    assert {each.module for each in mine} == {"inbound", "ledger", "outbound"}
    assert await site.provisioner.list_instances(other_tenant_id) == ()
    assert len(await site.provisioner.list_all_instances()) == 3
    with pytest.raises(Exception, match="There is no instance"):
        await site.provisioner.get_instance(other_tenant_id, mine[0].instance_id)
    assert "start" in await site.provisioner.instance_logs(tenant_id, mine[0].instance_id)


async def test_the_jobs_take_up_what_was_left(site, tenant_id, other_tenant_id, clock):
    await site.shop.buy(tenant_id)
    await site.shop.buy(other_tenant_id)
    unsettled, everyone, _ = site.provisioner.jobs

    assert await unsettled.run() == 0  # nothing is recorded yet
    assert await everyone.run() > 0

    assert {row["state"] for row in site.rows(other_tenant_id).values()} == {"ready"}
    site.admin.execute("UPDATE instances SET state = 'unknown' WHERE module = 'ledger'")
    await unsettled.run()
    assert site.rows(tenant_id)["ledger"]["state"] == "ready"
    assert await everyone.run() == 0
