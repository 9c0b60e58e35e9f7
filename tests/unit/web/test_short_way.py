"""The short way by itself: what it reads, what it keeps, and what it hands on."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from control_plane.identity.domain import Permission, Principal, PrincipalKind
from control_plane.kernel.ids import TenantId
from web.edge.authentication import AuthenticationMiddleware, Bearers
from web.edge.context import FAILED
from web.edge.short_way import Short, ShortWay
from web.metrics import REQUESTS

HOLDER = Principal(PrincipalKind.API_KEY, TenantId(UUID(int=1)), "key", scopes=frozenset({"read"}))


def scope(path="/asked"):
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [
            (b"host", b"tallyard.test"),
            (b"authorization", b"Bearer key"),
            (b"content-type", b"application/json"),
            (b"content-length", b"10"),
        ],
    }


@dataclass
class LookUp:
    """Who holds a key, and how often that was asked."""

    found: object = HOLDER
    asked: int = 0

    async def __call__(self, _):
        self.asked += 1
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@dataclass
class Framework:
    """The long way, as far as it receives and asks who is behind a request."""

    look_up: LookUp
    receives: int = 0
    received: list = field(default_factory=list)
    principal: object = None
    failed: object = None

    async def __call__(self, asked, receive, send):
        async def route(seen, receive, _):
            self.principal, self.failed = seen["state"]["principal"], seen["state"].get(FAILED)
            self.received += [await receive() for _ in range(self.receives)]

        look_up = self.look_up
        await AuthenticationMiddleware(route, look_up, look_up, look_up)(asked, receive, send)


async def read_all(asked):
    return await asked.read()


def short(answer=read_all):
    return Short(answer, Permission.ENTITLEMENT_READ, frozenset({b"application/json"}), 100)


def part(body, *, more=True):
    return {"type": "http.request", "body": body, "more_body": more}


def coming(*parts):
    messages = iter(parts)

    async def receive():
        return next(messages)

    return receive


async def test_a_body_without_end_is_passed_on_where_it_is_longer_than_announced():
    look_up = LookUp()
    framework = Framework(look_up, receives=3)
    parts = [part(b"12345678") for _ in range(3)]

    await ShortWay(framework, look_up, {"/asked": short()})(scope(), coming(*parts), None)

    assert framework.received == parts  # what was read comes once more, and then what follows


async def test_a_body_in_parts_is_held_once_and_parts_of_nothing_not_at_all():
    look_up = LookUp()
    framework = Framework(look_up, receives=2)
    bodies = []

    async def failing(asked):
        bodies.append(await asked.read())
        raise ZeroDivisionError

    empty = [part(b"") for _ in range(50)]
    parts = [part(b"12345"), *empty, part(b"67890", more=False), {"type": "http.disconnect"}]
    way = ShortWay(framework, look_up, {"/asked": short(failing)})
    await way(scope(), coming(*parts), None)

    first, then = framework.received
    assert first["body"] is bodies[0]
    assert bodies == [b"1234567890"]
    assert then == {"type": "http.disconnect"}


@pytest.mark.parametrize("found", [HOLDER, None, OSError("away")])
async def test_a_key_is_looked_up_once_whatever_comes_of_it(found):
    look_up = LookUp(found)
    framework = Framework(look_up)

    async def failing(_):
        raise ZeroDivisionError

    asked = scope()
    way = ShortWay(framework, look_up, {"/asked": short(failing)})
    await way(asked, coming(), None)

    assert look_up.asked == 1
    assert framework.principal is (HOLDER if found is HOLDER else None)
    assert (framework.failed is None) == (found is None)
    assert FAILED not in asked["state"]


@pytest.mark.parametrize(("secret", "kind"), [("tys_1", "token"), ("tyk_1", "key")])
async def test_a_service_is_told_from_a_key(secret, kind):
    async def token(_):
        return "token"

    async def key(_):
        return "key"

    assert await Bearers(key, token)(secret) == kind


async def test_who_goes_away_is_counted_as_on_the_long_way():
    async def never(_):
        await asyncio.Event().wait()

    way = ShortWay(Framework(LookUp()), LookUp(), {"/never": short(never)})
    request = asyncio.create_task(way(scope("/never"), coming(), None))
    await asyncio.sleep(0.01)
    request.cancel()
    await asyncio.gather(request, return_exceptions=True)

    assert REQUESTS.labels("POST", "/never", "500")._value.get() == 1
