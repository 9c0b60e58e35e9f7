"""A decorator and a middleware: refused or failed, a call is neither counted nor recorded."""

import asyncio
import json

import pytest

from control_plane.sdk.admission import (
    EntitlementUnconfirmed,
    FeatureRefused,
    Need,
    UnitsExhausted,
    admit,
)
from control_plane.sdk.call_spool import CallSpool, UsageSpoolFull
from control_plane.sdk.decide import Reason
from control_plane.sdk.guard import EntitlementMiddleware, Guard
from control_plane.sdk.snapshot import FeatureKind
from control_plane.sdk.testing import FakeEntitlements, RecordedCalls

ORDERS = "outbound.orders_per_day"
NEED = Need(ORDERS, event="order", data={"channel": "web"})


@pytest.fixture
def fake(clock):
    fake = FakeEntitlements(clock=clock)
    fake.allow("outbound")
    fake.limit(ORDERS, 3)
    return fake


@pytest.fixture
def calls():
    return RecordedCalls()


@pytest.fixture
def guard(fake, calls):
    return Guard(fake, calls)


def test_a_call_that_succeeds_is_counted_and_recorded_as_one(fake, calls, clock):
    with admit(fake, NEED, calls) as admission:
        assert fake.ledger.used(ORDERS) == 1
        assert calls.calls == []
        assert admission.decision.remaining == 2

    assert fake.ledger.used(ORDERS) == 1
    assert calls.calls == [("order", clock.now(), {"channel": "web", "units": 1})]


def test_a_call_that_fails_is_neither_counted_nor_recorded(fake, calls):
    with pytest.raises(ZeroDivisionError), admit(fake, NEED, calls):
        raise ZeroDivisionError
    with admit(fake, NEED, calls) as admission:
        admission.fail()

    assert (fake.ledger.used(ORDERS), calls.calls) == (0, [])


def test_work_whose_size_is_known_only_afterwards_pays_for_what_it_used(fake, calls):
    with admit(fake, Need(ORDERS, 3, "order"), calls) as admission:
        admission.use(2, kind="express")

    assert fake.ledger.used(ORDERS) == 2
    assert calls.calls[0][2] == {"kind": "express", "units": 2}


def test_what_cannot_be_recorded_is_not_counted_and_raises(fake, calls):
    calls.refusal = UsageSpoolFull(reason="the disk is full")

    with pytest.raises(UsageSpoolFull), admit(fake, NEED, calls):
        pass

    assert fake.ledger.used(ORDERS) == 0


def test_what_was_recorded_counts_whatever_happens_later(fake, calls):
    with pytest.raises(ZeroDivisionError), admit(fake, NEED, calls) as admission:
        admission.record()
        raise ZeroDivisionError

    assert (fake.ledger.used(ORDERS), len(calls.calls)) == (1, 1)


def test_a_refusal_says_which_and_when_to_come_again(fake):
    with pytest.raises(FeatureRefused, match=r"unheard_of.*unknown_feature"):
        admit(fake, Need("unheard_of"))
    with pytest.raises(UnitsExhausted) as refused:
        admit(fake, Need(ORDERS, 4))
    assert refused.value.retry_after == 14 * 3600  # ten o'clock in Shanghai
    fake.limit("slots", 0, kind=FeatureKind.CONCURRENCY)
    with pytest.raises(UnitsExhausted) as refused:
        admit(fake, Need("slots"))
    assert refused.value.retry_after == 1


def test_what_cannot_be_confirmed_is_refused_for_now(fake, clock):
    fake.connected = False
    clock.advance(seconds=31)

    with pytest.raises(EntitlementUnconfirmed) as refused:
        admit(fake, NEED)

    assert refused.value.decision.reason is Reason.STALE


def test_a_decorated_function_runs_while_units_last(guard, fake, calls):
    @guard.requires(ORDERS, units=len, event="order")
    def ship(lines):
        return f"shipped {len(lines)}"

    assert ship(["a", "b"]) == "shipped 2"
    with pytest.raises(UnitsExhausted):
        ship(["c", "d"])
    assert fake.ledger.used(ORDERS) == 2
    assert [data["units"] for _, _, data in calls.calls] == [2]
    assert ship.__name__ == "ship"


async def test_a_decorated_coroutine_that_is_cancelled_is_not_counted(guard, fake, calls):
    @guard.requires(ORDERS, event="order")
    async def ship():
        await asyncio.sleep(60)

    shipping = asyncio.create_task(ship())
    await asyncio.sleep(0)
    assert fake.ledger.used(ORDERS) == 1
    shipping.cancel()
    await asyncio.wait([shipping])

    assert (fake.ledger.used(ORDERS), calls.calls) == (0, [])


