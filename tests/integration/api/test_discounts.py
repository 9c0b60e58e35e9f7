"""Tax and discounts over HTTP: what the customer does, and what finance does."""

import uuid

import pytest

from control_plane.identity.domain import StaffRole
from tests.support.api import PASSWORD

PROFILE = {
    "legal_name": "Bella SARL",
    "country": "FR",
    "line1": "1 rue de la Paix",
    "city": "Paris",
    "tax_id": "FR 40 303 265 045",
}
SHEET = """
entities: [{code: live, prefix: TY, name: Tallyard GmbH, country: DE, tax: {}}]
rates: [{jurisdiction: DE, category: standard, rate: "19", from: 2020-01-01}]
"""


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


@pytest.fixture
async def finance(site):
    email = "fiona@tallyard.example"
    await site.application.create_staff_user(
        email=email, password=PASSWORD, name="Fiona", staff_roles=[StaffRole.FINANCE]
    )
    async with site.client() as client:
        signed_in = await client.post("/v1/sessions", json={"email": email, "password": PASSWORD})
        client.headers["X-CSRF-Token"] = signed_in.json()["csrf_token"]
        client.headers["Cookie"] = signed_in.headers["set-cookie"].split(";")[0]
        yield client


async def sent(finance, method: str, path: str, body=None, status: int = 201):
    answer = await finance.request(method, f"/v1/staff/{path}", json=body, headers=key())
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def test_billing_details_are_kept_as_they_are_read_back(bella):
    assert (await bella.get("/v1/billing-profile")).status_code == 404
    saved = await bella.client.put("/v1/billing-profile", json=PROFILE, headers=key())

    assert saved.status_code == 200, saved.text
    assert saved.json()["tax_id"] == "FR40303265045"
    assert (await bella.get("/v1/billing-profile")).json() == saved.json()


async def test_a_wrong_tax_number_is_told_beside_its_field(bella):
    wrong = {**PROFILE, "tax_id": "FR40303265046"}
    refused = await bella.client.put("/v1/billing-profile", json=wrong, headers=key())

    assert (refused.status_code, refused.json()["code"]) == (400, "tax_number_invalid")


async def test_a_coupon_goes_from_finance_to_the_customers_invoice(bella, finance):
    body = {"code": "spring", "name": {"en": "Spring", "zh": "春季"}, "percent": "10"}
    await sent(finance, "POST", "coupons", body)
    redeemed = await bella.post("/v1/coupon-redemptions", {"code": "SPRING"})
    assert redeemed.status_code == 201, redeemed.text

    bought = await bella.post("/v1/subscriptions", {"plan_code": "growth"})
    invoice = (await bella.get(f"/v1/invoices/{bought.json()['invoice_id']}")).json()["content"]

    assert invoice["discount_minor"] * 10 == invoice["subtotal_minor"]
    [discount] = invoice["lines"][0]["discounts"]
    assert (discount["kind"], discount["code"]) == ("coupon", "SPRING")
    [held] = (await bella.get("/v1/discounts")).json()["coupons"]
    assert (held["uses"], held["active"]) == (1, False)


async def test_prepaid_money_settles_an_invoice_after_credit_and_tax(bella, finance):
    await sent(finance, "POST", "tax-sheets", {"source": SHEET}, 200)
    wallet = (await bella.post("/v1/wallets", {"name": "Main", "currency": "CNY"})).json()
    amount = {"amount": "10000.00", "currency": "CNY"}
    topup = (await bella.post(f"/v1/wallets/{wallet['id']}/top-ups", amount)).json()
    theirs = f"tenants/{bella.tenant_id}"
    paid = await sent(
        finance,
        "POST",
        f"{theirs}/top-ups/{topup['id']}/payments",
        {**amount, "reference": "ICBC-1"},
    )
    credit = {"amount": "100.00", "currency": "CNY", "reason": "launch"}
    await sent(finance, "POST", f"{theirs}/credits", credit)

    bought = await bella.post("/v1/subscriptions", {"plan_code": "growth"})
    invoice = (await bella.get(f"/v1/invoices/{bought.json()['invoice_id']}")).json()["content"]

    assert paid["number"] == "TY-R-2026-000001"
    assert invoice["discount_minor"] == 10_000
    assert invoice["taxes"][0]["rate"] == "19"
    assert invoice["due_minor"] == 0
    [applied] = invoice["applied"]
    assert applied["reference"] == paid["number"]
    assert applied["amount_minor"] == invoice["total_minor"]
    receipt = await bella.get(f"/v1/top-ups/{topup['id']}/receipt")
    assert receipt.json()["total_minor"] == 1_000_000
    books = await finance.get(f"/v1/staff/{theirs}/books")
    assert books.json()["findings"] == []


