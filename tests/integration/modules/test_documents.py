"""Receipts and shipments, from the call to the ledger, the stock and the usage event."""

from tests.integration.modules.caller import Caller
from tests.support.modules import NOON


async def test_goods_received_can_be_shipped_and_stock_is_the_difference(caller: Caller):
    received = await caller.receive("r1", ("A", "10"), ("B", "2.5"), reference="PO-1")
    shipped = await caller.ship("s1", ("A", "4"), ("B", "0.5"))

    assert (received.status_code, shipped.status_code) == (201, 201)
    assert shipped.json()["state"] == "posted"
    assert shipped.json()["state_label"] == {"en": "Issued", "zh": "已出库"}
    assert (await caller.sync(caller.fleet.stock_query))["settled"]
    assert await caller.stock() == {"A": "6", "B": "2"}


async def test_an_accepted_call_gives_one_usage_event_dated_by_the_tenants_clock(caller: Caller):
    await caller.receive("r1", ("A", "10"))
    shipment = (await caller.ship("s1", ("A", "4"), ("A", "1.5"))).json()

    settled = await caller.sync(caller.fleet.outbound)

    assert settled["settled"]
    assert settled["clock"] == "2026-03-02T04:00:00Z"
    (event,) = caller.fleet.control.events_of("outbound")
    assert event["id"] == shipment["id"]
    assert event["type"] == "tallyard.outbound.shipment_posted"
    assert event["time"] == NOON.isoformat().replace("+00:00", "Z")
    assert event["data"] == {
        "calls": 1,
        "lines": 2,
        "units": "5.5",
        "endpoint": "POST /v1/shipments",
        "status": "201",
        "api_key": "key_full",
    }
    assert event["source"] == f"/instances/{caller.fleet.control.instances['outbound']}"


async def test_a_repeated_call_gets_the_first_answer_and_counts_once(caller: Caller):
    await caller.receive("r1", ("A", "10"))
    first = await caller.ship("s1", ("A", "4"))

    again = await caller.ship("s1", ("A", "4"))

    assert again.status_code == 201
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    await caller.sync(caller.fleet.outbound)
    assert len(caller.fleet.control.events_of("outbound")) == 1


async def test_the_same_key_with_another_content_is_refused(caller: Caller):
    await caller.receive("r1", ("A", "10"))
    await caller.ship("s1", ("A", "4"))

    answer = await caller.ship("s1", ("A", "5"))

    assert answer.status_code == 409
    assert answer.json()["code"] == "idempotency_key_reused"


async def test_too_little_stock_refuses_the_whole_shipment_and_meters_nothing(caller: Caller):
    await caller.receive("r1", ("A", "3"), ("B", "9"))

    answer = await caller.ship("s1", ("B", "1"), ("A", "3.000001"))

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "insufficient_stock")
    assert problem["errors"] == [
        {
            "field": "lines[1].quantity",
            "message": "A: 3.000001 asked for, 3 available.",
            "code": "line_short",
            "value": "3.000001",
        }
    ]
    await caller.receive("r2", ("A", "100"))
    assert (await caller.ship("s1", ("B", "1"), ("A", "3.000001"))).json() == problem
    await caller.sync(caller.fleet.stock_query)
    assert await caller.stock() == {"A": "103", "B": "9"}
    assert (await caller.sync(caller.fleet.outbound))["settled"]
    assert caller.fleet.control.events_of("outbound") == []


async def test_a_sku_never_received_cannot_be_shipped(caller: Caller):
    answer = await caller.ship("s1", ("ghost", "1"))

    assert answer.status_code == 409
    assert answer.json()["errors"][0]["message"] == "ghost: 1 asked for, 0 available."


async def test_a_void_moves_the_goods_back_once(caller: Caller):
    await caller.receive("r1", ("A", "10"))
    shipment = (await caller.ship("s1", ("A", "4"))).json()

    first = await caller.void(caller.fleet.outbound, "/v1/shipments", shipment["id"])
    second = await caller.void(caller.fleet.outbound, "/v1/shipments", shipment["id"])

    assert first.json()["state_label"]["zh"] == "作废"
    assert first.json() == second.json()
    await caller.sync(caller.fleet.stock_query)
    assert await caller.stock() == {"A": "10"}
    read = await caller.get(caller.fleet.outbound, f"/v1/shipments/{shipment['id']}")
    assert read.json()["state"] == "voided"
    assert (await caller.ship("s1", ("A", "4"))).json() == shipment


async def test_a_receipt_whose_goods_have_gone_stays_posted(caller: Caller):
    receipt = (await caller.receive("r1", ("A", "10"))).json()
    await caller.ship("s1", ("A", "4"))

    answer = await caller.void(caller.fleet.inbound, "/v1/receipts", receipt["id"])

    assert (answer.status_code, answer.json()["code"]) == (409, "insufficient_stock")
    read = await caller.get(caller.fleet.inbound, f"/v1/receipts/{receipt['id']}")
    assert read.json()["state"] == "posted"


async def test_a_refused_shipment_cannot_be_voided(caller: Caller):
    await caller.ship("s1", ("A", "4"))
    listed = await caller.ship("s2", ("A", "1"))
    assert listed.status_code == 409

    answer = await caller.void(caller.fleet.outbound, "/v1/shipments", "shp_nothing")

    assert (answer.status_code, answer.json()["code"]) == (404, "document_not_found")


async def test_what_happened_can_be_dated_back_but_not_forward(caller: Caller):
    past = await caller.receive("r1", ("A", "10"), occurred_at="2026-03-01T04:00:00Z")
    future = await caller.receive("r2", ("A", "10"), occurred_at="2026-03-03T04:00:00Z")

    assert past.json()["occurred_at"] == "2026-03-01T04:00:00Z"
    assert future.status_code == 400
    assert future.json()["errors"][0]["code"] == "occurred_in_future"
