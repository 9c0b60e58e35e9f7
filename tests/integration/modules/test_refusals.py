"""Calls that are refused: each with a problem document, and nothing stored or counted."""

import sqlite3

import httpx
import pytest

from control_plane.kernel.canonical import sha256_hex
from control_plane.sdk.snapshot import KeyGrant
from tests.integration.modules.caller import Caller
from tests.support.modules import FULL_KEY, READ_KEY, FakeControlPlane, Fleet


def stored(fleet: Fleet) -> int:
    with sqlite3.connect(fleet.outbound.database) as connection:
        return connection.execute("SELECT count(*) FROM documents").fetchone()[0]


async def post(caller: Caller, body: object, **headers: str) -> httpx.Response:
    return await caller.client.post(
        f"{caller.fleet.outbound.url}/v1/shipments",
        headers={"Authorization": f"Bearer {FULL_KEY}", "Idempotency-Key": "k", **headers},
        **({"content": body} if isinstance(body, bytes) else {"json": body}),
    )


async def test_a_call_without_a_key_or_with_a_wrong_one_gets_401(caller: Caller):
    url = f"{caller.fleet.outbound.url}/v1/shipments"
    missing = await caller.client.post(url, json={})
    wrong = await caller.client.post(url, json={}, headers={"Authorization": "Bearer tyk_x"})

    assert (missing.status_code, missing.json()["code"]) == (401, "api_key_missing")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "api_key_invalid")
    assert wrong.headers["WWW-Authenticate"] == "Bearer"
    assert wrong.headers["Content-Type"] == "application/problem+json"


async def test_a_key_that_may_only_read_gets_403_for_a_shipment(caller: Caller):
    reader = Caller(caller.client, caller.fleet, READ_KEY)

    answer = await reader.ship("s1", ("A", "1"))

    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert "inventory:write" in answer.json()["remedy"]


async def test_a_key_made_a_moment_ago_works_at_once_and_a_revoked_one_no_more(
    control: FakeControlPlane, caller: Caller
):
    secret = "tyk_new"
    grant = KeyGrant("key_new", sha256_hex(secret.encode()), frozenset({"inventory:read"}))
    control.keys.append(grant)
    control.publish()
    fresh = Caller(caller.client, caller.fleet, secret)

    assert (await fresh.get(caller.fleet.stock_query, "/v1/stock")).status_code == 200

    control.keys.remove(grant)
    control.publish()
    await caller.sync(caller.fleet.stock_query)
    assert (await fresh.get(caller.fleet.stock_query, "/v1/stock")).status_code == 401


async def test_a_module_that_is_not_subscribed_gets_403(control: FakeControlPlane, caller: Caller):
    control.modules = ("inbound",)
    control.publish()
    await caller.sync(caller.fleet.outbound)

    answer = await caller.ship("s1", ("A", "1"))

    assert (answer.status_code, answer.json()["code"]) == (403, "not_subscribed")
    assert "outbound" in answer.json()["detail"]
    assert stored(caller.fleet) == 0


async def test_what_was_accepted_keeps_its_answer_after_the_subscription_ends(
    control: FakeControlPlane, caller: Caller
):
    await caller.receive("r1", ("A", "1"))
    first = await caller.ship("s1", ("A", "1"))
    control.modules = ()
    control.publish()
    await caller.sync(caller.fleet.outbound)

    assert (await caller.ship("s1", ("A", "1"))).json() == first.json()


async def test_the_daily_limit_ends_at_local_midnight_and_refusals_do_not_use_it(
    control: FakeControlPlane, caller: Caller
):
    control.limits = {"outbound.orders_per_day": 2}
    control.publish()
    await caller.sync(caller.fleet.outbound)
    await caller.receive("r1", ("A", "3"))
    assert (await caller.ship("s1", ("A", "1"))).status_code == 201
    assert (await caller.ship("too-much", ("A", "99"))).status_code == 409
    assert (await caller.ship("s2", ("A", "1"))).status_code == 201

    refused = await caller.ship("s3", ("A", "1"))

    assert (refused.status_code, refused.json()["code"]) == (429, "daily_limit_reached")
    assert refused.headers["Retry-After"] == str(12 * 3600)
    assert "2026-03-02" in refused.json()["detail"]
    control.test_clock = control.test_clock.replace(hour=16)  # midnight in Shanghai
    control.publish()
    await caller.sync(caller.fleet.outbound)
    assert (await caller.ship("s3", ("A", "1"))).status_code == 201
    assert (await caller.sync(caller.fleet.outbound))["settled"]
    assert len(control.events_of("outbound")) == 3


async def test_a_snapshot_older_than_72_hours_opens_nothing(control: FakeControlPlane, caller):
    assert (await caller.receive("r1", ("A", "1"))).status_code == 201
    instance = caller.fleet.inbound
    await instance.stop()
    instance.database.unlink()
    control.issued_before = control.issued_before.resolution * (72 * 3600 * 10**6 + 1)
    control.publish()
    with pytest.raises(AssertionError, match="never became ready"):
        await start_for(instance, 1)

    answer = await caller.receive("r2", ("A", "1"))

    assert answer.status_code == 401


async def start_for(instance, seconds: float) -> None:
    wait, instance.wait_ready = instance.wait_ready, lambda: wait(seconds)
    try:
        await instance.start()
    finally:
        instance.wait_ready = wait