async def test_a_wallet_asks_by_itself_and_a_request_is_taken_back(bella):
    wallet = (await bella.post("/v1/wallets", {"name": "Main", "currency": "CNY"})).json()
    automatic = {"currency": "CNY", "below": "100.00", "amount": "500.00"}
    path = f"/v1/wallets/{wallet['id']}/automatic-top-up"
    kept = await bella.client.put(path, json=automatic, headers=key())
    assert (kept.json()["automatic_below"], kept.json()["free"]) == ("100.00", "0.00")
    half = await bella.client.put(path, json={**automatic, "amount": None}, headers=key())
    assert half.status_code == 400

    topup = await bella.post(
        f"/v1/wallets/{wallet['id']}/top-ups", {"amount": "5.00", "currency": "CNY"}
    )
    gone = await bella.client.delete(f"/v1/top-ups/{topup.json()['id']}", headers=key())

    assert gone.status_code == 204
    rows = (await bella.get("/v1/discounts")).json()["top_ups"]
    # The wallet holds less than it should already, so it asked for its own.
    assert [(row["automatic"], row["state"]) for row in rows] == [
        (False, "cancelled"),
        (True, "requested"),
    ]


async def test_a_top_up_by_card_needs_a_card_and_asks_for_nothing_without(bella):
    wallet = (await bella.post("/v1/wallets", {"name": "Main", "currency": "CNY"})).json()
    by_card = {"amount": "5.00", "currency": "CNY", "by_card": True}

    refused = await bella.post(f"/v1/wallets/{wallet['id']}/top-ups", by_card)

    assert (refused.status_code, refused.json()["code"]) == (409, "card_missing")
    assert (await bella.get("/v1/discounts")).json()["top_ups"] == []
    topup = (
        await bella.post(f"/v1/wallets/{wallet['id']}/top-ups", {**by_card, "by_card": False})
    ).json()
    again = await bella.post(f"/v1/top-ups/{topup['id']}/charges", {})
    assert (again.status_code, again.json()["code"]) == (409, "card_missing")


async def test_finance_lets_a_credit_come_again_and_ends_it(bella, finance):
    theirs = f"tenants/{bella.tenant_id}/recurring-credits"
    wanted = {
        "amount": "100.00",
        "currency": "CNY",
        "reason": "partner",
        "interval": "month",
        "times": 12,
        "rollover": {"cycles": 2, "most": "150.00"},
    }
    made = await sent(finance, "POST", theirs, wanted)
    for wrong in ({"interval": "fortnight"}, {"times": 0}, {"amount": "0"}):
        assert "code" in await sent(finance, "POST", theirs, {**wanted, **wrong}, 400)

    held = (await bella.get("/v1/discounts")).json()
    [recurring], [credit] = held["recurring_credits"], held["credits"]
    assert recurring == made
    assert (recurring["rollover_cycles"], recurring["rollover_most"]) == (2, "150.00")
    assert (credit["recurring_id"], credit["free"], credit["rolls_left"]) == (
        made["id"],
        "100.00",
        2,
    )
    await sent(finance, "DELETE", f"{theirs}/{made['id']}", status=204)
    await sent(finance, "DELETE", f"{theirs}/{made['id']}", status=404)


async def test_a_receipt_is_a_pdf_for_the_customer_and_for_finance(bella, finance):
    theirs = f"tenants/{bella.tenant_id}"
    wallet = await sent(finance, "POST", f"{theirs}/wallets", {"name": "Main", "currency": "CNY"})
    await sent(
        finance,
        "POST",
        f"{theirs}/wallets",
        {"name": "Odd", "currency": "CNY", "tax_category": "odd"},
        400,
    )
    amount = {"amount": "10.00", "currency": "CNY"}
    topup = await sent(finance, "POST", f"{theirs}/wallets/{wallet['id']}/top-ups", amount)
    path = f"top-ups/{topup['id']}/receipt/pdf"
    assert (await bella.get(f"/v1/{path}")).status_code == 404
    paid = {**amount, "reference": "ICBC-2"}
    await sent(finance, "POST", f"{theirs}/top-ups/{topup['id']}/payments", paid)

    own, seen = await bella.get(f"/v1/{path}"), await finance.get(f"/v1/staff/{theirs}/{path}")

    for answer in (own, seen):
        assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")
        assert "TY-R-2026-000001.pdf" in answer.headers["content-disposition"]


async def test_finance_keeps_companies_rates_and_exemptions(bella, finance):
    told = await sent(finance, "POST", "tax-sheets", {"source": SHEET, "dry_run": True}, 200)
    assert [change["what"] for change in told] == ["entity", "rate"]
    wrong = await sent(finance, "POST", "tax-sheets", {"source": "rates: 1"}, 400)
    assert wrong["errors"][0]["field"].startswith("1:8")
    await sent(finance, "POST", "tax-sheets", {"source": SHEET}, 200)

    tax = (await finance.get("/v1/staff/tax")).json()
    assert [e["taxed"] for e in tax["entities"]] == [True, False]
    theirs = f"tenants/{bella.tenant_id}"
    exemption = {
        "jurisdiction": "DE",
        "certificate": "X-1",
        "reason": {"en": "Exempt", "zh": "免税"},
        "valid_from": "2026-01-01",
    }
    made = await sent(finance, "POST", f"{theirs}/exemptions", exemption)
    await sent(finance, "DELETE", f"{theirs}/exemptions/{made['id']}", status=204)
    [kept] = (await finance.get(f"/v1/staff/{theirs}/exemptions")).json()
    assert kept["valid_to"] == "2026-01-10"
    await sent(finance, "PUT", f"{theirs}/legal-entity", {"entity": "live"}, 204)
    await sent(finance, "PUT", f"{theirs}/legal-entity", {"entity": "sandbox"}, 400)


