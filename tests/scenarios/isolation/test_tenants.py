"""One tenant's key or session with another's ids gets 404, everywhere, and never data."""

from uuid import uuid4

import pytest

from control_plane.kernel.ids import format_id
from tests.scenarios.isolation.callers import ask
from tests.scenarios.isolation.world import EVERYBODYS, invite, join, state_of
from tests.support.webhook_rows import keep_webhook

# Names under which a body, a form or a query may carry an id, beside those of the paths.
ALIASES = {
    "organisation": "tenant_id",
    "tenant": "tenant_id",
    "subscription": "subscription_id",
    "invoice": "invoice_id",
    "instance": "instance_id",
    "object_id": "subscription_id",
    "key": "key_id",
    "user": "user_id",
    "member": "user_id",
    "invitation": "invitation_id",
    "id": "subscription_id",
    "before": "invoice_id",
    "after": "invoice_id",
    "changing": "subscription_id",
}


def named(tenant):
    """A tenant's ids under every name that a route might read them by."""
    return {**tenant.ids, **{alias: tenant.ids[name] for alias, name in ALIASES.items()}}


def seen(answer, tenant, *, but=()):
    """What an answer gives away of a tenant, beside the ids that were asked for by name."""
    return [mark for mark in tenant.marks if mark not in but and mark in answer.text]


@pytest.fixture
def askers(world):
    return (world.bella.key, world.bella.owner)


async def test_anothers_id_is_not_found_by_any_method_and_nothing_of_theirs_changes(
    site, table, world, askers, admin
):
    before = state_of(admin, world.rival.tenant_id)
    wrong = {}
    asked = 0
    for route in table:
        if route.public or not set(route.placeholders) - EVERYBODYS:
            continue
        ids = named(world.rival)
        sent = [ids[name] for name in route.placeholders if name in ids]
        for caller in askers:
            fields = world.bella.form(route.path)
            answer = await ask(site, caller, route, ids=ids, fields=fields)
            expected = 404 if caller.may(route.permission) else 403
            asked += 1
            given_away = seen(answer, world.rival, but=sent)
            if answer.status_code != expected or given_away:
                wrong[f"{route} as {caller.name}"] = (answer.status_code, given_away)
    assert wrong == {}
    assert asked > 0
    assert state_of(admin, world.rival.tenant_id) == before


async def fresh(site, tenant, route):
    """New ones of what a route before this one may have removed."""
    made = {}
    if route.writes and "user_id" in route.placeholders:
        made["user_id"] = await join(site, tenant.tenant_id, f"{uuid4().hex}@example.com")
    if route.writes and "invitation_id" in route.placeholders:
        invited = await invite(site, tenant.tenant_id, f"{uuid4().hex}@example.com")
        made["invitation_id"] = format_id("ivt", invited)
    if route.writes and "key_id" in route.placeholders:
        key_id, _ = await site.application.create_api_key(
            tenant_id=tenant.tenant_id, name="spare", scopes=["read"], by=tenant.owner.principal
        )
        made["key_id"] = format_id("key", key_id)
    if route.writes and {"webhook_id", "delivery_id"} & set(route.placeholders):
        made |= await keep_webhook(site, tenant.tenant_id, "spare")
    return made


async def test_the_owner_of_an_id_finds_it_by_every_method(site, table, world):
    """Otherwise the test above would pass on routes that find nothing for anybody."""
    order = ["HEAD", "GET", "POST", "PUT", "PATCH", "DELETE"]
    wrong = {}
    for route in sorted(table, key=lambda r: (order.index(r.method), r.path)):
        if route.public or not route.placeholders or not world.rival.owner.may(route.permission):
            continue
        answer = await ask(
            site,
            world.rival.owner,
            route,
            ids={**world.rival.ids, **await fresh(site, world.rival, route)},
            fields=world.rival.form(route.path),
        )
        fault = answer.status_code == 404 or answer.status_code >= 500
        if fault or "invalid_input" in answer.text or "invalid_request" in answer.text:
            wrong[str(route)] = (answer.status_code, answer.text[:300])
    assert wrong == {}


