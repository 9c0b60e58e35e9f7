"""Bad input at every edge: a problem with code, field, value and remedy, and nothing stored."""

import uuid
from dataclasses import dataclass
from typing import Any

import pytest

from control_plane.identity.domain import StaffRole
from control_plane.kernel.ids import TenantId, parse_id
from tests.scenarios.isolation.world import state_of
from tests.support.api import PASSWORD, Company, Site, open_site

SUB, INV = "{subscription}", "{invoice}"
ABSENT = "not told"
"""The value of a field that is missing, or that holds a secret."""


@dataclass(frozen=True)
class Case:
    """One bad request, and what must be said of it."""

    method: str
    path: str
    body: Any
    status: int
    code: str
    field: str
    value: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.body}"


def post(path: str, body: Any, status: int, code: str, field: str, value: Any) -> Case:
    return Case("POST", path, body, status, code, field, value)


def get(path: str, status: int, code: str, field: str, value: Any) -> Case:
    return Case("GET", path, None, status, code, field, value)


USAGE = "/v1/usage?meter=outbound_lines&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z"
NEW = {
    "email": "new@shop.example",
    "password": PASSWORD,
    "name": "New",
    "organisation_name": "New Shop",
}
TRANSFER = {"amount": "1999.00", "currency": "CNY", "reference": "B-1"}