async def test_finance_gives_ends_holds_and_refunds(bella, finance):
    theirs = f"tenants/{bella.tenant_id}"
    coupon = {
        "code": "GIFT",
        "name": {"en": "Gift", "zh": "礼物"},
        "amounts": {"CNY": "50.00"},
        "by_customer": False,
    }
    await sent(finance, "POST", "coupons", coupon)
    given = await sent(finance, "POST", f"{theirs}/coupons", {"code": "gift"})
    await sent(finance, "DELETE", f"{theirs}/coupons/{given['coupons'][0]['id']}", status=204)
    await sent(finance, "POST", "coupon-endings", {"code": "GIFT"}, 204)
    [offer] = (await finance.get("/v1/staff/coupons")).json()
    assert (offer["redeemed"], offer["ended_at"] is None) == (1, False)
    credit = await sent(
        finance,
        "POST",
        f"{theirs}/credits",
        {"amount": "1.00", "currency": "CNY", "reason": "test"},
    )
    await sent(finance, "POST", f"{theirs}/credits/{credit['id']}/hold", status=204)
    await sent(finance, "DELETE", f"{theirs}/credits/{credit['id']}/hold", status=204)
    wallet = (await bella.post("/v1/wallets", {"name": "Main", "currency": "CNY"})).json()
    amount = {"amount": "100.00", "currency": "CNY"}
    topup = await sent(
        finance, "POST", f"{theirs}/wallets/{wallet['id']}/top-ups", {**amount, "bonus": "10.00"}
    )
    payments = f"{theirs}/top-ups/{topup['id']}"
    await sent(finance, "POST", f"{payments}/payments", {**amount, "reference": "B-1"})
    await sent(finance, "POST", f"{payments}/refunds", {**amount, "amount": "40.00"}, 204)
    shown = (await finance.get(f"/v1/staff/{theirs}/discounts")).json()
    assert shown["wallets"][0]["free"] == "60.00"
    assert [c["free"] for c in shown["credits"]] == ["10.00", "1.00"]
    assert (await finance.get(f"/v1/staff/{theirs}/books")).json()["findings"] == []


@pytest.mark.parametrize("never", ["9999-12-31T23:59:59-14:00", "2027-01-01T00:00:00", "soon"])
async def test_a_time_that_cannot_be_kept_is_refused_beside_its_field(bella, finance, never):
    theirs = f"tenants/{bella.tenant_id}"
    credit = {"amount": "1.00", "currency": "CNY", "reason": "thanks", "expires_at": never}
    name = {"en": "Gift", "zh": "礼券"}
    coupon = {"code": "GIFT", "name": name, "percent": "10", "redeem_by": never}

    kept = await sent(finance, "POST", f"{theirs}/credits", credit, 400)
    offered = await sent(finance, "POST", "coupons", coupon, 400)

    assert (kept["code"], offered["code"]) == ("time_invalid", "time_invalid")
    assert [fault["field"] for fault in kept["errors"]] == ["expires_at"]
    assert [fault["field"] for fault in offered["errors"]] == ["redeem_by"]


@pytest.mark.parametrize("rank", [1_000_001, -1_000_001, 1 << 31])
async def test_a_rank_that_cannot_be_kept_is_refused_beside_its_field(bella, finance, rank):
    theirs = f"tenants/{bella.tenant_id}"
    credit = {"amount": "1.00", "currency": "CNY", "reason": "thanks", "priority": rank}
    coupon = {"code": "GIFT", "name": {"en": "Gift", "zh": "礼券"}, "percent": "10", "place": rank}
    wallet = {"name": "Peak", "currency": "CNY", "priority": rank}

    kept = await sent(finance, "POST", f"{theirs}/credits", credit, 400)
    offered = await sent(finance, "POST", "coupons", coupon, 400)
    opened = await bella.client.post("/v1/wallets", json=wallet, headers=key())

    said = [answer["errors"][0]["field"] for answer in (kept, offered, opened.json())]
    assert (opened.status_code, said) == (400, ["priority", "place", "priority"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "S"),
        ("valid_to", "2026-01-01"),
        ("valid_to", "0001-01-01"),
        ("certificate", " "),
        ("jurisdiction", ""),
        ("category", "x" * 201),
    ],
)
async def test_an_exemption_that_cannot_hold_is_refused_beside_its_field(
    bella, finance, field, value
):
    good = {
        "jurisdiction": "CN",
        "certificate": "FREE-1",
        "reason": {"en": "Exempt", "zh": "免税"},
        "valid_from": "2026-01-01",
    }

    path = f"tenants/{bella.tenant_id}/exemptions"
    refused = await sent(finance, "POST", path, {**good, field: value}, 400)

    assert (refused["code"], refused["errors"][0]["field"]) == ("exemption_invalid", field)
