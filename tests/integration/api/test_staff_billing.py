"""What finance does to a customer's documents, over HTTP: each once, by nobody else, explained."""

import uuid
from contextlib import asynccontextmanager

import pytest

from control_plane.identity.domain import StaffRole
from tests.support.api import PASSWORD


@asynccontextmanager
async def signed_in(site, role):
    email = f"{role.value}@tallyard.example"
    await site.application.create_staff_user(
        email=email, password=PASSWORD, name=role.value, staff_roles=[role]
    )
    async with site.client() as client:
        answer = await client.post("/v1/sessions", json={"email": email, "password": PASSWORD})
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        client.headers["Cookie"] = answer.headers["set-cookie"].split(";")[0]
        yield client


@pytest.fixture
async def finance(site):
    async with signed_in(site, StaffRole.FINANCE) as client:
        yield client


@pytest.fixture
async def operator(site):
    async with signed_in(site, StaffRole.OPERATOR) as client:
        yield client


@pytest.fixture
async def invoice(bella):
    """A month of Growth, 1,999.00, not paid."""
    started = await bella.post("/v1/subscriptions", {"plan_code": "growth"})
    assert started.status_code == 201, started.text
    [found] = (await bella.get("/v1/invoices")).json()
    return found


def key(text: str | None = None) -> dict[str, str]:
    return {"Idempotency-Key": text or str(uuid.uuid4())}


def at(bella, invoice, what: str) -> str:
    return f"/v1/staff/tenants/{bella.tenant_id}/invoices/{invoice['id']}/{what}"


async def books_agree(site, finance, bella) -> bool:
    answer = await finance.get(f"/v1/staff/tenants/{bella.tenant_id}/books")
    return answer.json()["findings"] == []


ACTS = [
    ("write-offs", {"reason": "insolvent"}),
    ("voids", {"reason": "wrong customer"}),
    ("credit-notes", {"reason": "sorry"}),
]


@pytest.mark.parametrize(("what", "body"), ACTS)
async def test_an_act_that_is_repeated_under_its_key_has_one_effect(
    site, finance, bella, invoice, what, body
):
    headers = key()

    first = await finance.post(at(bella, invoice, what), json=body, headers=headers)
    again = await finance.post(at(bella, invoice, what), json=body, headers=headers)

    assert first.status_code in {200, 201}, first.text
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    notes = (await bella.get("/v1/credit-notes")).json()
    assert len(notes) == (what == "credit-notes")
    assert await books_agree(site, finance, bella)


@pytest.mark.parametrize(("what", "body"), ACTS)
async def test_only_finance_acts_on_documents(operator, bella, invoice, what, body):
    before = (await bella.get("/v1/invoices")).json()

    by_operator = await operator.post(at(bella, invoice, what), json=body, headers=key())
    by_customer = await bella.post(at(bella, invoice, what), body)

    assert (by_operator.status_code, by_customer.status_code) == (403, 403)
    assert (await bella.get("/v1/invoices")).json() == before


@pytest.mark.parametrize(("what", "body"), ACTS)
async def test_an_act_without_a_reason_is_refused_by_its_field(finance, bella, invoice, what, body):
    answer = await finance.post(at(bella, invoice, what), json={"reason": " "}, headers=key())

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "reason")


@pytest.mark.parametrize(("what", "body"), ACTS)
async def test_an_invoice_of_another_organisation_is_not_found(finance, rival, invoice, what, body):
    answer = await finance.post(at(rival, invoice, what), json=body, headers=key())

    assert answer.status_code == 404


async def test_what_is_written_off_cannot_be_voided(finance, bella, invoice):
    done = await finance.post(
        at(bella, invoice, "write-offs"), json={"reason": "insolvent"}, headers=key()
    )
    refused = await finance.post(at(bella, invoice, "voids"), json={"reason": "x"}, headers=key())

    assert done.json()["state"] == "uncollectible"
    assert (refused.status_code, refused.json()["code"]) == (409, "invoice_ended")


