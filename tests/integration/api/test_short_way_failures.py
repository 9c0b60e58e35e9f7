"""What goes wrong on the short way: told once, by the long way; counted and logged once."""

import gc
import json
import logging
import weakref
from typing import ClassVar

import psycopg
import pytest

from control_plane.kernel.ids import TenantId, new_id, parse_id
from metering.errors import EventsUnreadable
from tests.support.short_way import CHECK, EVENTS, UNUSUAL, Ways, answered, http_scope
from tests.support.usage import cloud_event
from web.edge.context import SECURITY_HEADERS

JSON = ("content-type", "application/json")
TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACED = ("traceparent", f"00-{TRACE}-b7ad6b7169203331-01")
BODIES = {EVENTS: json.dumps(cloud_event("one")).encode(), CHECK: b'{"feature": "outbound"}'}
USE_CASES = {EVENTS: "ingest_usage", CHECK: "check_entitlements"}
FAILURES = [
    (ZeroDivisionError("of ours"), 500, "internal_error"),
    (psycopg.errors.AdminShutdown("the database stops"), 503, "database_unavailable"),
    (psycopg.errors.UniqueViolation("a fault of ours"), 500, "internal_error"),
    (RecursionError("too deep"), 400, "invalid_request"),
]


class Failing:
    """Stands for a use case that fails, and says so in the log."""

    def __init__(self, error):
        self.error, self.calls = error, 0

    async def __call__(self, *_):
        self.calls += 1
        logging.getLogger("failing").warning("fails")
        raise self.error


@pytest.fixture
async def ways(site, bella):
    await site.application.publish_snapshot(TenantId(parse_id("ten", bella.tenant_id)))
    return Ways(site)


async def test_the_answer_has_what_every_answer_has(ways, bella):
    for path, body in BODIES.items():
        given = await ways.ask(path, bella, body, JSON, ("x-request-id", "mine-0001"))
        own = await ways.ask(path, bella, body, JSON)
        bad = await ways.ask(path, bella, body, JSON, ("x-request-id", "short"))

        assert (given.status_code, ways.long) == (200, 0)
        assert given.headers["x-request-id"] == "mine-0001"
        assert len({a.headers["x-request-id"] for a in (given, own, bad)} - {"short"}) == 3
        assert {*SECURITY_HEADERS} <= {*own.headers.raw}
        assert len(own.headers.raw) == len(own.headers.keys())


