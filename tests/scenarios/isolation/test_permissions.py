"""Every route names its permission, and lets in nobody who lacks it."""

import pytest

from control_plane.identity.domain import Permission
from tests.scenarios.isolation.callers import STRANGERS, ask
from tests.scenarios.isolation.world import state_of

# Whoever adds a public route says here why nobody needs to sign in for it.
PUBLIC = {
    "GET /": "sends a visitor to where they belong",
    "GET /docs": "the reference",
    "GET /docs/problems": "the reference",
    "GET /docs/schema": "the reference",
    "GET /docs/schema/openapi.json": "the reference",
    "GET /docs/schema/{path}": "the reference",
    "GET /health/live": "asked by whatever runs the process",
    "GET /health/ready": "asked by whatever runs the process",
    "GET /metrics": "figures by route and of the outbox, no customer data",
    "POST /v1/sign-ups": "a new customer",
    "POST /v1/sessions": "signs in",
    "POST /v1/payment-webhooks/{provider}": "carries a signature of its own",
    "GET /sign-in": "signs in",
    "POST /sign-in": "signs in",
    "GET /sign-up": "a new customer",
    "POST /sign-up": "a new customer",
    "POST /sign-out": "ends a session, if there is one",
    "GET /oidc/start": "signs in",
    "GET /oidc/callback": "signs in",
    "GET /invitations/{secret}": "the link holds a secret of 256 bits",
    "POST /invitations/{secret}": "the link holds a secret of 256 bits",
    "POST /preferences": "language and theme of this browser",
    "GET /static/{file_path}": "style and script",
    "HEAD /static/{file_path}": "style and script",
}

# Writes that every signed-in person may do, since they touch only what is their own.
OWN = {"POST /portal/switch", "POST /sign-out", "POST /preferences"}


def test_every_route_declares_one_permission_or_that_it_is_public(table):
    wrong = [
        str(route) for route in table if isinstance(route.permission, Permission) == route.public
    ]
    assert wrong == []


def test_public_routes_are_the_ones_decided_on(table):
    assert [str(route) for route in table if route.public and str(route) not in PUBLIC] == []


def ids_for(route, tenant):
    """Ids of real things, and a text for any other placeholder: permission comes before them."""
    return {name: tenant.ids.get(name, "x") for name in route.placeholders}


def asks_to_sign_in(route, answer):
    if answer.status_code == 401:
        return True
    to_sign_in = answer.headers.get("location", "").startswith("/sign-in")
    return answer.status_code in {302, 303} and to_sign_in and not route.is_api


async def test_without_a_valid_credential_every_guarded_route_refuses(site, table, world, admin):
    before = state_of(admin, world.rival.tenant_id)
    wrong = {}
    for route in table:
        for stranger in STRANGERS:
            if not route.public:
                answer = await ask(site, stranger, route, ids=ids_for(route, world.rival))
                if not asks_to_sign_in(route, answer):
                    wrong[f"{route} as {stranger.name}"] = answer.status_code
    assert wrong == {}
    assert state_of(admin, world.rival.tenant_id) == before


async def test_preflight_requests_tell_strangers_nothing_about_guarded_routes(site, table, world):
    wrong = {}
    async with site.client() as anybody:
        for route in table:
            if not route.public:
                answer = await anybody.options(route.address(ids_for(route, world.rival)))
                if answer.status_code not in {204, 401, 405} or world.rival.words[0] in answer.text:
                    wrong[str(route)] = answer.status_code
    assert wrong == {}


@pytest.fixture
def weak(world):
    """Callers who each lack something; together they lack everything."""
    rival = world.rival
    return (
        rival.viewer,
        rival.reporter,
        rival.key,
        rival.service,
        rival.owner,
        world.operator,
        world.finance,
    )


async def test_a_caller_without_the_permission_is_refused_and_nothing_changes(
    site, table, world, weak, admin
):
    before = state_of(admin, world.rival.tenant_id)
    wrong, untried = {}, []
    for route in table:
        if route.public:
            continue
        lacking = [caller for caller in weak if not caller.may(route.permission)]
        if not lacking:
            untried.append(str(route))
        for caller in lacking:
            answer = await ask(site, caller, route, ids=ids_for(route, world.rival))
            if answer.status_code != 403:
                wrong[f"{route} as {caller.name}"] = (answer.status_code, answer.text[:200])
    assert wrong == {}
    assert untried == []
    assert state_of(admin, world.rival.tenant_id) == before


def test_viewers_and_reporting_keys_may_not_write_whatever_the_route(table, world):
    """Said without the table of roles, so that a slip in that table shows."""
    wrong = [
        str(route)
        for route in table
        if route.writes and not route.public and not route.previews and str(route) not in OWN
        if world.rival.viewer.may(route.permission)
        or (world.rival.reporter.may(route.permission) and route.path != "/v1/events")
    ]
    assert wrong == []


def test_customers_may_not_do_what_staff_do(table, world):
    callers = (world.rival.owner, world.rival.key, world.rival.service)
    staff = [
        route
        for route in table
        if route.path.startswith(("/v1/staff", "/finance", "/operator"))
        or route.handler.opt.get("staff")
    ]
    assert staff
    assert [str(r) for r in staff if any(caller.may(r.permission) for caller in callers)] == []


def test_staff_may_not_do_what_customers_do(table, world):
    common = {Permission.CATALOG_READ, Permission.STAFF_FINANCE, Permission.STAFF_OPERATE}
    wrong = [
        str(route)
        for route in table
        if not route.public and route.permission not in common
        if world.operator.may(route.permission) or world.finance.may(route.permission)
    ]
    assert wrong == []
