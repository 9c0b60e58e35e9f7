"""What the control plane asks of an instance, and what the ledger and stock query answer."""

import io
import json
import sqlite3
import zipfile
from datetime import timedelta

import httpx
import pytest

from control_plane.kernel.canonical import sha256_hex
from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import format_id, new_id
from inventory_modules.chassis.manifest import load_manifest
from tests.integration.modules.caller import Caller
from tests.support.modules import Instance


async def order(
    caller: Caller, instance: Instance, action: str, headers: dict[str, str]
) -> httpx.Response:
    return await caller.client.post(f"{instance.url}/_tallyard/{action}", headers=headers)


async def test_an_export_holds_every_row_and_proves_itself(caller: Caller, tmp_path):
    fleet = caller.fleet
    await caller.receive("r1", ("A", "10"))
    await caller.ship("s1", ("A", "4"))

    answer = await order(
        caller, fleet.outbound, "export", fleet.control.command("outbound", "export")
    )

    assert answer.headers["Content-Type"] == "application/zip"
    bundle = zipfile.ZipFile(io.BytesIO(answer.content))
    manifest = json.loads(bundle.read("manifest.json"))
    database = bundle.read("data.sqlite3")
    assert manifest["files"]["data.sqlite3"]["sha256"] == sha256_hex(database)
    assert (manifest["module"], manifest["tenant"]) == ("outbound", fleet.control.tenant)
    assert manifest["tables"]["documents"] == 1
    (tmp_path / "copy").write_bytes(database)
    with sqlite3.connect(tmp_path / "copy") as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copy.execute("SELECT state FROM documents").fetchall() == [("posted",)]
    assert list(fleet.outbound.data_dir.glob("export-*")) == []


async def test_commands_are_taken_once_and_only_from_the_control_plane(caller: Caller):
    control, instance = caller.fleet.control, caller.fleet.outbound
    good = control.command("outbound", "sync")
    old = control.command("outbound", "sync", at=SystemClock().now() - timedelta(seconds=61))
    other = control.command("outbound", "sync", instance=format_id("ins", new_id()))

    answers = [
        await order(caller, instance, "sync", {}),
        await order(caller, instance, "sync", {"Tallyard-Command": "bm90aGluZw"}),
        await order(caller, instance, "export", good),
        await order(caller, instance, "sync", old),
        await order(caller, instance, "sync", other),
        await order(caller, instance, "sync", good),
        await order(caller, instance, "sync", good),
    ]

    assert [answer.status_code for answer in answers] == [401, 400, 403, 403, 403, 200, 403]


async def test_a_drained_instance_takes_no_new_documents_but_repeats_old_answers(caller: Caller):
    fleet = caller.fleet
    await caller.receive("r1", ("A", "10"))
    first = await caller.ship("s1", ("A", "1"))

    drained = await order(
        caller, fleet.outbound, "drain", fleet.control.command("outbound", "drain")
    )

    assert drained.json()["settled"]
    refused = await caller.ship("s2", ("A", "1"))
    assert (refused.status_code, refused.json()["code"]) == (503, "instance_draining")
    assert (await caller.ship("s1", ("A", "1"))).json() == first.json()


async def test_health_and_description_need_no_key(caller: Caller):
    for instance in caller.fleet.instances:
        live = await caller.client.get(f"{instance.url}/health/live")
        ready = await caller.client.get(f"{instance.url}/health/ready")
        about = await caller.client.get(f"{instance.url}/")
        assert (live.status_code, ready.json()["status"]) == (200, "ready")
        assert about.json()["name"]["zh"] == load_manifest(instance.module).name.zh


async def test_manifests_name_the_routes_that_are_there(caller: Caller):
    for instance in caller.fleet.instances:
        for route in load_manifest(instance.module).routes:
            method, path = route.split()
            url = f"{instance.url}{path.format(document_id='x', sku='x')}"
            answer = await caller.client.request(method, url)
            assert (route, answer.status_code) == (route, 401)


async def test_the_ledger_is_open_to_service_tokens_of_the_right_scope_only(caller: Caller):
    fleet = caller.fleet

    async def post(token: str) -> int:
        answer = await caller.client.post(
            f"{fleet.ledger.url}/v1/movements",
            json={"key": "k", "lines": [], "at": "2026-03-02T04:00:00Z"},
            headers={"Authorization": f"Bearer {token}"},
        )
        return answer.status_code

    assert await post(caller.headers["Authorization"].split()[1]) == 401
    assert await post(fleet.stock_query.token) == 401
    assert await post(fleet.inbound.token) == 400