async def test_payments_in_parts_leave_the_rest_open(site, finance, bella, invoice):
    def payment(amount, reference):
        return {"amount": amount, "currency": "CNY", "reference": reference}

    where = at(bella, invoice, "payments")
    headers = key()
    part = await finance.post(where, json=payment("999.00", "A1"), headers=headers)
    again = await finance.post(where, json=payment("999.00", "A1"), headers=headers)
    other = await finance.post(where, json=payment("999.00", "A1"), headers=key())
    voided = await finance.post(at(bella, invoice, "voids"), json={"reason": "x"}, headers=key())
    [open_] = (await bella.get("/v1/invoices")).json()
    rest = await finance.post(where, json=payment("1000.00", "A2"), headers=key())
    [paid] = (await bella.get("/v1/invoices")).json()

    assert (part.status_code, again.json()) == (201, part.json())
    assert other.status_code in {201, 409}, other.text
    assert voided.status_code == 409
    assert (open_["state"], open_["open"]) == ("issued", "1000.00")
    assert (rest.status_code, paid["state"], paid["open"]) == (201, "paid", "0.00")
    assert await books_agree(site, finance, bella)


async def test_a_note_over_a_paid_invoice_becomes_credit_that_is_refunded_once(
    site, finance, bella, invoice
):
    paid = {"amount": "1999.00", "currency": "CNY", "reference": "A1"}
    await finance.post(at(bella, invoice, "payments"), json=paid, headers=key())
    detail = (await bella.get(f"/v1/invoices/{invoice['id']}")).json()
    line = detail["content"]["lines"][0]["key"]
    body = {"reason": "sorry", "lines": {line: "100.00"}}
    note = await finance.post(at(bella, invoice, "credit-notes"), json=body, headers=key())
    refunds = f"/v1/staff/tenants/{bella.tenant_id}/refunds"
    back = {"amount": "60.00", "currency": "CNY", "reference": "R1"}
    headers = key()
    first = await finance.post(refunds, json=back, headers=headers)
    again = await finance.post(refunds, json=back, headers=headers)
    much = await finance.post(refunds, json={**back, "reference": "R2"}, headers=key())

    assert (note.status_code, note.json()["carried"]) == (201, "100.00"), note.text
    assert (first.status_code, again.json()) == (201, first.json())
    assert (much.status_code, much.json()["code"]) == (409, "credit_balance_too_low")
    assert "40.00" in (await bella.get("/v1/credit")).text
    assert await books_agree(site, finance, bella)
    where = f"/v1/credit-notes/{note.json()['id']}"
    verified = (await bella.get(f"{where}/verification")).json()
    assert (verified["confirmed"], verified["newest"]) == (True, [])
    [explained] = (await bella.get(f"{where}/explanation")).json()["lines"]
    assert explained["steps"]


@pytest.mark.parametrize(
    "lines",
    [{"no-such-line": "1.00"}, {"LINE": "2000.00"}, {"LINE": "x"}, {"LINE": "0.00"},
     {"LINE": "-1.00"}, {}],
)  # fmt: skip
async def test_a_note_over_what_is_not_there_is_refused_and_changes_nothing(
    finance, bella, invoice, lines
):
    detail = (await bella.get(f"/v1/invoices/{invoice['id']}")).json()
    line = detail["content"]["lines"][0]["key"]
    said = {line if name == "LINE" else name: amount for name, amount in lines.items()}

    answer = await finance.post(
        at(bella, invoice, "credit-notes"), json={"reason": "x", "lines": said}, headers=key()
    )

    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["detail"]
    assert (await bella.get("/v1/credit-notes")).json() == []


async def test_billing_terms_are_set_whole_and_read_back(finance, operator, bella, invoice):
    where = f"/v1/staff/tenants/{bella.tenant_id}/billing-terms"
    terms = {"policies": {"payment_term_days": 30}, "grace_seconds": 3600, "threshold_minor": 5000}

    headers = key()
    done = await finance.put(where, json=terms, headers=headers)
    again = await finance.put(where, json=terms, headers=headers)

    assert (done.status_code, done.json()) == (200, terms), done.text
    assert again.json() == terms
    assert (await finance.get(where)).json() == terms
    assert (await operator.get(where)).status_code == 403
    assert (await bella.get(where)).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [{"policies": {"rounding": "sideways"}}, {"policies": {"weather": "fair"}},
     {"grace_seconds": -1}, {"grace_seconds": 1 << 60}, {"threshold_minor": 0},
     {"threshold_minor": -5}],
)  # fmt: skip
async def test_terms_that_mean_nothing_are_refused_and_change_nothing(
    finance, bella, invoice, wrong
):
    where = f"/v1/staff/tenants/{bella.tenant_id}/billing-terms"
    before = (await finance.get(where)).json()

    answer = await finance.put(where, json=wrong, headers=key())

    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["field"]
    assert (await finance.get(where)).json() == before
