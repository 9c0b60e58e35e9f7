"""Texts that break parsers, databases and calendars, put everywhere a text can go."""

import json
from urllib.parse import quote

import pytest

from tests.scenarios.isolation.callers import ask
from tests.scenarios.isolation.kept import world_in
from tests.scenarios.isolation.table import all_routes
from tests.scenarios.isolation.world import FIELDS, state_of

HOSTILE = (
    "",
    "\x00",
    "a\x00b",
    "\ud800",
    "\u202e\ufeff",
    "x" * 2_000,
    "9" * 400,
    "-1",
    "1e999999",
    "NaN",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01",
    "../../etc/passwd",
    "' OR 1=1 --",
    "{name!r} %(x)s ${jndi:x}",
    "<script>alert(1)</script>",
    "ten_" + "z" * 26,
    "sub_00000000000000000000000000",
)
SHARES = 3
"""A route is asked with one text in so many, others than its neighbours; with all in a night."""
# Each costs a hash of argon2 by design; one value after another would take minutes.
SLOW = {"/v1/sign-ups", "/v1/sessions", "/sign-in", "/sign-up", "/invitations/{secret}"}


@pytest.fixture
async def world(site, admin):
    return await world_in(site, admin)


@pytest.fixture
def table(site):
    return [route for route in all_routes(site.app) if route.path not in SLOW]


@pytest.fixture(params=[SHARES, pytest.param(1, marks=pytest.mark.nightly)])
def hostile(request, table):
    """The texts that each route is asked with."""
    return {
        str(route): HOSTILE[n % request.param :: request.param] for n, route in enumerate(table)
    }


def caller_of(world, route):
    everybody = (world.bella.owner, world.bella.service, world.finance, world.operator)
    return next((c for c in everybody if c.may(route.permission)), world.bella.owner)


def fault_of(answer):
    """A fault of ours, or what was sent coming back as markup; None when all is well."""
    if answer.status_code >= 500 and "unavailable" not in answer.text:
        return answer.status_code
    if "<script>alert" in answer.text and "html" in answer.headers.get("content-type", ""):
        return "script"
    return None


async def test_no_text_in_a_query_breaks_a_route(site, table, hostile, world):
    wrong = {}
    for route in table:
        if route.writes or route.method == "HEAD":
            continue
        names = route.query_names if route.is_api else sorted(FIELDS)[:1]
        ids = {name: world.bella.ids.get(name, "x") for name in route.placeholders}
        for value in hostile[str(route)]:
            sendable = value.encode("utf-8", "replace").decode()
            queries = [{name: sendable} for name in names]
            if not route.is_api:
                queries = [dict.fromkeys((*FIELDS, "before", "meter", "from", "page"), sendable)]
            for query in queries:
                answer = await ask(site, caller_of(world, route), route, ids=ids, query=query)
                if fault_of(answer):
                    wrong[f"{route} {next(iter(query))}={value[:30]!r}"] = fault_of(answer)
    assert wrong == {}


async def test_no_text_in_a_path_breaks_a_route(site, table, hostile, world):
    wrong = {}
    for route in table:
        for value in hostile[str(route)]:
            text = quote(value.encode("utf-8", "replace"), safe="") or "%20"
            ids = dict.fromkeys(route.placeholders, text)
            if ids:
                fields = world.bella.form(route.path)
                answer = await ask(site, caller_of(world, route), route, ids=ids, fields=fields)
                if fault_of(answer):
                    wrong[f"{route} {value[:30]!r}"] = fault_of(answer)
    assert wrong == {}


async def test_no_text_in_a_body_breaks_a_route_or_is_kept_by_another_tenant(
    site, table, hostile, world, admin
):
    before = state_of(admin, world.rival.tenant_id)
    wrong = {}
    for route in table:
        if not route.writes or "sign-out" in route.path:
            continue
        ids = {name: world.bella.ids.get(name, "x") for name in route.placeholders}
        for value in hostile[str(route)]:
            for fields in bodies(route, value, world.bella.form(route.path)):
                answer = await ask(site, caller_of(world, route), route, ids=ids, fields=fields)
                if fault_of(answer):
                    wrong[f"{route} {value[:30]!r}"] = fault_of(answer)
    assert wrong == {}
    assert state_of(admin, world.rival.tenant_id) == before


def bodies(route, value, good):
    """The good body with one text after another replaced; a form with each, and with all."""
    if isinstance(route.body, dict):
        texts = [name for name, kept in route.body.items() if isinstance(kept, str)]
        return [{**good, name: value} for name in texts]
    if route.is_api:
        return []
    sendable = value.encode("utf-8", "replace").decode()
    return [dict.fromkeys((*FIELDS, "organisation", "scopes"), sendable)]


HEADERS = (
    {"cookie": 'tallyard_session="; tallyard_language=\x80'},
    {"cookie": "=;;;=x; tallyard_session"},
    {"cookie": "tallyard_language=" + "z" * 5000},
    {"accept-language": "zh;q=" + "9" * 500},
    {"accept-language": ",;q=;=,zh;q=0.0001,\xff"},
    {"authorization": "Bearer \xff\xfe"},
    {"authorization": "Bearer"},
    {"authorization": "Bearer tys_\x80"},
    {"x-request-id": "a" * 500},
    {"traceparent": "00-zz-zz-00"},
    {"content-type": "application/json; charset=\xff"},
    {"accept": "text/html;q=\xff"},
    {"if-none-match": "\xff"},
    {"x-csrf-token": "\xff"},
)


async def test_no_header_breaks_the_edge(site):
    wrong = {}
    async with site.client() as client:
        for headers in HEADERS:
            raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
            for path in ("/v1/tenant", "/portal", "/docs", "/nothing"):
                for method in ("GET", "POST", "PATCH", "DELETE", "OPTIONS", "HEAD"):
                    answer = await client.request(method, path, headers=raw, content=b"{}")
                    if answer.status_code >= 500:
                        wrong[f"{method} {path} {headers}"] = answer.status_code
    assert wrong == {}


DOCUMENTS = (
    b"",
    b"null",
    b"[]",
    b'"x"',
    b"{" * 5000,
    b"[" * 50_000,
    b'{"a":' * 50_000,
    b"\xff\xfe",
    b'{"name": 1e999}',
    b'{"name": "\\ud800", "scopes": ["read"]}',
    b'{"name": "\\u0000", "scopes": ["read"]}',
    json.dumps({"name": "x" * 999_000}).encode(),
    json.dumps({"name": "x" * 1_100_000}).encode(),
)


async def test_no_document_breaks_a_write(bella):
    wrong = {}
    for body in DOCUMENTS:
        for path in ("/v1/api-keys", "/v1/events", "/v1/subscriptions", "/v1/sign-ups"):
            headers = {"Idempotency-Key": "k", "content-type": "application/json"}
            answer = await bella.client.post(path, content=body, headers=headers)
            if answer.status_code >= 500 or not (answer.is_success or answer.json()["code"]):
                wrong[f"{path} {body[:30]!r}"] = answer.status_code
    assert wrong == {}
    assert len((await bella.get("/v1/api-keys")).json()) == 1
