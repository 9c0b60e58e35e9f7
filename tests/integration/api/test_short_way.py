"""Ordinary events and checks are answered before the framework, exactly as by it."""

import gzip
import json
from dataclasses import replace

import pytest

from control_plane.identity.services.issue_service_token import IssueServiceToken
from control_plane.kernel.ids import InstanceId, TenantId, new_id, parse_id
from tests.integration.api.test_entitlement_checks import ORDERS, WRONG
from tests.scenarios.isolation.callers import by_session
from tests.support.short_way import CHECK, EVENTS, Ways
from tests.support.usage import cloud_event
from web.docs.schema import published_schema

JSON = ("content-type", "application/json")
CHINESE = ("accept-language", "zh-CN,zh;q=0.9")
KINDS = (
    "application/json",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
)


@pytest.fixture
async def ways(site):
    return Ways(site)


@pytest.fixture
async def subscribed(site, bella):
    """The tenant has a snapshot, and so every check an answer."""
    await bella.post("/v1/subscriptions", {"plan_code": "growth"})
    return await site.application.publish_snapshot(TenantId(parse_id("ten", bella.tenant_id)))


def deliveries(prefix):
    """Write what may come in the order of its coming; ids of another prefix are new again."""
    new = cloud_event(f"{prefix}-1", data={"lines": 3})
    changed = cloud_event(f"{prefix}-1", data={"lines": 4})
    unknown = cloud_event(f"{prefix}-2", type="nobody.counts.this")
    wrong = cloud_event(f"{prefix}-3", time="noon")
    return [
        *(json.dumps(event).encode() for event in (new, new, changed, unknown, wrong)),
        *(json.dumps([event]).encode() for event in (new, changed, unknown, wrong)),
        json.dumps([cloud_event(f"{prefix}-4")] * 2 + [new, changed, wrong, 7]).encode(),
        json.dumps(cloud_event(f"{prefix}-出库", subject="仓库 😀"), ensure_ascii=False).encode(),
        json.dumps([cloud_event(f"{prefix}-{n}") for n in range(10, 160)]).encode(),
        json.dumps(cloud_event(f"{prefix}\x00")).encode(),
        json.dumps(cloud_event(f"{prefix}\ud800")).encode(),
        *(b"[]", b"{}", b"null", b"7", b" \n[]\t", b"\xef\xbb\xbf[]"),
    ]


@pytest.mark.parametrize("language", [("accept-language", "en"), CHINESE])
async def test_events_are_answered_alike(ways, bella, rival, language):
    statuses = set()
    for kind in KINDS:
        for body in deliveries(kind):
            answer, shortly = await ways.both(
                EVENTS, bella, rival, body, ("content-type", kind), language
            )
            assert (answer.status_code, shortly) == (200, True), (kind, body)
            statuses |= {result["status"] for result in answer.json()["results"]}
    assert statuses == {"accepted", "duplicate", "conflict", "quarantined", "rejected"}


UNREADABLE = [
    b"",
    b"{",
    b"\xff\xfe",
    b'[{"id": "a\x00"}]',
    b"[" * 200_000,
    b"[1] [2]",
    b"{}\n{}",
    json.dumps([{}] * 10_001).encode(),
]


@pytest.mark.parametrize("language", [("accept-language", "en"), CHINESE])
async def test_deliveries_that_cannot_be_read_are_refused_alike(ways, bella, rival, language):
    details = []
    for body in UNREADABLE:
        answer, shortly = await ways.both(EVENTS, bella, rival, body, JSON, language)
        assert (answer.status_code, shortly) == (400, False), body[:20]
        details.append(answer.json()["detail"])
    chinese = [any("一" <= letter <= "鿿" for letter in detail) for detail in details]
    assert chinese == [language is CHINESE] * len(details)


async def test_checks_are_answered_alike(ways, bella, subscribed):
    asked = [
        {"feature": "outbound"},
        {"feature": "naps"},
        {"feature": "仓库 😀 \\u0000 \n"},
        {"feature": ""},
        {"feature": ORDERS},
        {"feature": ORDERS, "units": 2},
        {"feature": ORDERS, "units": 10**15},
        {"feature": "outbound", "min_revision": subscribed},
        {"feature": "outbound", "min_revision": -1},
    ]
    bodies = [json.dumps(question).encode() for question in asked]
    bodies += [b' {"feature":\t"naps"}\n', b'{"feature": "a", "feature": "outbound"}']
    bodies += ['{"feature": "仓库"}'.encode()]
    lenient = [bodies[2], b'{"feature": "outbound", "units": 1.0}']  # what the long way looks at
    reasons = {}
    for body in (*bodies, lenient[1]):
        for more in ([], [CHINESE], [("accept", "text/html")], [("idempotency-key", "a")]):
            answer, shortly = await ways.both(CHECK, bella, bella, body, JSON, *more)
            assert (answer.status_code, shortly) == (200, body not in lenient), body
            reasons[answer.json()["reason"]] = answer.json()["revision"]
    assert reasons == dict.fromkeys(("granted", "unknown_feature", "limit_reached"), subscribed)


