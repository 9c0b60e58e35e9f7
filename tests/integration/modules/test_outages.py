"""What goes on, and what waits, while a part is down."""

import asyncio

import pytest

from tests.integration.modules.caller import Caller
from tests.support.modules import FakeControlPlane


async def until(condition, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


async def test_postings_go_on_without_stock_query_which_catches_up(caller: Caller):
    fleet = caller.fleet
    await caller.receive("r1", ("A", "10"))
    await fleet.stock_query.stop()

    assert (await caller.receive("r2", ("A", "5"))).status_code == 201
    for n in range(7):
        assert (await caller.ship(f"s{n}", ("A", "1"))).status_code == 201
    await fleet.stock_query.start()

    answer = await caller.sync(fleet.stock_query)
    assert answer["settled"]
    assert answer["pending_events"] == 0
    assert await caller.stock() == {"A": "8"}


async def test_a_shipment_waits_for_the_ledger_and_is_completed_under_its_key(caller: Caller):
    fleet = caller.fleet
    await caller.receive("r1", ("A", "10"))
    await fleet.ledger.stop()

    waiting = await caller.ship("s1", ("A", "4"))

    assert (waiting.status_code, waiting.json()["code"]) == (503, "ledger_unavailable")
    assert waiting.headers["Retry-After"] == "2"
    document = waiting.json()["facts"]["document_id"]
    read = await caller.get(fleet.outbound, f"/v1/shipments/{document}")
    assert read.json()["state_label"] == {"en": "Awaiting issue", "zh": "待出库"}
    unsettled = await caller.sync(fleet.outbound)
    assert (unsettled["settled"], unsettled["pending_events"]) == (False, 1)
    assert fleet.control.events_of("outbound") == []

    await fleet.ledger.start()
    posted = await caller.ship("s1", ("A", "4"))

    assert (posted.status_code, posted.json()["id"]) == (201, document)
    assert (await caller.sync(fleet.outbound))["settled"]
    assert len(fleet.control.events_of("outbound")) == 1
    await caller.sync(fleet.stock_query)
    assert await caller.stock() == {"A": "6"}


async def test_what_waits_for_the_ledger_is_posted_without_being_asked_again(caller: Caller):
    fleet = caller.fleet
    await fleet.ledger.stop()
    for n in range(3):
        assert (await caller.receive(f"r{n}", ("A", "2"))).status_code == 503

    await fleet.ledger.start()

    async def settled() -> bool:
        return (await caller.sync(fleet.inbound))["settled"]

    await until(settled)
    assert len(fleet.control.events_of("inbound")) == 3
    await caller.sync(fleet.stock_query)
    assert await caller.stock() == {"A": "6"}


async def test_a_void_begun_without_the_ledger_is_finished_later(caller: Caller):
    fleet = caller.fleet
    receipt = (await caller.receive("r1", ("A", "2"))).json()
    await fleet.ledger.stop()
    answer = await caller.void(fleet.inbound, "/v1/receipts", receipt["id"])
    assert answer.status_code == 503

    await fleet.ledger.start()
    again = await caller.void(fleet.inbound, "/v1/receipts", receipt["id"])

    assert again.json()["state"] == "voided"
    await caller.sync(fleet.stock_query)
    assert await caller.stock() == {"A": "0"}


async def test_a_document_that_waits_cannot_be_voided(caller: Caller):
    fleet = caller.fleet
    await fleet.ledger.stop()
    waiting = await caller.receive("r1", ("A", "2"))
    document = waiting.json()["facts"]["document_id"]

    answer = await caller.void(fleet.inbound, "/v1/receipts", document)

    assert (answer.status_code, answer.json()["code"]) == (409, "document_not_posted")


async def test_modules_go_on_without_the_control_plane_and_spool_their_usage(
    control: FakeControlPlane, caller: Caller
):
    fleet = caller.fleet
    control.down = True
    await caller.receive("r1", ("A", "10"))
    assert (await caller.ship("s1", ("A", "1"))).status_code == 201
    for instance in (fleet.inbound, fleet.outbound):  # a start needs no control plane either
        await instance.stop()
        await instance.start()
    assert (await caller.ship("s2", ("A", "1"))).status_code == 201
    unsettled = await caller.sync(fleet.outbound)
    assert (unsettled["settled"], unsettled["pending_usage"]) == (False, 2)

    control.down = False

    assert (await caller.sync(fleet.outbound))["settled"]
    assert len(control.events_of("outbound")) == 2


@pytest.mark.parametrize("times", [8])
async def test_the_same_call_made_many_times_at_once_posts_once(caller: Caller, times: int):
    await caller.receive("r1", ("A", "10"))

    answers = await asyncio.gather(*(caller.ship("s1", ("A", "1")) for _ in range(times)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    await caller.sync(caller.fleet.outbound)
    assert len(caller.fleet.control.events_of("outbound")) == 1


async def test_rivals_for_the_last_goods_never_oversell(caller: Caller):
    await caller.receive("r1", ("A", "5"))

    answers = await asyncio.gather(*(caller.ship(f"s{n}", ("A", "1")) for n in range(12)))

    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [409] * 7
    await caller.sync(caller.fleet.outbound)
    await caller.sync(caller.fleet.stock_query)
    assert await caller.stock() == {"A": "0"}
    assert len(caller.fleet.control.events_of("outbound")) == 5
