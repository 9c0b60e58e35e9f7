"""Checks over plain HTTP: single, in bulk, of a revision at least; changes by poll and stream."""

import asyncio
import json
from contextlib import ExitStack

import pytest

from control_plane.kernel.ids import TenantId, parse_id
from tests.scenarios.isolation.callers import by_session

ORDERS = "outbound.orders_per_day"


class Bella:
    """A company whose snapshot is published when a test says so."""

    def __init__(self, site, company):
        self.site, self.company = site, company
        self.tenant = TenantId(parse_id("ten", company.tenant_id))

    async def publish(self):
        return await self.site.application.publish_snapshot(self.tenant)

    async def subscribe(self, plan="growth"):
        answer = await self.company.post("/v1/subscriptions", {"plan_code": plan})
        assert answer.status_code == 201, answer.text
        return await self.publish()

    async def ask(self, path, body, **headers):
        client = self.company.client
        return await client.post(f"/v1/entitlements/{path}", json=body, headers=headers)

    async def check(self, feature, **more):
        answer = await self.ask("check", {"feature": feature, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def bella(site):
    company = Bella(site, await site.company("Bella Pizza"))
    await company.publish()
    return company


async def test_a_check_says_what_it_follows_from(bella, clock):
    refused = await bella.check("outbound")
    assert (refused["allowed"], refused["reason"]) == (False, "not_subscribed")

    revision = await bella.subscribe()
    allowed = await bella.check("outbound", min_revision=revision)

    assert allowed == {
        "feature": "outbound",
        "allowed": True,
        "reason": "granted",
        "limit": None,
        "remaining": None,
        "value": None,
        "valid_until": None,
        "revision": revision,
        "at": clock.now().isoformat().replace("+00:00", "Z"),
        "age_seconds": 0,
    }
    assert (await bella.check("naps"))["reason"] == "unknown_feature"


async def test_many_checks_are_answered_in_order_by_one_revision(bella):
    revision = await bella.subscribe()
    features = ["naps", "outbound", "inbound", "outbound"]

    answer = await bella.ask("checks", {"checks": [{"feature": f} for f in features]})

    body = answer.json()
    assert answer.status_code == 200
    assert body["revision"] == revision
    assert [item["feature"] for item in body["items"]] == features
    assert [item["allowed"] for item in body["items"]][:2] == [False, True]


async def test_a_revocation_is_known_to_the_next_check_without_being_asked_for(bella, clock):
    await bella.subscribe()
    assert (await bella.check("outbound"))["allowed"]
    clock.advance(hours=1)
    listing = (await bella.company.get("/v1/subscriptions")).json()
    items = listing["items"] if isinstance(listing, dict) else listing
    path = f"/v1/subscriptions/{items[0]['id']}/cancellation"
    answer = await bella.company.post(path, {"at_once": True})
    assert answer.status_code in {200, 201}, answer.text

    revision = await bella.publish()
    async with asyncio.timeout(60):
        while (found := await bella.check("outbound"))["allowed"]:
            await asyncio.sleep(0.01)

    assert (found["revision"], found["reason"]) == (revision, "expired")


async def test_services_and_people_may_ask_and_strangers_may_not(bella, site, rival):
    await bella.subscribe()
    owner = await by_session(site, "owner", bella.company.email)
    async with site.client(**owner.headers) as browser:
        found = await browser.post("/v1/entitlements/check", json={"feature": "outbound"})
        assert found.json()["allowed"]
        del browser.headers["x-csrf-token"]
        forged = await browser.post("/v1/entitlements/check", json={"feature": "outbound"})
        assert forged.json()["code"] == "csrf_refused"
    async with site.client() as anybody:
        refused = await anybody.post("/v1/entitlements/check", json={"feature": "outbound"})
    assert refused.status_code == 401

    others = await rival.client.post("/v1/entitlements/check", json={"feature": "outbound"})
    assert others.json()["code"] == "snapshot_not_published"


async def test_units_are_taken_once_a_key_and_never_beyond_the_limit(bella, clock):
    await bella.subscribe()
    limit = int((await bella.check(ORDERS))["limit"])

    async def consume(units, key):
        body = {"feature": ORDERS, "units": units}
        answer = await bella.company.post("/v1/entitlements/consume", body, key)
        assert answer.status_code == 200, answer.text
        return answer.json()

    first = await consume(limit - 10, "first")
    again = await consume(limit - 10, "first")
    assert first == again
    assert (first["allowed"], first["units"], first["remaining"]) == (True, limit - 10, "10")
    assert (await bella.check(ORDERS, units=10))["allowed"]

    beyond = await bella.check(ORDERS, units=11)
    assert (beyond["allowed"], beyond["reason"], beyond["remaining"]) == (
        False,
        "limit_reached",
        "10",
    )
    refused = await consume(11, "second")
    assert (refused["allowed"], refused["units"], refused["remaining"]) == (False, 0, "10")
    assert refused["reason"] == "limit_reached"

    racing = await asyncio.gather(*(consume(1, f"race-{n}") for n in range(20)))
    assert sum(taken["units"] for taken in racing) == 10
    assert (await bella.check(ORDERS))["remaining"] == "0"

    clock.advance(days=1)
    assert (await bella.check(ORDERS))["remaining"] == str(limit)
    assert (await consume(1, "a-yes"))["allowed"]
    answer = await bella.company.post("/v1/entitlements/consume", {"feature": "outbound"})
    assert (answer.json()["allowed"], answer.json()["reason"]) == (False, "not_leased")


WRONG = [
    ("check", {}, 400, "invalid_input", {"feature": None}),
    ("check", {"feature": 7}, 400, "invalid_input", {"feature": 7}),
    ("check", {"feature": "outbound", "units": 0}, 400, "units_invalid", {"units": 0}),
    ("check", {"feature": "outbound", "units": -1}, 400, "units_invalid", {"units": -1}),
    ("check", {"feature": "outbound", "units": "x"}, 400, "invalid_input", {"units": "x"}),
    ("check", {"feature": "outbound", "units": 1.5}, 400, "invalid_input", {"units": "1.5"}),
    ("check", {"feature": "outbound", "unit": 1}, 400, "invalid_input", {"unit": 1}),
    ("check", [], 400, "invalid_input", {"data": None}),
    ("consume", {"feature": "outbound", "units": 0}, 400, "units_invalid", {"units": 0}),
    ("consume", {"units": 1}, 400, "invalid_input", {"feature": None}),
    ("checks", {"checks": []}, 400, "checks_invalid", {"checks": 0}),
    ("checks", {"checks": [{"feature": "x"}] * 201}, 400, "checks_invalid", {"checks": 201}),
    (
        "checks",
        {"checks": [{"feature": "x"}, {"feature": "x", "units": 0}]},
        400,
        "units_invalid",
        {"checks[1].units": 0},
    ),
    ("checks", {"checks": {}}, 400, "invalid_input", {"checks": "{}"}),
]


async def test_a_bad_check_is_told_what_is_wrong(bella):
    wrong = []
    for path, body, status, code, fields in WRONG:
        answer = await bella.company.post(f"/v1/entitlements/{path}", body)
        problem = answer.json()
        told = {e["field"]: e.get("value") for e in problem.get("errors", [])}
        if (answer.status_code, problem["code"], told) != (status, code, fields):
            wrong.append((path, body, answer.text))
        elif not (problem["detail"] and problem["remedy"]):
            wrong.append((path, body, "says nothing"))
    assert wrong == []


async def test_a_revision_that_is_not_there_is_told_in_the_readers_language(bella):
    answer = await bella.ask(
        "check",
        {"feature": "outbound", "min_revision": 99},
        **{"accept-language": "zh-CN"},
    )

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "revision_not_reached")
    assert problem["errors"][0]["field"] == "min_revision"
    assert "99" in problem["detail"]
    assert "修订版" in problem["detail"]


async def test_changes_are_answered_when_they_come(bella):
    first = (await bella.company.get("/v1/entitlements/changes")).json()
    assert first["changed"]
    assert not any(item["allowed"] for item in first["items"])

    have = str(first["revision"])
    same = (await bella.company.get("/v1/entitlements/changes", have=have)).json()
    assert (same["changed"], same["items"]) == (False, None)

    waiting = asyncio.create_task(
        bella.company.get("/v1/entitlements/changes", have=have, wait="30")
    )
    await asyncio.sleep(0.05)
    revision = await bella.subscribe()
    async with asyncio.timeout(5):
        found = (await waiting).json()
    assert (found["revision"], found["changed"]) == (revision, True)
    assert {i["feature"] for i in found["items"] if i["allowed"]} >= {"outbound"}

    for name, value in (("wait", "61"), ("wait", "-1"), ("wait", "soon"), ("have", "-1")):
        answer = await bella.company.get("/v1/entitlements/changes", **{name: value})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == name


def http_scope(path, key, query=b""):
    """What a server says of a request, with a key."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": query,
        "headers": [(b"authorization", f"Bearer {key}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("tallyard.test", 80),
        "state": {},
    }


async def streamed(app, key, count, meanwhile):
    """Read ``count`` events of the stream as ASGI gives them; None where it ended before."""
    events, done = [], asyncio.Event()
    scope = http_scope("/v1/entitlements/stream", key)
    asked = False

    async def receive():
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await done.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        body = message.get("body", b"").decode()
        if body:
            fields = dict(line.split(": ", 1) for line in body.strip().split("\n"))
            events.append((fields["event"], fields["id"], json.loads(fields["data"])))
            if len(events) in meanwhile:
                await meanwhile[len(events)]()
        if len(events) >= count or not message.get("more_body", True):
            done.set()

    await app(scope, receive, send)
    return events


async def test_a_stream_tells_of_every_change(bella, site):
    async with asyncio.timeout(8):
        events = await streamed(site.app, bella.company.key, 2, {1: bella.subscribe})

    assert [name for name, _, _ in events] == ["entitlements", "entitlements"]
    assert [int(revision) for _, revision, _ in events] == [1, 2]
    assert [i["allowed"] for i in events[1][2]["items"] if i["feature"] == "outbound"] == [True]
    assert site.application.stream_room.full(bella.tenant) is None
    assert not site.application.stream_room._open


async def test_a_stream_ends_with_its_key(bella, site):
    keys = (await bella.company.get("/v1/api-keys")).json()

    async def revoke():
        await bella.subscribe()
        admin = bella.company.client
        for key in keys:
            await admin.delete(f"/v1/api-keys/{key['id']}", headers={"Idempotency-Key": key["id"]})

    async with asyncio.timeout(8):
        events = await streamed(site.app, bella.company.key, 5, {1: revoke})
    assert [name for name, _, _ in events] == ["entitlements"]


async def test_streams_and_polls_end_when_the_process_is_asked_to(bella, site):
    async def end():
        site.application.end_streams()

    waiting = asyncio.create_task(
        bella.company.get("/v1/entitlements/changes", have="1", wait="60")
    )
    async with asyncio.timeout(5):
        events = await streamed(site.app, bella.company.key, 9, {1: end})
        found = (await waiting).json()
    assert [name for name, _, _ in events] == ["entitlements"]
    assert found["changed"] is False


async def test_there_is_room_for_so_many_streams_and_no_more(bella, site):
    with ExitStack() as others:
        for _ in range(64):
            others.enter_context(site.application.stream_room.entered(bella.tenant))
        answer = await bella.company.get("/v1/entitlements/stream")

    assert (answer.status_code, answer.json()["code"]) == (503, "followers_full")


async def test_a_long_poll_takes_the_place_of_a_stream_while_it_waits(bella, site):
    revision = await bella.subscribe()
    room, path = site.application.stream_room, "/v1/entitlements/changes"
    have = str(revision)
    with ExitStack() as others:
        for _ in range(63):
            others.enter_context(room.entered(bella.tenant))
        waiting = asyncio.create_task(bella.company.get(path, have=have, wait="60"))
        async with asyncio.timeout(60):
            while room.full(bella.tenant) is None:
                await asyncio.sleep(0.01)

        poll = await bella.company.get(path, have=have, wait="1")
        stream = await bella.company.get("/v1/entitlements/stream")
        at_once = await bella.company.get(path, have=have)

        for refused in (poll, stream):
            assert (refused.status_code, refused.json()["code"]) == (503, "followers_full")
            assert refused.headers["retry-after"] == "1"
        assert at_once.json()["revision"] == revision
        site.application.end_streams()
        assert (await waiting).status_code == 200

    assert not room._open


async def test_a_poll_whose_caller_has_gone_leaves_its_place(bella, site):
    revision = await bella.subscribe()
    room, told, gone = site.application.stream_room, [], asyncio.Event()
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive():
        for message in asked:
            return message
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        told.append(message["type"])

    query = f"have={revision}&wait=60".encode()
    scope = http_scope("/v1/entitlements/changes", bella.company.key, query)
    polling = asyncio.create_task(site.app(scope, receive, send))
    async with asyncio.timeout(30):
        while not room._open:
            await asyncio.sleep(0.01)
        assert not told
        gone.set()
        await polling

    assert not room._open
