"""What only the vendor does: the past, trials, terms, policies, quotes, new plan versions."""

import uuid
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from control_plane.identity.domain import StaffRole
from tests.scenarios.isolation.callers import by_session
from tests.scenarios.sandbox import Sandbox
from tests.scenarios.test_subscription_life import start
from tests.support.api import PASSWORD
from tests.support.life_catalogue import WITH_OURS


@dataclass
class Desk:
    """A member of staff, asking."""

    client: httpx.AsyncClient

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path)

    async def post(self, path: str, body: Any) -> httpx.Response:
        return await self.client.post(path, json=body, headers=_key())

    async def put(self, path: str, body: Any) -> httpx.Response:
        return await self.client.put(path, json=body, headers=_key())


def _key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


@pytest.fixture
async def desk(sandboxes):
    """The vendor's finance, signed in."""
    await sandboxes.application.apply_catalog(WITH_OURS)
    await sandboxes.application.create_staff_user(
        email="finance@vendor.example",
        password=PASSWORD,
        name="Fay",
        staff_roles={StaffRole.FINANCE},
    )
    caller = await by_session(sandboxes, "finance", "finance@vendor.example")
    return Desk(sandboxes.client(**caller.headers))


async def ask(desk: Any, bella: Sandbox, path: str, body: Any, status: int = 200) -> Any:
    address = f"/v1/staff/tenants/{bella.company.tenant_id}{path}"
    answer = await desk.post(address, body)
    assert answer.status_code in {status, 201}, answer.text
    return answer.json()


async def change(desk: Any, bella: Sandbox, kind: str, **more: Any) -> Any:
    """Preview and confirm as staff; what was shown is what is charged."""
    body = {"type": kind, **more}
    path = f"/subscriptions/{bella.subscription_id}"
    preview = await ask(desk, bella, f"{path}/previews", body)
    changed = await ask(desk, bella, f"{path}/changes", {**body, "token": preview["token"]})
    await bella.settle()
    assert (changed["total"] or "0.00") == preview["total"]
    assert len(changed["credit_notes"]) == len(preview["credit_notes"])
    return preview


async def test_a_back_dated_change_bills_as_if_it_had_been_recorded_in_time(desk, sandbox):
    bella = await sandbox("2026-04-01")
    await start(bella)
    await bella.advance("2026-04-21T10:00")

    back = await change(
        desk,
        bella,
        "change_quantity",
        component="seats",
        quantity=2,
        when="2026-04-16T00:00:00+08:00",
    )

    assert back["total"] == "30.00"  # 15 of 30 days of 60.00
    [_, entry] = await bella.get(f"{bella.path}/timeline")
    assert (entry["effective_at"], entry["known_at"][:10]) == ("2026-04-15T16:00:00Z", "2026-04-21")
    assert await bella.books_agree()


async def test_a_back_dated_cancellation_credits_what_was_billed_since(desk, sandbox):
    bella = await sandbox("2026-04-01")
    await start(bella)
    await bella.advance("2026-05-11T10:00")

    back = await change(desk, bella, "cancel", when="2026-05-01T00:00:00+08:00")

    assert back["credited"] == "360.00"
    assert await bella.books_agree()


async def test_a_trial_extended_across_a_month_end_bills_from_its_new_end(desk, sandbox):
    bella = await sandbox("2026-04-20")
    await start(bella, "tryout")
    await bella.advance("2026-04-30")
    await change(desk, bella, "extend_trial", until="2026-05-10T00:00:00+08:00")
    await bella.advance("2026-05-09T23:00")
    free = await bella.bills()
    await bella.advance("2026-05-10")

    assert free == []
    assert await bella.bills() == [("2026-05-10", "300.00")]
    assert (await bella.get(bella.path))["period_end"] == "2026-06-09T16:00:00Z"