BAD_CHECKS = [
    *(json.dumps(body).encode() for path, body, *_ in WRONG if path == "check"),
    b"",
    b"{",
    b"null",
    b"\xff",
    b"\xef\xbb\xbf" + b'{"feature": "outbound"}',
    b'{"feature": "outbound"} {}',
    b'{"feature": "a\\u0000b"}',
    b'{"feature": "a\\u0000b", "units": 0}',
    b'{"feature": "a\x00b"}',
    b'{"feature": "outbound"}\x00',
    b'{"feature": "\\ud800"}',
    b'{"feature": "outbound", "units": 1000000000000000000000000000000}',
    b'{"feature": "outbound", "units": 1000000000000001}',
    b'{"feature": ' + b"[" * 4_000,
]


@pytest.mark.parametrize("language", [("accept-language", "en"), CHINESE])
async def test_bad_checks_are_refused_alike(ways, bella, subscribed, language):
    for body in BAD_CHECKS:
        answer, shortly = await ways.both(CHECK, bella, bella, body, JSON, language)
        assert (answer.status_code, shortly) == (400, False), (body, answer.text)


async def test_a_revision_that_does_not_come_is_refused_alike(ways, bella, subscribed):
    for revision in (subscribed + 1, 10**30):
        body = json.dumps({"feature": "outbound", "min_revision": revision}).encode()

        answer, shortly = await ways.both(CHECK, bella, bella, body, JSON, CHINESE)

        assert (answer.status_code, answer.json()["code"]) == (409, "revision_not_reached")
        assert not shortly


async def test_a_tenant_without_a_snapshot_is_refused_alike(ways, rival):
    answer, shortly = await ways.both(CHECK, rival, rival, b'{"feature": "x"}', JSON)

    assert (answer.json()["code"], shortly) == ("snapshot_not_published", False)


def one(event_id):
    return json.dumps(cloud_event(event_id)).encode()


async def in_parts(body):
    for byte in body:
        yield bytes([byte])


UNUSUAL = {
    "charset": ("charset", [("content-type", "application/json; charset=utf-8")]),
    "no type": ("no-type", []),
    "capitals": ("capitals", [("content-type", "Application/JSON")]),
    "cookie": ("cookie", [JSON, ("cookie", "tallyard_language=zh")]),
    "identity": ("identity", [JSON, ("content-encoding", "identity")]),
    "twice": ("twice", [JSON, ("x-any", "1"), ("x-any", "2")]),
    "address of version 6": ("v6", [JSON, ("host", "[::1]:8000")]),
}


@pytest.mark.parametrize("case", UNUSUAL)
async def test_unusual_deliveries_go_the_long_way(ways, bella, case):
    event_id, headers = UNUSUAL[case]
    answer = await ways.ask(EVENTS, bella, one(event_id), *headers)

    assert (answer.status_code, ways.long) == (200, 1), answer.text
    assert answer.json()["results"][0]["status"] == "accepted"


async def test_deliveries_in_other_forms_go_the_long_way(ways, bella):
    event = {f"ce-{k}": v for k, v in cloud_event("binary").items() if k != "data"}
    asked = [
        (gzip.compress(one("gzip")), [JSON, ("content-encoding", "gzip")]),
        (b'{"lines": 3}', [JSON, *event.items()]),
        (one("line") + b"\n", [("content-type", "application/x-ndjson")]),
        (in_parts(one("chunked")), [JSON]),
    ]
    for n, (body, headers) in enumerate(asked, start=1):
        answer = await ways.ask(EVENTS, bella, body, *headers)
        assert (answer.status_code, ways.long) == (200, n), answer.text
        assert answer.json()["results"][0]["status"] == "accepted"

    answer = await ways.ask(f"{EVENTS}?a=1", bella, one("query"), JSON)
    assert (answer.status_code, ways.long) == (200, len(asked) + 1)