SUBSCRIBING = [
    post("/v1/subscriptions", {"plan_code": "huge"}, 404, "plan_not_found", "plan_code", "huge"),
    post("/v1/subscriptions", {"plan_code": 7}, 400, "invalid_input", "plan_code", 7),
    post("/v1/subscriptions", {}, 400, "invalid_input", "plan_code", ABSENT),
    post("/v1/subscriptions", [], 400, "invalid_input", "data", ABSENT),
    post(
        "/v1/subscriptions",
        {"plan_code": "inbound_only", "price": "0.01"},
        400,
        "invalid_input",
        "price",
        "0.01",
    ),
    post(
        "/v1/subscriptions",
        {"plan_code": "inbound_only", "interval": "fortnight"},
        400,
        "choice_invalid",
        "interval",
        "fortnight",
    ),
    post(
        "/v1/subscriptions",
        {"plan_code": "inbound_only", "currency": "XXX"},
        400,
        "currency_not_offered",
        "currency",
        "XXX",
    ),
    post(
        "/v1/subscriptions",
        {"plan_code": "inbound_only", "token": "guessed"},
        400,
        "preview_invalid",
        "token",
        ABSENT,
    ),
    post(
        f"/v1/subscriptions/{SUB}/plan-changes",
        {"plan_code": "scale", "token": "guessed"},
        400,
        "preview_invalid",
        "token",
        ABSENT,
    ),
    post(
        f"/v1/subscriptions/{SUB}/plan-change-previews",
        {"plan_code": "huge"},
        404,
        "plan_not_found",
        "plan_code",
        "huge",
    ),
    post(
        f"/v1/subscriptions/{SUB}/addon-previews",
        {"addon_code": "peak_1212"},
        404,
        "addon_not_found",
        "addon_code",
        "peak_1212",
    ),
    post(
        f"/v1/subscriptions/{SUB}/addons",
        {"addon_code": "peak_618", "token": "guessed"},
        400,
        "preview_invalid",
        "token",
        ABSENT,
    ),
    post(
        f"/v1/subscriptions/{SUB}/cancellation",
        {"at_once": "maybe"},
        400,
        "invalid_input",
        "at_once",
        "maybe",
    ),
]
PEOPLE = [
    Case("PATCH", "/v1/tenant", {"name": ""}, 400, "name_invalid", "name", ""),
    Case("PATCH", "/v1/tenant", {"currency": "USD"}, 400, "invalid_input", "currency", "USD"),
    post("/v1/invitations", {"email": "nobody"}, 400, "email_invalid", "email", "nobody"),
    post(
        "/v1/invitations",
        {"email": "a@b.example", "role": "emperor"},
        400,
        "choice_invalid",
        "role",
        "emperor",
    ),
    post("/v1/api-keys", {"name": "", "scopes": ["read"]}, 400, "name_invalid", "name", ""),
    post("/v1/api-keys", {"name": "a", "scopes": ["fly"]}, 400, "scopes_invalid", "scopes", "fly"),
    post("/v1/api-keys", {"name": "a", "scopes": "read"}, 400, "invalid_input", "scopes", "read"),
    post(
        "/v1/api-keys",
        {"name": "a", "scopes": ["read"], "expires_at": "tomorrow"},
        400,
        "time_invalid",
        "expires_at",
        "tomorrow",
    ),
    post("/v1/sign-ups", {**NEW, "email": "x"}, 400, "email_invalid", "email", "x"),
    post(
        "/v1/sign-ups", {**NEW, "password": "short"}, 400, "password_too_short", "password", ABSENT
    ),
    post(
        "/v1/sign-ups",
        {**NEW, "organisation_name": ""},
        400,
        "name_invalid",
        "organisation_name",
        "",
    ),
    post("/v1/sign-ups", {**NEW, "zone": "Moon"}, 400, "unknown_zone", "zone", "Moon"),
    post("/v1/sign-ups", {**NEW, "currency": "ZZZ"}, 400, "unknown_currency", "currency", "ZZZ"),
]
TIME_AND_MONEY = [
    post("/v1/test-clock", {"at": "yesterday"}, 400, "time_invalid", "at", "yesterday"),
    post(
        "/v1/test-clock",
        {"at": "2026-01-01T00:00:00"},
        400,
        "time_invalid",
        "at",
        "2026-01-01T00:00:00",
    ),
    Case(
        "PUT",
        "/v1/payment-method",
        {"provider": "barter"},
        404,
        "unknown_payment_provider",
        "provider",
        "barter",
    ),
    get("/v1/invoices?status=lost", 400, "choice_invalid", "status", "lost"),
    get("/v1/invoices?dated_from=soon", 400, "invalid_input", "dated_from", "soon"),
    get("/v1/invoices?limit=many", 400, "invalid_input", "limit", "many"),
    get(USAGE.replace("outbound_lines", "naps"), 404, "meter_not_found", "meter", "naps"),
    get(USAGE.replace("2026-01-01T00:00:00Z", "x"), 400, "time_invalid", "from", "x"),
    get(
        USAGE.replace("2026-02-01", "2025-02-01"),
        400,
        "period_reversed",
        "to",
        "2025-02-01T00:00:00Z",
    ),
    get(f"{USAGE}&window=fortnight", 400, "choice_invalid", "window", "fortnight"),
    get(USAGE.replace("meter=outbound_lines&", ""), 400, "invalid_input", "meter", ABSENT),
]
PAYING = [
    ({**TRANSFER, "amount": "a lot"}, 400, "amount", "a lot"),
    ({**TRANSFER, "amount": "19.999"}, 400, "amount", "19.999"),
    ({**TRANSFER, "currency": "ZZZ"}, 400, "currency", "ZZZ"),
    ({**TRANSFER, "reference": ""}, 400, "reference", ""),
    ({**TRANSFER, "amount": 1999}, 400, "amount", 1999),
]


@pytest.fixture
async def site(settings, clock):
    async with open_site(settings, clock) as opened:
        yield opened


@pytest.fixture
async def bella(site) -> Company:
    return await site.company("Bella Pizza", sandbox=True)