async def test_negotiated_terms_hold_until_their_end(desk, sandbox):
    bella = await sandbox("2026-04-01")
    await start(bella)
    terms = {
        "currency": "CNY",
        "reason": "three years",
        "charges": {"base": {"amount": "200.00"}},
        "entitlements": {"outbound.orders_per_day": "250"},
        "end": "2026-06-01T00:00:00+08:00",
    }
    preview = await change(desk, bella, "set_terms", terms=terms, when="2026-05-01T00:00:00+08:00")
    await bella.advance("2026-05-01")
    limit = await bella.limit("outbound.orders_per_day")
    await bella.advance("2026-06-01")

    assert preview["projection"]["difference"] == "-100.00"
    assert [total for _, total in await bella.bills()] == ["360.00", "260.00", "360.00"]
    assert limit == 250
    wrong = {**terms, "charges": {"tyres": {"amount": "1.00"}}}
    path = f"/v1/staff/tenants/{bella.company.tenant_id}/subscriptions/{bella.subscription_id}"
    refused = await desk.post(f"{path}/previews", {"type": "set_terms", "terms": wrong})
    assert refused.json()["code"] == "terms_invalid"


async def test_a_tenants_policies_decide_when_its_plan_changes_take_effect(desk, sandbox):
    bella = await sandbox("2026-04-01")
    await start(bella)
    path = f"/v1/staff/tenants/{bella.company.tenant_id}/policies"
    kept = await desk.put(path, {"policies": {"plan_change_timing": "at_period_end"}})
    wrong = await desk.put(path, {"policies": {"plan_change_timing": "whenever"}})

    preview = await bella.preview("scale")
    assert kept.json()["chosen"] == {"plan_change_timing": "at_period_end"}
    assert wrong.status_code == 400
    assert preview["timing"] == "at_period_end"


def offer(**more: Any) -> dict[str, Any]:
    return {
        "start": {"plan_code": "team", "quantities": {"seats": 3}},
        "valid_until": "2026-04-30T00:00:00+08:00",
        "addons": [{"addon_code": "early_618"}],
        "purchase_order": "PO-7",
        "expected_usage": {"outbound_lines": "1000"},
        **more,
    }


async def test_a_quote_starts_exactly_what_it_says(desk, sandbox, sandboxes):
    bella = await sandbox("2026-03-10")
    quote = await ask(desk, bella, "/quotes", offer(), 201)
    dearer = WITH_OURS.replace('amount: "60.00"', 'amount: "90.00"')
    await sandboxes.application.apply_catalog(dearer)
    await bella.advance("2026-03-12")

    accepted = await bella.post(f"/v1/quotes/{quote['id']}/acceptance", {})
    bella.subscription_id = accepted["subscription_id"]
    await bella.settle()

    # 300.00 and three seats at the quoted 60.00; the season at its early price.
    assert quote["first_invoice_total"] == accepted["total"] == "800.00"
    assert (quote["fee_per_period"], quote["total_per_period"]) == ("480.00", "580.00")
    held = await bella.get(bella.path)
    assert (held["quantities"], len(held["addons"])) == ({"seats": 3}, 1)
    assert {i["content"]["purchase_order"] for i in await bella.invoices()} == {"PO-7"}
    again = await bella.company.post(f"/v1/quotes/{quote['id']}/acceptance", {})
    assert (again.status_code, again.json()["code"]) == (409, "quote_closed")


async def test_a_quote_expects_usage_of_what_it_prices_and_never_less_than_none(desk, sandbox):
    bella = await sandbox("2026-03-10")
    path = f"/v1/staff/tenants/{bella.company.tenant_id}/quotes"
    told = []
    for usage in ({"outbound_lines": "-1"}, {"tyres": "1"}, {"outbound_lines": "many"}):
        refused = await desk.post(path, offer(expected_usage=usage))
        [fault] = refused.json()["errors"]
        told.append((refused.status_code, refused.json()["code"], fault["field"], fault["value"]))

    assert told == [
        (400, "expected_usage_negative", "expected_usage.outbound_lines", "-1"),
        (400, "expected_usage_unpriced", "expected_usage.tyres", "tyres"),
        (400, "invalid_number", "expected_usage.outbound_lines", "many"),
    ]


