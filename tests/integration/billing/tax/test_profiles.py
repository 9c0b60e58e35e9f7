"""Who customers are on their invoices, and what exempts them."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from billing.domain.tax.errors import TaxNumberInvalid
from billing.domain.tax.parties import Address, BillingProfile
from billing.domain.tax.sale import Exemption
from billing.errors_tax import BalanceNotFound, CountryUnknown, ExemptionKnown, ProfileInvalid
from billing.services.tax.apply_tax_sheet import ApplyTaxSheet
from billing.services.tax.exempt_customer import ExemptCustomer
from billing.services.tax.read_billing_profile import ReadBillingProfile
from billing.services.tax.save_billing_profile import SaveBillingProfile
from billing.tax_desk import TaxDesk
from control_plane.catalog.domain import Text
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.errors import EmailInvalid

PROFILE = BillingProfile(
    legal_name="Bella SARL",
    address=Address(line1="1 rue de la Paix", city="Paris", country="FR", postcode="75002"),
    tax_id="FR40303265045",
    email="ap@bella.example",
    purchase_order="PO-7",
)
SHEET = """
entities: [{code: live, prefix: TY, name: Tallyard GmbH, country: DE, tax: {}}]
rates: [{jurisdiction: DE, category: standard, rate: "19", from: 2020-01-01}]
"""


@pytest.fixture
def save(work, clock, tenant_id):
    service = SaveBillingProfile(work, TenantClock(clock))
    return lambda profile: service(tenant_id=tenant_id, profile=profile, actor="usr_test")


async def parties(work, tenant_id):
    async with work(tenant_id) as session:
        return await TaxDesk("Tallyard").parties(session, tenant_id, "live")


async def test_before_anything_is_said_documents_carry_names_alone(work, tenant_id):
    seller, buyer = await parties(work, tenant_id)

    assert (seller["name"], seller["reference"], seller["tax_id"]) == ("Tallyard", "live", None)
    assert (buyer["name"], buyer["reference"], buyer["address"]) == ("Bella", "bella", None)


async def test_a_profile_is_tidied_kept_and_named_on_documents(save, work, tenant_id):
    told = replace(
        PROFILE,
        legal_name="  Bella   SARL ",
        tax_id="fr 40 303 265 045",
        email=" AP@Bella.example",
        address=replace(PROFILE.address, country="fr"),
    )

    assert await save(told) == PROFILE
    assert await ReadBillingProfile(work)(tenant_id) == PROFILE
    _, buyer = await parties(work, tenant_id)
    assert (buyer["name"], buyer["tax_id"]) == ("Bella SARL", "FR40303265045")
    assert buyer["address"]["city"] == "Paris"


async def test_a_profile_decides_how_its_customer_is_taxed(save, work, tenant_id, database, clock):
    await ApplyTaxSheet(database, clock)(SHEET)

    async def code() -> str:
        async with work(tenant_id) as session:
            found = await TaxDesk("T").treatments(
                session, tenant_id, "live", date(2026, 1, 1), ["standard"]
            )
        return found["standard"].code

    assert await code() == "S"
    await save(PROFILE)
    assert await code() == "AE"
    await save(replace(PROFILE, business=False))
    assert await code() == "S"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"legal_name": " "}, ProfileInvalid),
        ({"legal_name": "x" * 201}, ProfileInvalid),
        ({"tax_id": "FR40303265046"}, TaxNumberInvalid),
        ({"email": "nobody"}, EmailInvalid),
        ({"address": replace(PROFILE.address, country="XX")}, CountryUnknown),
        ({"address": replace(PROFILE.address, city="")}, ProfileInvalid),
    ],
)
async def test_a_wrong_profile_changes_nothing(save, work, tenant_id, wrong, error):
    await save(PROFILE)
    with pytest.raises(error):
        await save(replace(PROFILE, **wrong))

    assert await ReadBillingProfile(work)(tenant_id) == PROFILE


async def test_a_certificate_exempts_until_the_local_day_on_which_it_is_revoked(
    work, clock, tenant_id, database
):
    await ApplyTaxSheet(database, clock)(SHEET)
    exempt = ExemptCustomer(work, TenantClock(clock))
    certificate = Exemption(
        jurisdiction="DE",
        category=None,
        code="E",
        certificate="X-1",
        reason=Text("Exempt", "免税"),
        valid_from=date(2026, 1, 1),
    )
    who = {"tenant_id": tenant_id, "actor": "usr_test"}
    exemption_id = await exempt(**who, exemption=certificate)
    with pytest.raises(ExemptionKnown):
        await exempt(**who, exemption=certificate)
    clock.set(datetime(2026, 2, 28, 16, 30, tzinfo=UTC))  # 1 March in Shanghai
    await exempt.revoke(**who, exemption_id=exemption_id)
    with pytest.raises(BalanceNotFound):
        await exempt.revoke(**who, exemption_id=exemption_id)

    codes = []
    for day in (date(2025, 12, 31), date(2026, 2, 28), date(2026, 3, 1)):
        async with work(tenant_id) as session:
            found = await TaxDesk("T").treatments(session, tenant_id, "live", day, ["standard"])
        codes.append(found["standard"].code)
    assert codes == ["S", "E", "S"]
