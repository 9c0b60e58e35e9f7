"""Sales under a tax sheet become e-invoices, and what takes them back becomes one too."""

import pytest

from billing.domain.tax.parties import Address, BillingProfile
from control_plane.kernel.ids import TenantId, parse_id
from tests.support.api import Company, open_site
from tests.support.en16931 import broken

SHEET = """
entities:
  - code: live
    prefix: TY
    name: Tallyard GmbH
    country: DE
    tax_id: DE136695976
    registration: HRB 123456
    address: {line1: Hafenstraße 12, city: Hamburg, postcode: "20457"}
    bank: {name: Hansebank, iban: DE02120300000000202051, bic: BYLADEM1001}
    tax: {registrations: [DE], en16931: true}
rates:
  - {jurisdiction: DE, category: standard, rate: "19", from: 2020-01-01}
"""


@pytest.fixture
async def site(settings, clock):
    async with open_site(settings, clock) as opened:
        await opened.application.apply_tax_sheet(SHEET)
        yield opened


async def customer(site, country: str, tax_id: str | None) -> Company:
    company = await site.company("Bella Pizza")
    profile = BillingProfile(
        legal_name="Bella Pizza S.à r.l.",
        business=tax_id is not None,
        address=Address("12, rue du Fort", "Luxembourg", country, postcode="1246"),
        tax_id=tax_id,
    )
    tenant = TenantId(parse_id("ten", company.tenant_id))
    await site.application.save_billing_profile(tenant_id=tenant, profile=profile, actor="test")
    started = await company.post("/v1/subscriptions", {"plan_code": "growth"})
    assert started.status_code == 201, started.text
    return company


async def rules_broken(company: Company, path: str) -> dict[str, list[str]]:
    found = {}
    for syntax in ("ubl", "cii"):
        answer = await company.get(f"{path}/{syntax}")
        assert answer.status_code == 200, answer.text
        found[syntax] = [entry.rule for entry in broken(syntax, answer.content)]
    return found


@pytest.mark.parametrize(
    ("country", "tax_id", "code"), [("DE", None, b">S<"), ("LU", "LU26375245", b">AE<")]
)
async def test_an_invoice_and_what_takes_it_back_break_no_rule(site, clock, country, tax_id, code):
    company = await customer(site, country, tax_id)
    clock.advance(days=10)
    [subscription] = (await company.get("/v1/subscriptions")).json()
    path = f"/v1/subscriptions/{subscription['id']}"
    preview = await company.post(f"{path}/plan-change-previews", {"plan_code": "scale"})
    token = preview.json()["token"]
    changed = await company.post(f"{path}/plan-changes", {"plan_code": "scale", "token": token})
    assert changed.status_code == 201, changed.text

    invoices = (await company.get("/v1/invoices")).json()
    notes = (await company.get("/v1/credit-notes")).json()

    assert (len(invoices), len(notes)) == (2, 1)
    for document in (
        *(f"/v1/invoices/{i['id']}" for i in invoices),
        f"/v1/credit-notes/{notes[0]['id']}",
    ):
        assert await rules_broken(company, document) == {"ubl": [], "cii": []}
        assert code in (await company.get(f"{document}/ubl")).content
        assert (await company.get(f"{document}/pdf")).content.startswith(b"%PDF-")
        assert (await company.get(f"{document}/html")).status_code == 200
        assert (await company.get(f"{document}/facturx")).status_code == 200
        assert (await company.get(f"{document}/csv")).status_code == 200