async def test_lists_hold_the_callers_own_and_nothing_of_anybody_else(site, table, world, askers):
    wrong, found = {}, ""
    own = {
        name: value for name, value in named(world.bella).items() if name not in {"before", "after"}
    }
    for route in table:
        if route.public or route.writes or route.placeholders:
            continue
        for caller in askers:
            # Pages read their parameters without declaring them.
            query = {} if route.is_api else {**own, **world.bella.form(route.path)}
            answer = await ask(site, caller, route, query=query)
            found += answer.text
            if seen(answer, world.rival):
                wrong[f"{route} as {caller.name}"] = seen(answer, world.rival)
            if caller.may(route.permission) and answer.status_code >= 400:
                absent = answer.status_code == 404 and "test-clock" in route.path
                if not absent:
                    wrong[f"{route} as {caller.name}"] = answer.text[:300]
    assert wrong == {}
    assert [mark for mark in world.bella.marks if mark not in found] == []


async def test_anothers_id_in_a_query_gives_nothing_away(site, table, world, askers):
    ids, wrong = named(world.rival), {}
    for route in table:
        if route.public or route.writes or route.placeholders:
            continue
        for name in route.query_names if route.is_api else ids:
            for value in [ids[name]] if name in ids else set(world.rival.ids.values()):
                answer = await ask(site, askers[1], route, query={name: value})
                given_away = seen(answer, world.rival, but=[value])
                if answer.status_code >= 500 or given_away:
                    wrong[f"{route}?{name}"] = (answer.status_code, given_away)
    assert wrong == {}


async def test_anothers_id_in_a_body_changes_nothing_of_theirs(site, table, world, askers, admin):
    ids, before, wrong = named(world.rival), state_of(admin, world.rival.tenant_id), {}
    for route in table:
        if route.public or not route.writes or route.placeholders:
            continue
        if "sign-out" in route.path:
            continue
        for caller in askers:
            answer = await ask(site, caller, route, fields={**world.bella.form(route.path), **ids})
            given_away = seen(answer, world.rival, but=ids.values())
            if answer.status_code >= 500 or given_away:
                wrong[f"{route} as {caller.name}"] = (answer.status_code, given_away)
    assert wrong == {}
    assert state_of(admin, world.rival.tenant_id) == before


async def test_a_service_token_gets_its_own_tenants_snapshot(site, world):
    async with site.client(**world.bella.service.headers) as service:
        answer = await service.get("/v1/service/snapshot")
    assert answer.status_code == 200
    assert seen(answer, world.rival) == []


async def test_staff_find_nothing_under_a_tenant_whose_it_is_not(site, table, world, admin):
    """Finance acts for the tenant in the address, so another's id under it names nothing."""
    before = state_of(admin, world.rival.tenant_id), state_of(admin, world.bella.tenant_id)
    wrong, asked = {}, 0
    mixed = {**world.rival.ids, "tenant_id": world.bella.ids["tenant_id"]}
    for route in table:
        if "tenant_id" in route.placeholders and len(set(route.placeholders) - EVERYBODYS) > 1:
            caller = next(c for c in (world.finance, world.operator) if c.may(route.permission))
            # Of the tenant in the address, token and all: only the ids are another's.
            fields = world.bella.form(route.path)
            answer = await ask(site, caller, route, ids=mixed, fields=fields)
            given_away = seen(answer, world.rival, but=mixed.values())
            asked += 1
            if answer.status_code != 404 or given_away:
                wrong[str(route)] = (answer.status_code, given_away)
    assert wrong == {}
    assert asked > 0
    assert (
        state_of(admin, world.rival.tenant_id),
        state_of(admin, world.bella.tenant_id),
    ) == before