async def test_the_ledger_names_every_bad_field_of_a_posting(caller: Caller):
    fleet = caller.fleet
    lines = [
        {"sku": "A", "from": "supplier", "to": "supplier", "quantity": "1"},
        {"sku": "A", "from": "supplier", "to": "stock", "quantity": "-1"},
    ]
    answer = await caller.client.post(
        f"{fleet.ledger.url}/v1/movements",
        json={"key": "", "lines": lines, "at": "2026-03-02T04:00:00Z"},
        headers={"Authorization": f"Bearer {fleet.inbound.token}"},
    )

    assert [error["field"] for error in answer.json()["errors"]] == [
        "key",
        "lines[0].to",
        "lines[1].quantity",
    ]


async def test_balances_of_all_locations_sum_to_zero_at_a_sequence(caller: Caller):
    fleet = caller.fleet
    await caller.receive("r1", ("A", "10"), ("B", "1"))
    await caller.ship("s1", ("A", "4"))

    answer = await caller.client.get(
        f"{fleet.ledger.url}/v1/balances",
        headers={"Authorization": f"Bearer {fleet.stock_query.token}"},
        params={"sku": "A"},
    )

    assert answer.json() == {
        "sequence": 3,
        "balances": [
            {"sku": "A", "location": "customer", "on_hand": "4"},
            {"sku": "A", "location": "stock", "on_hand": "6"},
            {"sku": "A", "location": "supplier", "on_hand": "-10"},
        ],
    }


async def test_stock_can_be_asked_as_of_any_instant(caller: Caller):
    await caller.receive("r1", ("A", "10"), occurred_at="2026-03-01T00:00:00Z")
    await caller.ship("s1", ("A", "4"), occurred_at="2026-03-01T12:00:00.5Z")
    await caller.sync(caller.fleet.stock_query)

    moments = {
        "2026-02-28T23:59:59Z": {},
        "2026-03-01T00:00:00Z": {"A": "10"},
        "2026-03-01T12:00:00Z": {"A": "10"},
        "2026-03-01T20:00:00.5+08:00": {"A": "6"},
    }
    assert {at: await caller.stock(as_of=at) for at in moments} == moments


async def test_an_item_shows_its_movements_with_documents_and_balances(caller: Caller):
    receipt = (await caller.receive("r1", ("A", "10"))).json()
    shipment = (await caller.ship("s1", ("A", "4"))).json()
    await caller.sync(caller.fleet.stock_query)

    answer = await caller.get(caller.fleet.stock_query, "/v1/stock/A/movements")

    rows = [(m["document"], m["quantity"], m["sku_sequence"]) for m in answer.json()["movements"]]
    assert rows == [(receipt["id"], "10", 1), (shipment["id"], "4", 2)]
    assert answer.json()["movements"][1]["from_balance"] == "6"
    assert (answer.json()["sequence"], answer.json()["ledger_sequence"]) == (2, 2)


async def test_stock_comes_in_pages(caller: Caller):
    await caller.receive("r1", *[(f"A{n}", "1") for n in range(5)])
    await caller.sync(caller.fleet.stock_query)
    seen, after = [], ""
    while after is not None:
        page = await caller.get(caller.fleet.stock_query, "/v1/stock", limit=2, after=after)
        seen += [item["sku"] for item in page.json()["items"]]
        after = page.json()["next_after"]

    assert seen == [f"A{n}" for n in range(5)]


async def test_each_served_query_is_metered_once(caller: Caller):
    await caller.receive("r1", ("A", "1"), ("B", "1"))
    await caller.sync(caller.fleet.stock_query)
    await caller.stock()
    await caller.stock(sku="A")
    assert (await caller.sync(caller.fleet.stock_query))["settled"]

    events = caller.fleet.control.events_of("stock_query")
    assert [event["data"]["lines"] for event in events] == [2, 1]
    assert {event["type"] for event in events} == {"tallyard.stock_query.query_served"}
    told = {name: events[0]["data"][name] for name in ("endpoint", "status", "api_key")}
    assert told == {"endpoint": "GET /v1/stock", "status": "200", "api_key": "key_full"}


@pytest.mark.parametrize("module", ["inbound", "outbound", "stock_query"])
def test_manifests_say_what_the_code_does(module: str):
    manifest = load_manifest(module)

    assert (manifest.module, manifest.feature, manifest.peers) == (module, module, ("ledger",))
    assert [event.data for event in manifest.usage_events] == [
        ("calls", "lines", "units", "endpoint", "status", "api_key")
    ]