async def test_what_cannot_be_taken_now_is_refused_before_it_is_read(site, ways, bella, rival):
    bodies, events = site.application.ingest_bodies, site.application.ingest_usage.room
    own = [TenantId(parse_id("ten", company.tenant_id)) for company in (bella, rival)]
    for room, full, share in (
        (bodies, "bodies_overloaded", "bodies_over_share"),
        (events, "ingest_overloaded", "events_over_share"),
    ):
        with room.holding(TenantId(new_id()), room.most):
            everybodys, _ = await ways.both(EVENTS, bella, rival, BODIES[EVENTS], JSON)
        with room.holding(own[0], room.most // 2), room.holding(own[1], room.most // 2):
            mine, _ = await ways.both(EVENTS, bella, rival, BODIES[EVENTS], JSON)

        assert (everybodys.status_code, everybodys.json()["code"]) == (503, full)
        assert (mine.status_code, mine.json()["code"]) in {(503, full), (429, share)}
        assert mine.headers["retry-after"] == everybodys.headers["retry-after"] == "1"
        assert room.held == 0
    answer = await ways.ask(EVENTS, bella, BODIES[EVENTS], JSON)
    assert answer.json()["results"][0]["status"] == "accepted"


async def test_a_body_is_not_asked_for_where_there_is_no_room(site, ways, bella):
    room, body = site.application.ingest_bodies, BODIES[EVENTS]
    with room.holding(TenantId(new_id()), room.most):
        coming = iter([])  # whoever reads has gone
        sent = await answered(ways.app, http_scope(EVENTS, bella, len(body)), coming)

    assert sent[0]["status"] == 503


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(("error", "status", "code"), FAILURES)
async def test_a_failure_is_told_once(site, ways, bella, path, error, status, code):
    failing = Failing(error)
    setattr(site.application, USE_CASES[path], failing)

    answer, shortly = await ways.both(path, bella, bella, BODIES[path], JSON)

    assert (answer.status_code, answer.json()["code"], shortly) == (status, code, False)
    assert failing.calls == 2  # one of each way
    assert answer.json()["request_id"] == answer.headers["x-request-id"] == "the-same-of-both"
    assert {*SECURITY_HEADERS} <= {*answer.headers.raw}
    assert answer.headers.get("retry-after") == ("1" if status == 503 else None)


class Watched(EventsUnreadable):
    """A refusal that can be watched."""

    made: ClassVar[list[weakref.ref]] = []

    def __init__(self):
        super().__init__(detail="odd")
        self.made.append(weakref.ref(self))


@pytest.mark.parametrize("path", BODIES)
async def test_what_failed_is_not_kept_until_somebody_collects(site, ways, bella, path):
    async def failing(*_):
        raise Watched

    setattr(site.application, USE_CASES[path], failing)
    Watched.made.clear()
    gc.disable()
    try:
        for headers in ([JSON], [JSON, UNUSUAL]):
            answer = await ways.ask(path, bella, BODIES[path], *headers)
            assert answer.status_code == 400
        assert [error() for error in Watched.made] == [None, None]
    finally:
        gc.enable()


@pytest.mark.parametrize("path", BODIES)
async def test_a_key_that_cannot_be_looked_up_is_told(site, ways, bella, path, counted):
    failing = Failing(psycopg.OperationalError("away"))
    site.application.authenticate_api_key = failing

    answer, shortly = await ways.both(path, bella, bella, BODIES[path], JSON)

    assert (answer.status_code, shortly) == (503, False)
    assert answer.json()["code"] == "database_unavailable"
    assert answer.headers["retry-after"] == "1"
    assert counted() == {("POST", path, "503"): 2}


@pytest.mark.parametrize("path", BODIES)
async def test_every_request_is_counted_once_under_its_route(ways, bella, counted, path):
    body = BODIES[path]
    asked = [
        (bella, body, [JSON]),  # short to its end
        (bella, body, [JSON, ("cookie", "a=b")]),  # long from its beginning
        (bella, b"{", [JSON]),  # long at last
        (None, body, [JSON, ("authorization", "Bearer nobody")]),
    ]
    for company, content, headers in asked:
        await ways.ask(path, company, content, *headers)

    assert ways.long == 3
    statuses = {"200": 2, "400": 1, "401": 1}
    assert counted() == {("POST", path, status): n for status, n in statuses.items()}


@pytest.mark.parametrize("path", BODIES)
async def test_what_failed_is_counted_and_logged_once(site, ways, bella, counted, lines, path):
    setattr(site.application, USE_CASES[path], Failing(ZeroDivisionError("of ours")))

    answer = await ways.ask(path, bella, BODIES[path], JSON, TRACED)

    assert counted() == {("POST", path, "500"): 1}
    used = [line for line in lines() if line["event"] == "fails"]
    fault = [line for line in lines() if line["event"] == "unhandled_error"]
    [request] = [line for line in lines() if line["event"] == "request"]
    assert (request["route"], request["status"]) == (path, 500)
    for line in (*used, *fault, request):
        assert line["request_id"] == answer.headers["x-request-id"]
        assert (line["tenant_id"], line["trace_id"]) == (bella.tenant_id, TRACE)
    assert len(used) == len(fault) == 1
    assert "ZeroDivisionError" in fault[0]["exception"]


@pytest.mark.parametrize("path", BODIES)
async def test_the_log_tells_both_ways_alike(ways, bella, lines, path):
    await ways.ask(path, bella, BODIES[path], JSON, ("x-request-id", "mine-0001"), TRACED)
    await ways.ask(path, bella, BODIES[path], JSON, ("x-request-id", "mine-0002"))
    await ways.both(path, bella, bella, BODIES[path], JSON)

    found = [line for line in lines() if line["event"] == "request"]
    told_of = [(line["request_id"], line["trace_id"], line["tenant_id"]) for line in found]
    assert told_of == [
        ("mine-0001", TRACE, bella.tenant_id),
        *[(name, name, bella.tenant_id) for name in ("mine-0002", *["the-same-of-both"] * 2)],
    ]
    changing = {"request_id", "trace_id", "milliseconds", "timestamp"}
    kept = [{k: v for k, v in line.items() if k not in changing} for line in found]
    assert kept == [kept[0]] * 4
    assert (kept[0]["method"], kept[0]["route"], kept[0]["status"]) == ("POST", path, 200)
    assert all(line.keys() >= changing for line in found)


def parts(*bodies, more=False):
    """Write what a server passes on of a body."""
    last = len(bodies) - 1
    return [
        {"type": "http.request", "body": body, "more_body": more or n < last}
        for n, body in enumerate(bodies)
    ]


@pytest.mark.parametrize("path", BODIES)
async def test_a_body_may_come_in_parts(ways, bella, path):
    body = BODIES[path]
    scope = http_scope(path, bella, len(body))
    sent = await answered(ways.app, scope, parts(body[:5], b"", body[5:], b""))

    assert (sent[0]["status"], ways.long) == (200, 0)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


BROKEN = {
    "gone at once": lambda body: [],
    "gone in between": lambda body: parts(body[:9], more=True),
    "gone before its last word": lambda body: parts(body, more=True),
    "shorter": lambda body: parts(body[:-1]),
    "longer": lambda body: parts(body, b"}"),
    "longer and gone": lambda body: parts(body, b"}", more=True),
}


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("how", BROKEN)
async def test_a_body_that_does_not_come_as_announced_changes_nothing(
    ways, bella, admin, counted, path, how
):
    body = BODIES[path]
    messages = BROKEN[how](body)
    first = await answered(ways.app, http_scope(path, bella, len(body)), messages)
    unusual = http_scope(path, bella, len(body), (b"cookie", b"a=b"))
    second = await answered(ways.app, unusual, messages)

    assert ways.long == 2
    assert [alike(message) for message in first] == [alike(message) for message in second]
    assert first[0]["status"] in {400, 500}
    assert counted() == {("POST", path, str(first[0]["status"])): 2}
    assert admin.execute("SELECT count(*) FROM usage_identities").fetchone() == (0,)


def alike(message):
    return {**message, "headers": sorted(message.get("headers", []))}


@pytest.mark.parametrize("path", BODIES)
async def test_a_client_who_does_not_take_the_answer_is_counted_and_asked_for_once(
    site, ways, bella, counted, path
):
    body, sent = BODIES[path], []
    coming = iter(parts(body))

    async def receive():
        return next(coming)

    async def send(message):
        sent.append(message)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await ways.app(http_scope(path, bella, len(body)), receive, send)

    assert ([message["type"] for message in sent], ways.long) == (["http.response.start"], 0)
    assert counted() == {("POST", path, "200"): 1}


async def test_lengths_that_no_body_has_are_no_fault_of_ours(ways, bella):
    body = BODIES[EVENTS]
    for said in (b"0" * 5_000 + str(len(body)).encode(), b"+80", b"8_0", b"", b"\xb2"):
        given = dict(http_scope(EVENTS, bella, len(body)))
        given["headers"] = [
            (name, said if name == b"content-length" else value) for name, value in given["headers"]
        ]
        sent = await answered(ways.app, given, parts(body))
        assert sent[0]["status"] in {200, 400}, said[:9]


async def test_beyond_the_most_requests_under_way_the_next_are_refused(site, ways, bella):
    short_way = site.app.short_way
    short_way.under_way = short_way.most
    refused = await bella.client.post(EVENTS, content=BODIES[EVENTS])
    zh = {"accept-language": "zh-CN"}
    chinese = await bella.client.get("/v1/usage", headers=zh)
    health = await bella.client.get("/health/live")
    short_way.under_way = 0
    taken = await bella.client.post(EVENTS, content=BODIES[EVENTS])

    assert (refused.status_code, refused.json()["code"]) == (503, "requests_under_way")
    assert refused.headers["retry-after"] == "1"
    assert chinese.json()["code"] == "requests_under_way"
    assert "达上限" in chinese.json()["detail"]
    assert (health.status_code, taken.status_code) == (200, 200)
    assert taken.json()["results"][0]["status"] == "accepted"
    assert short_way.under_way == 0