class Dry:
    """A ledger without a lease, until one comes."""

    def __init__(self, fake, comes_at):
        self.fake, self.asked, self.comes_at = fake, [], comes_at

    def account(self, feature, grant, period, limit):
        return self

    def spend(self, units, at, timeout=0):
        return Reason.NO_LEASE

    hold = spend

    def left(self):
        return 0

    async def more(self, feature, units):
        self.asked.append((feature, units))
        if len(self.asked) == self.comes_at:
            self.fake.attach(self.fake.ledger)
        return len(self.asked) <= self.comes_at


@pytest.mark.parametrize("comes_at", [1, 2])
async def test_a_call_without_units_at_hand_waits_for_more(fake, calls, comes_at):
    dry = Dry(fake, comes_at)
    fake.attach(dry)
    guard = Guard(fake, calls, dry.more)

    @guard.requires(ORDERS, units=2)
    async def ship():
        return "shipped"

    assert await ship() == "shipped"
    assert dry.asked == [(ORDERS, 2)] * comes_at
    with pytest.raises(UnitsExhausted):
        await ship()
    assert len(dry.asked) == comes_at


@pytest.mark.parametrize("comes_at", [0, 9])
async def test_a_call_does_not_wait_for_ever(fake, calls, comes_at):
    dry = Dry(fake, comes_at)
    fake.attach(dry)

    with pytest.raises(EntitlementUnconfirmed):
        await Guard(fake, calls, dry.more).admit_async(NEED)

    assert len(dry.asked) in {1, 3}


async def ask(app, path="/orders"):
    """Call an ASGI application and return its status, headers and body."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    await app({"type": "http", "path": path, "headers": []}, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0].get("headers", [])), body


def answering(status):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    return app


def guarded(app, guard):
    needs = {"/orders": NEED, "/closed": Need("stocktaking")}
    return EntitlementMiddleware(app, guard=guard, need=lambda scope: needs.get(scope["path"]))


async def test_a_request_that_succeeds_is_counted_and_recorded(guard, fake, calls):
    status, _, body = await ask(guarded(answering(201), guard))

    assert (status, body) == (201, b"done")
    assert (fake.ledger.used(ORDERS), len(calls.calls)) == (1, 1)


@pytest.mark.parametrize("status", [400, 404, 500])
async def test_a_request_that_fails_is_neither(guard, fake, calls, status):
    answer, _, _ = await ask(guarded(answering(status), guard))

    assert answer == status
    assert (fake.ledger.used(ORDERS), calls.calls) == (0, [])


async def test_an_application_that_breaks_is_not_counted(guard, fake, calls):
    async def broken(scope, receive, send):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await ask(guarded(broken, guard))

    assert (fake.ledger.used(ORDERS), calls.calls) == (0, [])


async def test_a_refused_request_never_reaches_the_application(guard, fake, calls):
    async def never(scope, receive, send):
        raise AssertionError

    fake.check(ORDERS, 3)
    status, headers, body = await ask(guarded(never, guard))
    closed, _, why = await ask(guarded(never, guard), "/closed")

    assert (status, headers[b"retry-after"]) == (429, b"50400")
    assert headers[b"content-type"] == b"application/problem+json"
    assert json.loads(body)["code"] == "units_exhausted"
    assert (closed, json.loads(why)["reason"]) == (403, "unknown_feature")
    assert calls.calls == []


async def test_a_request_whose_usage_cannot_be_kept_is_answered_503(guard, fake, calls):
    calls.refusal = UsageSpoolFull(reason="the disk is full")

    status, _, body = await ask(guarded(answering(200), guard))

    assert (status, json.loads(body)["code"]) == (503, "usage_spool_full")
    assert b"done" not in body
    assert fake.ledger.used(ORDERS) == 0


async def test_a_request_that_needs_nothing_and_other_scopes_pass(guard, fake):
    fake.connected = False
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    middleware = guarded(app, guard)
    await middleware({"type": "lifespan"}, None, None)
    await middleware({"type": "http", "path": "/health"}, None, None)

    assert seen == ["lifespan", "http"]


async def test_an_application_says_what_it_used(guard, fake, calls):
    async def app(scope, receive, send):
        scope["tallyard.admission"].use(0, pages=7)
        await answering(200)(scope, receive, send)

    await ask(guarded(app, guard))

    assert fake.ledger.used(ORDERS) == 0
    assert calls.calls[0][2] == {"channel": "web", "units": 0, "pages": 7}


async def test_the_real_spool_of_calls_is_a_recorder(fake, tmp_path):
    spool = CallSpool(tmp_path, source="/instances/ins_1", subject="outbound")

    await ask(guarded(answering(200), Guard(fake, spool)))

    [segment] = spool.holding()
    [(_, event)] = spool.events(segment, 10)
    spool.close()
    assert (event["type"], event["data"]) == ("order", {"channel": "web", "units": 1})
