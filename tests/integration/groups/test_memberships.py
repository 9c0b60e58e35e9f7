"""A group comes about by consent of both sides, and shows the parent what the child agreed to."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.integration.groups.conftest import tenant_of


async def test_child_asks_parent_confirms_and_both_see_it(groups):
    parent, child = await groups.site.company("Parent"), await groups.site.company("Child")
    await groups.joined(child, parent)
    mine, theirs = (await child.get("/v1/group")).json(), (await parent.get("/v1/group")).json()
    assert (mine["parent"]["parent"], mine["parent"]["state"]) == ("Parent", "active")
    assert [(c["child"], c["parent_pays"]) for c in theirs["children"]] == [("Child", True)]


async def test_only_the_parent_confirms(groups, work):
    parent, child = await groups.site.company("Parent"), await groups.site.company("Child")
    code = (await parent.post("/v1/group/codes", {})).json()["code"]
    asked = await child.post("/v1/group/memberships", {"code": code, "parent_pays": True})
    path = f"/v1/group/memberships/{asked.json()['id']}/confirmation"
    answer = await child.post(path, {})
    assert (answer.status_code, answer.json()["code"]) == (409, "membership_state_refused")
    with pytest.raises(DBAPIError, match="only the parent answers") as refused:
        async with work(tenant_of(child)) as session:
            await session.execute(text("UPDATE group_memberships SET state = 'active'"))
    assert isinstance(refused.value.orig, psycopg.errors.InsufficientPrivilege)


async def test_a_stranger_sees_nothing_and_answers_nothing(groups):
    parent, child = await groups.site.company("Parent"), await groups.site.company("Child")
    stranger = await groups.site.company("Stranger")
    membership = await groups.joined(child, parent)
    await groups.subscribe(child)
    assert (await stranger.get("/v1/group")).json()["children"] == []
    assert (await stranger.get("/v1/group/invoices")).json() == []
    answer = await stranger.post(f"/v1/group/memberships/{membership}/end", {})
    assert answer.status_code == 404


async def test_the_parent_sees_what_is_issued_while_the_membership_lasts(groups):
    parent, child = await groups.site.company("Parent"), await groups.site.company("Child")
    await groups.subscribe(child, "growth")
    membership = await groups.joined(child, parent, parent_pays=False)
    assert (await parent.get("/v1/group/invoices")).json() == []
    groups.clock.advance(days=31)
    await groups.site.application.close_due(tenant_of(child))
    await groups.deliver()
    [shown] = (await parent.get("/v1/group/invoices")).json()
    assert (shown["child"], shown["parent_pays"]) == ("Child", False)
    ended = await child.post(f"/v1/group/memberships/{membership}/end", {})
    assert ended.status_code == 204
    groups.clock.advance(days=31)
    await groups.site.application.close_due(tenant_of(child))
    await groups.deliver()
    assert len((await parent.get("/v1/group/invoices")).json()) == 1
    assert (await parent.get(f"/v1/invoices/{shown['invoice_id']}")).status_code == 404


async def test_a_group_has_one_level_and_one_parent(groups):
    parent, child = await groups.site.company("Parent"), await groups.site.company("Child")
    third = await groups.site.company("Third")
    await groups.joined(child, parent)
    assert (await child.post("/v1/group/codes", {})).json()["code"] == "already_in_group"
    code = (await third.post("/v1/group/codes", {})).json()["code"]
    for company in (parent, child):
        answer = await company.post("/v1/group/memberships", {"code": code})
        assert (answer.status_code, answer.json()["code"]) == (409, "already_in_group")
    own = await third.post("/v1/group/memberships", {"code": code})
    assert own.json()["code"] == "group_not_possible"


async def test_a_declined_request_may_be_made_again(groups):
    parent, child = await groups.site.company("Parent"), await groups.site.company("Child")
    code = (await parent.post("/v1/group/codes", {})).json()["code"]
    first = await child.post("/v1/group/memberships", {"code": code})
    path = f"/v1/group/memberships/{first.json()['id']}"
    assert (await parent.post(f"{path}/refusal", {})).status_code == 204
    assert (await parent.post(f"{path}/confirmation", {})).status_code == 409
    again = await child.post("/v1/group/memberships", {"code": code})
    assert again.status_code == 201