BAD_QUANTITIES = {
    "-1": "quantity_not_positive",
    "0": "quantity_not_positive",
    "0.000": "quantity_not_positive",
    "NaN": "quantity_not_decimal",
    "Infinity": "quantity_not_decimal",
    "1e3": "quantity_not_decimal",
    "": "quantity_not_decimal",
    "1,5": "quantity_not_decimal",
    "\uff11": "quantity_not_decimal",
    "0.0000001": "quantity_too_fine",
    "1000000000.000001": "quantity_too_large",
    "9" * 30: "quantity_too_large",
    "9" * 4000: "quantity_not_decimal",
}


async def test_every_bad_quantity_is_named_with_its_line_and_its_fault(caller: Caller):
    found = {}
    for quantity in BAD_QUANTITIES:
        answer = await caller.ship("s1", ("A", "1"), ("B", quantity))
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
        (error,) = answer.json()["errors"]
        assert error["field"] == "lines[1].quantity"
        assert len(error["value"]) <= 41
        found[quantity] = error["code"]

    assert found == BAD_QUANTITIES
    assert stored(caller.fleet) == 0


async def test_every_broken_rule_is_reported_at_once(caller: Caller):
    answer = await caller.ship("s1", ("", "0"), ("a\u0000b", "1"), reference="x" * 300)

    fields = [error["field"] for error in answer.json()["errors"]]
    assert fields == ["lines[0].sku", "lines[0].quantity", "lines[1].sku", "reference"]


BAD_BODIES = {
    "no json": b"{",
    "not utf-8": b'{"lines": [{"sku": "\xff", "quantity": "1"}]}',
    "a list": b"[]",
    "empty": b"",
    "a float": b'{"lines": [{"sku": "A", "quantity": 1.5}]}',
    "a bare NaN": b'{"lines": [{"sku": "A", "quantity": NaN}]}',
    "a field nobody knows": b'{"lines": [{"sku": "A", "quantity": "1", "price": "2"}]}',
    "no lines member": b'{"reference": "x"}',
    "deep": b"[" * 100_000,
}


async def test_bodies_of_another_form_are_refused(caller: Caller):
    answers = {name: await post(caller, body) for name, body in BAD_BODIES.items()}

    found = {name: (answer.status_code, answer.json()["code"]) for name, answer in answers.items()}
    assert found == dict.fromkeys(BAD_BODIES, (400, "malformed_body"))
    assert stored(caller.fleet) == 0


async def test_a_number_for_a_text_names_its_place(caller: Caller):
    answer = await post(caller, {"lines": [{"sku": "A", "quantity": 1.5}]})

    assert answer.json()["errors"][0]["field"] == "lines[0].quantity"


async def test_a_document_has_one_to_a_thousand_lines(caller: Caller):
    for count in (0, 1001):
        answer = await caller.ship("s1", *[(f"A{n}", "1") for n in range(count)])

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["code"] == "line_count_invalid"


async def test_a_thousand_lines_are_possible(caller: Caller):
    lines = [(f"A{n}", "1000000000") for n in range(1000)]

    assert (await caller.receive("r1", *lines)).status_code == 201
    assert (await caller.ship("s1", *lines)).status_code == 201


async def test_a_body_beyond_a_megabyte_is_not_read(caller: Caller):
    answer = await post(caller, b" " * 1_100_000)

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_write_without_its_idempotency_key_gets_400(caller: Caller):
    answer = await caller.client.post(
        f"{caller.fleet.outbound.url}/v1/shipments",
        json={"lines": [{"sku": "A", "quantity": "1"}]},
        headers=caller.headers,
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


async def test_an_idempotency_key_is_a_short_text(caller: Caller):
    for key in ("", "k" * 201):
        answer = await caller.ship(key, ("A", "1"))

        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")


async def test_problems_speak_chinese_to_who_asks_for_it(caller: Caller):
    caller.headers["Accept-Language"] = "zh-CN,zh;q=0.9,en;q=0.8"

    answer = await caller.ship("s1", ("A", "5"))

    assert answer.headers["Content-Language"] == "zh"
    detail, message = answer.json()["detail"], answer.json()["errors"][0]["message"]
    assert detail == "有 1 行库存不足，整单未过账。"
    assert message == "A：需要 5，可用 0。"


async def test_unknown_addresses_and_methods_are_problems_too(caller: Caller):
    nowhere = await caller.get(caller.fleet.outbound, "/v1/nothing")
    method = await caller.client.delete(f"{caller.fleet.outbound.url}/v1/shipments")

    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")
    assert (method.status_code, method.json()["code"]) == (405, "method_not_allowed")


BAD_PARAMETERS = [
    ("limit", "-1", "number_out_of_range"),
    ("limit", "0", "number_out_of_range"),
    ("limit", "99999", "number_out_of_range"),
    ("as_of", "yesterday", "invalid_request"),
    ("as_of", "2026-03-02T04:00:00", "invalid_request"),
]


async def test_a_bad_query_parameter_is_named_and_not_metered(caller: Caller):
    for name, value, code in BAD_PARAMETERS:
        answer = await caller.get(caller.fleet.stock_query, "/v1/stock", **{name: value})

        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert answer.json()["errors"][0]["field"] == name
    await caller.sync(caller.fleet.stock_query)
    assert caller.fleet.control.events_of("stock_query") == []