@pytest.fixture
async def owner(site: Site, bella: Company):
    """The owner's own session: what a key may not do, she may."""
    browser = site.client()
    answer = await browser.post("/v1/sessions", json={"email": bella.email, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    browser.headers["x-csrf-token"] = answer.json()["csrf_token"]
    yield browser
    await browser.aclose()


@pytest.fixture
async def bought(bella: Company) -> dict[str, str]:
    answer = await bella.post("/v1/subscriptions", {"plan_code": "growth"})
    assert answer.status_code == 201, answer.text
    return answer.json()


def everything(admin, bella: Company) -> object:
    counted = admin.execute(
        "SELECT (SELECT count(*) FROM organisations), (SELECT count(*) FROM users)"
    )
    return counted.fetchone(), state_of(admin, TenantId(parse_id("ten", bella.tenant_id)))


def told(problem: dict[str, Any]) -> dict[str, Any]:
    """The fields named as offending, with the values told back."""
    return {e["field"]: e.get("value", ABSENT) for e in problem.get("errors", [])}


@pytest.mark.parametrize("cases", [SUBSCRIBING, PEOPLE, TIME_AND_MONEY], ids=lambda c: c[0].code)
async def test_a_bad_request_is_told_what_is_wrong_and_stores_nothing(
    admin, bella, owner, bought, cases
):
    before = everything(admin, bella)
    wrong = []
    for case in cases:
        path = case.path.replace(SUB, bought["subscription_id"]).replace(INV, bought["invoice_id"])
        body = {} if case.body is None else {"json": case.body}
        keyed = {"Idempotency-Key": str(uuid.uuid4())}
        answer = await owner.request(case.method, path, headers=keyed, **body)
        problem = answer.json()
        found = (answer.status_code, problem.get("code"), told(problem))
        if found != (case.status, case.code, {case.field: case.value}):
            wrong.append((str(case), found))
        elif not problem["remedy"] or not problem["detail"]:
            wrong.append((str(case), problem))

    assert wrong == []
    assert everything(admin, bella) == before


async def test_a_transfer_that_cannot_be_is_told_what_is_wrong_and_pays_nothing(
    admin, site, bella, bought
):
    await site.application.create_staff_user(
        email="fiona@vendor.example",
        password=PASSWORD,
        name="Fiona",
        staff_roles=[StaffRole.FINANCE],
    )
    path = f"/v1/staff/tenants/{bella.tenant_id}/invoices/{bought['invoice_id']}/payments"
    async with site.client() as fiona:
        session = await fiona.post(
            "/v1/sessions", json={"email": "fiona@vendor.example", "password": PASSWORD}
        )
        fiona.headers["x-csrf-token"] = session.json()["csrf_token"]
        before = everything(admin, bella)
        wrong = []
        for body, status, field, value in PAYING:
            keyed = {"Idempotency-Key": str(uuid.uuid4())}
            answer = await fiona.post(path, json=body, headers=keyed)
            found = (answer.status_code, told(answer.json()))
            if found != (status, {field: value}):
                wrong.append((body, found, answer.text))

    assert wrong == []
    assert everything(admin, bella) == before


async def test_an_event_that_is_bad_costs_the_others_nothing(admin, bella):
    good = {
        "specversion": "1.0",
        "id": "evt-1",
        "source": "/instances/ins_test",
        "type": "tallyard.outbound.shipment_posted",
        "time": "2026-01-10T01:00:00Z",
        "data": {"lines": 3},
    }
    events = {
        "accepted": good,
        "unknown_meter": {**good, "id": "evt-2", "type": "tallyard.naps.taken"},
        "property_missing": {**good, "id": "evt-3", "data": {}},
        "property_not_quantity": {**good, "id": "evt-4", "data": {"lines": "many"}},
        "time_in_future": {**good, "id": "evt-5", "time": "2027-01-10T01:00:00Z"},
        "attribute_missing": {k: v for k, v in good.items() if k != "id"},
        "duplicate": good,
    }

    answer = await bella.client.post("/v1/events", json=list(events.values()))

    results = [r["reason"] or r["status"] for r in answer.json()["results"]]
    assert results == list(events)
    stored = admin.execute("SELECT id FROM usage_events").fetchall()
    assert stored == [("evt-1",)]


async def test_a_problem_speaks_chinese_about_every_kind_of_fault(bella):
    bella.client.headers["accept-language"] = "zh-CN"
    bodies = [{}, {"plan_code": 7}, {"plan_code": "x", "price": "1"}, {"plan_code": "x"}]

    for body in bodies:
        problem = (await bella.post("/v1/subscriptions", body)).json()
        texts = [problem["detail"], problem["remedy"], *(e["message"] for e in problem["errors"])]
        for text in texts:
            assert any("一" <= letter <= "鿿" for letter in text), problem