async def test_a_quote_runs_out_is_declined_or_can_no_longer_be_honoured(desk, sandbox):
    bella = await sandbox("2026-04-01")
    stale, declined, late = [
        await ask(desk, bella, "/quotes", offer(addons=[]), 201) for _ in "abc"
    ]
    await bella.post(f"/v1/quotes/{declined['id']}/refusal", {})
    await start(bella, "tiny")  # covers a module of the quoted plan
    refused = await bella.company.post(f"/v1/quotes/{stale['id']}/acceptance", {})
    await bella.advance("2026-05-01")
    expired = await bella.company.post(f"/v1/quotes/{late['id']}/acceptance", {})

    assert (refused.status_code, refused.json()["code"]) == (409, "quote_stale")
    assert (expired.status_code, expired.json()["code"]) == (409, "quote_closed")
    states = {q["number"]: q["state"] for q in await bella.get("/v1/quotes")}
    assert sorted(states.values()) == ["declined", "expired", "expired"]


async def test_a_plans_new_version_is_shown_first_and_moves_everybody_once(
    desk, sandbox, sandboxes
):
    bella, carla = await sandbox("2026-04-01"), await sandbox("2026-04-01", "Carla Cafe")
    await start(bella)
    await start(carla)
    await carla.post(f"{carla.path}/cancellation", {})
    dearer = WITH_OURS.replace('amount: "60.00"', 'amount: "90.00"')
    await sandboxes.application.apply_catalog(dearer)
    body = {"plan_code": "team", "mode": "at_renewal"}

    preview = (await desk.post("/v1/staff/plan-migration-previews", body)).json()
    made = (await desk.post("/v1/staff/plan-migrations", body)).json()
    again = (await desk.post("/v1/staff/plan-migrations", body)).json()
    await sandboxes.application.migrate_plans.run()
    await sandboxes.application.migrate_plans.run()
    await bella.advance("2026-05-01")

    assert (preview["moved"], preview["dearer"], preview["left_alone"]) == (1, 1, 1)
    found = {s["customer"]: (s["difference"], s["reason"]) for s in preview["subscriptions"]}
    assert found == {"Bella Pizza": ("30.00", None), "Carla Cafe": (None, "ends_before")}
    assert again["id"] == made["id"]
    view = (await desk.get(f"/v1/staff/plan-migrations/{made['id']}")).json()
    assert (view["moved"], view["skipped"], view["failed"], view["pending"]) == (1, 1, 0, 0)
    assert [total for _, total in await bella.bills()] == ["360.00", "390.00"]
    assert (await bella.get(bella.path))["plan"] == "team@2"


async def test_one_tenant_that_cannot_be_moved_stops_nobody(desk, sandbox, sandboxes, admin):
    bella, carla = await sandbox("2026-04-01"), await sandbox("2026-04-01", "Carla Cafe")
    await start(bella)
    await start(carla)
    admin.execute(
        "UPDATE billing_accounts SET parked_at = now(), parked_reason = 'a test' "
        "WHERE tenant_id = %s",
        [bella.tenant_id],
    )
    dearer = WITH_OURS.replace('amount: "60.00"', 'amount: "90.00"')
    await sandboxes.application.apply_catalog(dearer)
    body = {"plan_code": "team", "mode": "at_once"}
    made = (await desk.post("/v1/staff/plan-migrations", body)).json()
    await sandboxes.application.migrate_plans.run()

    view = (await desk.get(f"/v1/staff/plan-migrations/{made['id']}")).json()
    assert (view["moved"], view["failed"]) == (1, 1)
    [failed] = [m for m in view["moves"] if m["state"] == "failed"]
    assert "billing_account_parked" in failed["reason"]

    admin.execute("UPDATE billing_accounts SET parked_at = NULL, parked_reason = NULL")
    again = (await desk.post("/v1/staff/plan-migrations", body)).json()
    await sandboxes.application.migrate_plans.run()

    assert (again["id"], again["pending"], again["failed"]) == (made["id"], 1, 0)
    view = (await desk.get(f"/v1/staff/plan-migrations/{made['id']}")).json()
    assert (view["moved"], view["failed"]) == (2, 0)
