"""Every answer names its request, is safe to show, speaks the reader's language, and is counted."""

import pytest

from tests.scenarios.isolation.callers import by_session
from web.edge.context import SECURITY_HEADERS

CHECK = "/v1/entitlements/check"
JSON = {"content-type": "application/json"}
REFUSED = {
    "no such address": ("GET", "/v1/nowhere", {}, b"", 404, "not_found", "unmatched"),
    "a cookie of somebody else": (
        *("GET", "/v1/nowhere", {"cookie": "a/b=1; @=2"}, b""),
        *(404, "not_found", "unmatched"),
    ),
    "no such method": ("PUT", CHECK, {}, b"", 405, "method_not_allowed", "unmatched"),
    "an odd host": ("POST", CHECK, {"host": "a b"}, b"{}", 400, "invalid_request", "unmatched"),
    "a page that is not there": ("GET", "/nowhere", {}, b"", 404, "not_found", "unmatched"),
    "no key of its own": (
        *("POST", "/v1/subscriptions", JSON, b"{}"),
        *(400, "idempotency_key_missing", "/v1/subscriptions"),
    ),
    "a text with NUL": ("POST", CHECK, JSON, b'{"feature":"\\u0000"}', 400, "nul_in_text", CHECK),
    "too large": ("POST", CHECK, JSON, bytes(1_000_001), 413, "too_large", CHECK),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_what_is_refused_before_its_route_is_an_answer_like_any_other(
    bella, counted, lines, what
):
    method, path, headers, body, status, code, route = REFUSED[what]

    answer = await bella.client.request(
        method,
        path,
        content=body,
        headers={**headers, "x-request-id": "mine-0001", "accept-language": "zh-CN"},
    )

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "mine-0001"
    assert {*SECURITY_HEADERS} <= {*answer.headers.raw}
    assert any("一" <= letter <= "鿿" for letter in answer.json()["detail"])
    assert counted() == {(method, route, str(status)): 1}
    [line] = [line for line in lines() if line["event"] == "request"]
    assert (line["status"], line["route"], line["request_id"]) == (status, route, "mine-0001")


async def test_a_forged_write_is_counted_as_what_it_was_told(site, bella, counted):
    owner = await by_session(site, "owner", bella.email)
    async with site.client(cookie=owner.headers["cookie"]) as browser:
        answer = await browser.post(CHECK, json={"feature": "x"})

    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_refused")
    assert "x-request-id" in answer.headers
    assert counted() == {("POST", CHECK, "403"): 1}


async def test_what_anybody_may_call_a_method_makes_no_series_of_its_own(bella, counted, lines):
    for method in ("GETT", "X" * 1_000):
        answer = await bella.client.request(method, CHECK)
        assert answer.status_code == 405

    assert counted() == {("OTHER", "unmatched", "405"): 2}
    told = [line["method"] for line in lines() if line["event"] == "request"]
    assert told == ["GETT", "X" * 20]


async def test_a_language_whose_weight_nobody_can_read_is_passed_over(bella):
    weight = "1" * 5_000
    answer = await bella.client.get(
        "/v1/nowhere", headers={"accept-language": f"en;q={weight}, zh;q=0.5"}
    )

    assert answer.status_code == 404
    assert any("一" <= letter <= "鿿" for letter in answer.json()["detail"])
