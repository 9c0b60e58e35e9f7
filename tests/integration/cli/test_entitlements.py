"""Grants, overrides and explanations in the shell and over HTTP, on one organisation."""

import pytest

from control_plane.identity.domain import StaffRole
from control_plane.kernel.ids import TenantId, parse_id
from tests.integration.cli.shell import Shell
from tests.scenarios.isolation.callers import by_session
from tests.support.api import PASSWORD, open_site

ORDERS = "outbound.orders_per_day"


@pytest.fixture
async def site(settings, clock):
    async with open_site(settings, clock) as opened:
        yield opened


@pytest.fixture
async def bella(site):
    """A company on the growth plan, with 150 orders a day."""
    company = await site.company("Bella Pizza")
    await company.client.post(
        "/v1/subscriptions", json={"plan_code": "growth"}, headers={"Idempotency-Key": "start"}
    )
    return company


async def publish(site, company):
    await site.application.publish_snapshot(TenantId(parse_id("ten", company.tenant_id)))


async def test_the_shell_grants_overrides_ends_and_explains(tallyard: Shell, site, bella):
    units = ("--reason", "Launch", "--every", "month", "--rollover-most", "200")
    granted = tallyard("entitlements", "grant", bella.tenant_id, ORDERS, "500", *units)
    assert (granted.status, granted.lines[0][:4]) == (0, "gra_"), granted.err
    taken = tallyard(
        "entitlements", "override", bella.tenant_id, "outbound", "no", "--reason", "Review"
    )
    assert (taken.status, taken.lines[0][:4]) == (0, "ovr_"), taken.err
    await publish(site, bella)

    limit = tallyard("entitlements", "explain", bella.tenant_id, ORDERS)
    assert "allowed  (granted)" in limit.lines[0]
    assert limit.lines[2].startswith("650, from ")
    assert limit.lines[3] == "- plan growth@1"
    assert limit.lines[4].endswith("500  by cli: Launch")
    denied = tallyard("entitlements", "explain", bella.tenant_id, "outbound")
    assert "refused" in denied.lines[0]
    assert denied.lines[-1].endswith("no  by cli: Review")

    listed = tallyard("entitlements", "list", bella.tenant_id)
    assert "500 left of 500" in listed.lines[0]
    end = ("entitlements", "end", bella.tenant_id, taken.lines[0], "--reason", "Cleared")
    assert tallyard(*end).status == 0


async def test_finance_grants_over_http_and_the_company_sees_why(site, bella):
    await site.application.create_staff_user(
        email="fay@vendor.example", password=PASSWORD, name="Fay", staff_roles={StaffRole.FINANCE}
    )
    fay = await by_session(site, "finance", "fay@vendor.example")
    base = f"/v1/staff/tenants/{bella.tenant_id}"
    async with site.client(**fay.headers) as desk:
        granted = await desk.post(
            f"{base}/grants",
            json={
                "feature": ORDERS,
                "value": "40",
                "reason": "Goodwill",
                "rollover": {"least": 0, "most": 10},
            },
            headers={"Idempotency-Key": "g1"},
        )
        assert granted.status_code == 201, granted.text
        overridden = await desk.post(
            f"{base}/overrides",
            json={"feature": "stock_query", "value": False, "reason": "Under review"},
            headers={"Idempotency-Key": "o1"},
        )
        assert overridden.status_code == 201, overridden.text
        await publish(site, bella)
        page = await desk.get(
            f"/finance/customers/{bella.tenant_id}/entitlements?feature=stock_query"
        )
        assert page.status_code == 200
        assert page.text.count("Under review") == 2
        refused = await desk.post(
            f"{base}/grants",
            json={"feature": ORDERS, "value": {"text": "many"}, "reason": "x"},
            headers={"Idempotency-Key": "g2"},
        )
        assert (refused.status_code, refused.json()["code"]) == (400, "grant_invalid")

    mine = (await bella.client.get("/v1/entitlements/grants")).json()
    assert mine["grants"][0]["balance"]["left"] == 40
    assert mine["overrides"][0]["reason"] == "Under review"
    why = (await bella.client.get("/v1/entitlements/stock_query/explain")).json()
    assert (why["allowed"], why["sources"][0]["kind"]) == (False, "override")
    limit = (await bella.client.get(f"/v1/entitlements/{ORDERS}/explain")).json()
    assert (limit["value"], limit["per"], len(limit["sources"])) == ("190", "day", 2)
    nothing = await bella.client.get("/v1/entitlements/flying/explain")
    assert (nothing.status_code, nothing.json()["code"]) == (404, "feature_not_found")
