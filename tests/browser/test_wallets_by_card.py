"""Credits that come again, and wallets topped up from a card, in a browser."""

import pytest

from billing.providers.manual import ManualProvider
from billing.providers.memory import DECLINED_CARD, GOOD_CARD, MemoryProvider
from billing.services.discounts.charge_topup import ChargeTopup
from billing.services.discounts.request_charge import RequestTopupCharge
from billing.services.set_payment_method import SetPaymentMethod
from control_plane.identity.domain import StaffRole
from control_plane.kernel.currency import CURRENCIES
from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.money import Money
from tests.browser.conftest import PASSWORD
from tests.browser.test_credits_and_tax import FINANCE, seen, sign_in_as

pytestmark = pytest.mark.browser
CNY = CURRENCIES["CNY"]


@pytest.fixture
def cards(portal, monkeypatch):
    """The site's payments through a provider in memory; gives what keeps and charges a card."""
    application = portal.application
    parts = (application.work, application.tenant_clock, {"memory": MemoryProvider()})
    parts[2]["manual"] = ManualProvider()
    charge = ChargeTopup(*parts, application.record_topup_payment)
    monkeypatch.setattr(
        application, "request_topup_charge", RequestTopupCharge(*parts), raising=False
    )
    return SetPaymentMethod(*parts), charge


async def prepaid(portal, tenant_id: TenantId) -> None:
    """A wallet with 80.00 left that tops itself up below 500.00, and asks at once."""
    application, who = portal.application, {"tenant_id": tenant_id, "actor": "usr_test"}
    wallet = await application.open_wallet(**who, name="Peak season", currency=CNY)
    topup = await application.request_topup(**who, wallet_id=wallet.id, amount=Money(8000, CNY))
    await application.record_topup_payment(
        **who, topup_id=topup.id, amount=topup.amount, reference="ICBC-20260109-7781"
    )
    await application.open_wallet.automatic(
        **who, wallet_id=wallet.id, below=Money(50_000, CNY), amount=Money(200_000, CNY)
    )


async def charged(portal, charge, tenant_id: TenantId) -> None:
    for topup in (await portal.application.list_discounts(tenant_id)).topups:
        await charge(tenant_id, topup.id)


async def grant_monthly(portal, tenant_id: TenantId) -> None:
    await portal.application.grant_credit(
        tenant_id=tenant_id, amount=Money(8800, CNY), reason="Welcome", actor="usr_test"
    )
    page = await portal.open(f"/finance/customers/{format_id('ten', tenant_id)}")
    grant = page.locator("form", has=page.get_by_role("button", name="Grant it"))
    await grant.get_by_label("Amount in CNY", exact=True).fill("100.00")
    await grant.get_by_label("Reason", exact=True).fill("Partner programme")
    await grant.get_by_label("How often", exact=True).select_option("month")
    await grant.get_by_text("If it comes again").click()
    await grant.get_by_label("What is left lasts so many more cycles").fill("2")
    await grant.get_by_label("At most so much is carried over").fill("150.00")
    await page.get_by_role("button", name="Grant it").click()
    await page.get_by_text("The credit comes again by itself.").wait_for()
    await page.get_by_text("at most CN¥150.00 is carried over").wait_for()


async def test_a_refused_card_is_seen_and_another_one_charged(portal, cards, admin):
    keep, charge = cards
    await portal.application.create_staff_user(
        email=FINANCE, password=PASSWORD, name="Fiona", staff_roles=[StaffRole.FINANCE]
    )
    await portal.sign_up()
    [tenant] = admin.execute("SELECT id FROM organisations WHERE name = 'Bella Pizza'").fetchone()
    who = {"tenant_id": TenantId(tenant), "provider": "memory", "actor": "usr_test"}
    await keep(**who, method=DECLINED_CARD)
    await prepaid(portal, who["tenant_id"])
    await charged(portal, charge, who["tenant_id"])
    await sign_in_as(portal, FINANCE)
    await grant_monthly(portal, who["tenant_id"])
    findings = await seen(portal, (portal.page.url,))
    await sign_in_as(portal, "bella@pizza.example")

    page = await portal.open("/portal/balance")
    await page.get_by_text("Your card was refused").wait_for()
    await page.get_by_text("Partner programme").first.wait_for()
    findings += await seen(portal, ("/portal/balance",))
    await keep(**who, method=GOOD_CARD)
    page = await portal.open("/portal/balance")
    await page.get_by_role("button", name="Charge the card").click()
    await page.get_by_text("Your card is charged within moments.").wait_for()
    await charged(portal, charge, who["tenant_id"])
    page = await portal.open("/portal/balance")

    await page.get_by_text("2,080.00").first.wait_for()
    receipts = page.get_by_role("link", name="Receipt (PDF)")
    assert await receipts.count() == 2
    answer = await portal.context.request.get(
        portal.url + (await receipts.first.get_attribute("href") or "")
    )
    assert (answer.status, (await answer.body())[:5]) == (200, b"%PDF-")
    assert "\n".join(findings) == ""
    assert portal.complaints == []