async def test_unusual_checks_go_the_long_way(ways, bella, subscribed):
    body = b'{"feature": "outbound"}'
    asked = [
        (CHECK, body, [("content-type", "application/json; charset=utf-8")]),
        (CHECK, body, []),
        (CHECK, in_parts(body), [JSON]),
        (CHECK, body + b" " * 10_000, [JSON]),
        (CHECK, body, [JSON, ("x-any", "1"), ("x-any", "2")]),
        (f"{CHECK}?a=1", body, [JSON]),
        (f"{CHECK}/", body, [JSON]),
    ]
    for n, (path, content, headers) in enumerate(asked, start=1):
        answer = await ways.ask(path, bella, content, *headers)
        assert (answer.status_code, ways.long) == (200, n), answer.text
        assert answer.json()["allowed"]


async def test_what_nobody_may_send_is_refused_the_long_way(site, ways, bella, subscribed):
    answer = await bella.post("/v1/api-keys", {"name": "x", "scopes": ["inventory:read"]})
    narrow, known = answer.json()["secret"], bella.key
    owner = await by_session(site, "owner", bella.email)
    session = ("cookie", owner.headers["cookie"])
    asked = {
        (401, "not_signed_in"): [
            [("authorization", f"Bearer {known[:-1]}")],
            [("authorization", "Bearer tyk_" + "0" * 43)],
            [("authorization", "Bearer tys_" + "0" * 43)],
            [("authorization", "Bearer ")],
            [("authorization", "Bearer \xff".encode("latin-1"))],
            [("authorization", f"Basic {known}")],
            [],
        ],
        (403, "not_permitted"): [[("authorization", f"Bearer {narrow}")]],
        (403, "csrf_refused"): [[session]],
    }
    for expected, callers in asked.items():
        for headers in callers:
            before = ways.long
            answer = await ways.ask(EVENTS, None, one("never"), JSON, *headers)
            assert (answer.status_code, answer.json()["code"]) == expected, headers
            assert ways.long == before + 1

    both = await ways.ask(EVENTS, bella, one("both"), JSON, session)
    spaced = [("authorization", f"bearer  {known}")]
    odd = await ways.ask(EVENTS, None, one("spaced"), JSON, *spaced)
    assert [a.json()["results"][0]["status"] for a in (both, odd)] == ["accepted"] * 2


async def test_what_is_too_large_or_of_another_kind_is_refused_the_long_way(ways, bella):
    asked = [
        (EVENTS, bytes(16_000_001), "application/json", 413, "too_large"),
        (CHECK, bytes(1_000_001), "application/json", 413, "too_large"),
        (EVENTS, b"[]", "text/plain", 415, "media_type_unsupported"),
    ]
    for n, (path, body, kind, status, code) in enumerate(asked, start=1):
        answer = await ways.ask(path, bella, body, ("content-type", kind))
        assert (answer.status_code, answer.json()["code"], ways.long) == (status, code, n)


@pytest.mark.parametrize("path", [EVENTS, CHECK])
async def test_other_methods_are_none_of_its_business(ways, bella, path):
    for n, (method, status) in enumerate(
        [("GET", 405), ("HEAD", 405), ("PUT", 405), ("DELETE", 405), ("OPTIONS", 403)], start=1
    ):
        answer = await ways.ask(path, bella, b"[]", JSON, method=method)
        assert (answer.status_code, ways.long) == (status, n), method


async def test_the_paths_are_those_of_routes_that_ask_for_the_same(site):
    described = {
        path: handler.opt
        for route in site.app.routes
        if (path := route.path) in site.app.short_way.shorts
        for handler in route.route_handlers
        if "POST" in handler.http_methods
    }
    listed = published_schema(site.app)["paths"]
    assert all("post" in listed[path] for path in site.app.short_way.shorts)
    assert described.keys() == site.app.short_way.shorts.keys() == {EVENTS, CHECK}
    for path, short in site.app.short_way.shorts.items():
        assert described[path]["permission"] == short.permission
        assert described[path]["idempotent"] is False


async def test_a_services_token_goes_the_same_two_ways(site, ways, bella, rival, subscribed):
    tokens = []
    for company in (bella, rival):
        tenant_id = TenantId(parse_id("ten", company.tenant_id))
        await site.application.publish_snapshot(tenant_id)
        issue = IssueServiceToken(site.application.work, site.application.clock)
        token = await issue(
            tenant_id=tenant_id, instance_id=InstanceId(new_id()), module="outbound"
        )
        tokens.append(replace(company, key=token))

    event = json.dumps(cloud_event("told-by-a-service")).encode()
    told, shortly = await ways.both(EVENTS, *tokens, event, JSON)
    assert (told.status_code, shortly) == (200, True)
    assert told.json()["results"][0]["status"] == "accepted"

    asked, shortly = await ways.both(CHECK, *tokens, b'{"feature": "nothing"}', JSON)
    assert (asked.json()["reason"], shortly) == ("unknown_feature", True)
