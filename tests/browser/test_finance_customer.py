"""Finance and one customer in a browser: quotes, terms, exemptions, refunds, each shown first."""

import re

import pytest
from playwright.async_api import expect

from control_plane.identity.domain import StaffRole
from provisioner.runtimes.memory import MemoryRuntime
from tests.browser.conftest import PASSWORD
from tests.browser.test_credits_and_tax import EXAMPLE, seen
from tests.support.life_catalogue import WITH_OURS

pytestmark = pytest.mark.browser

FINANCE = "fiona@tallyard.example"


async def sign_in_as(portal, email: str) -> None:
    await portal.context.clear_cookies()
    await portal.sign_in(email)


@pytest.fixture
async def shop(portal):
    portal.application.runtime = MemoryRuntime()
    await portal.application.apply_catalog(WITH_OURS)
    await portal.application.create_staff_user(
        email=FINANCE, password=PASSWORD, name="Fiona", staff_roles=[StaffRole.FINANCE]
    )
    await portal.sign_up()
    return portal


async def customer(shop, tab: str) -> str:
    """Open a tab of the customer's page, and return the page's address without it."""
    page = await shop.open("/finance/customers?q=bella")
    await page.get_by_role("link", name="Bella Pizza").click()
    address = page.url.removeprefix(shop.url)
    await page.get_by_role("link", name=tab, exact=True).click()
    return address


async def test_a_quote_is_made_looked_at_sent_and_accepted(shop):
    await sign_in_as(shop, FINANCE)
    await customer(shop, "Subscriptions and quotes")
    page = shop.page
    await page.get_by_role("link", name="Make a quote").click()
    plan = page.get_by_label("Plan and billing cycle")
    await plan.select_option("team~month")
    await page.wait_for_url("**plan=team*")
    await page.get_by_role("spinbutton", name="Seats").fill("5")
    await page.get_by_label("Note").fill("As discussed.")
    await page.get_by_text("Negotiated prices and limits").click()
    await page.locator("[name='c.base.amount']").fill("many")
    await page.get_by_role("button", name="Preview the quote").click()
    await expect(page.locator("[name='c.base.amount']")).to_have_attribute("aria-invalid", "true")
    await page.locator("[name='c.base.amount']").fill("200.00")
    await page.locator("[name='reason']").fill("A friend of the house")
    await page.get_by_role("button", name="Preview the quote").click()
    await expect(page.locator(".total")).to_have_text("CN¥500.00")
    await page.get_by_role("button", name="Change it").click()
    await expect(page.get_by_role("spinbutton", name="Seats")).to_have_value("5")
    await page.get_by_role("button", name="Preview the quote").click()
    await page.get_by_role("button", name="Send the quote").click()
    await expect(page.get_by_text("The quote is made and sent.")).to_be_visible()

    await sign_in_as(shop, "bella@pizza.example")
    await shop.open("/portal/quotes")
    await page.get_by_role("link", name="Q-2026-000001").click()
    await expect(page.get_by_text("As discussed.")).to_be_visible()
    await page.get_by_role("button", name="Accept and start").click()
    await expect(page.get_by_text("The quote is accepted.")).to_be_visible()
    assert [c for c in shop.complaints if "400" not in c] == []


async def test_terms_are_kept_as_shown_and_what_they_give_back_can_be_refunded(shop):
    await shop.start_plan("Team")
    page = shop.page
    await sign_in_as(shop, FINANCE)
    invoice = await shop.open("/finance")
    await invoice.get_by_role("link", name="SBX-2026-000001").click()
    await page.get_by_label("Bank reference").fill("BK-1")
    await page.get_by_role("button", name="Record the payment").click()

    base = await customer(shop, "Subscriptions and quotes")
    await page.get_by_role("link", name="Negotiate Team").click()
    await page.locator("[name='c.base.amount']").fill("200.00")
    await page.get_by_label("Reason").fill("A friend of the house")
    await page.get_by_role("button", name="Preview the terms").click()
    await page.get_by_role("button", name="Confirm and be credited CN¥100.00").click()
    await expect(page.get_by_text("A friend of the house")).to_be_visible()

    await shop.open(base)
    await page.get_by_label("Pay back in CNY").fill("100.01")
    await page.get_by_label("Bank reference").fill("BACK-1")
    await page.get_by_role("button", name="Preview the refund").click()
    await expect(page.get_by_label("Pay back in CNY")).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("Pay back in CNY").fill("40")
    await page.get_by_label("Bank reference").fill("BACK-1")
    await page.get_by_role("button", name="Preview the refund").click()
    await expect(page.get_by_role("listitem").filter(has_text="Credit then")).to_contain_text("60")
    await page.get_by_role("button", name="Record the refund").click()
    await expect(page.get_by_label("Pay back in CNY")).to_have_value("60.00")
    assert await seen(shop, (base,)) == []


async def test_a_customer_is_billed_as_finance_was_shown(shop):
    await shop.application.apply_tax_sheet(EXAMPLE, dry_run=False)
    await shop.start_plan("Team")
    await sign_in_as(shop, FINANCE)
    base = await customer(shop, "Billing terms")
    page = shop.page
    await page.get_by_label("Grace period in hours").fill("48")
    await page.get_by_label("Payment term in days").fill("30")
    await page.get_by_label("Threshold in CNY").fill("0")
    await page.get_by_role("button", name="Preview the billing terms").click()
    await expect(page.get_by_label("Threshold in CNY")).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("Threshold in CNY").fill("")
    await page.get_by_label("A pause").select_option("holding_fee")
    await page.get_by_role("button", name="Preview the billing terms").click()
    shown = page.get_by_role("listitem")
    await expect(shown).to_have_text(
        [re.compile("0 hours → 48 hours"), re.compile("14 → 30"), re.compile("goes on charging")]
    )
    await page.get_by_role("button", name="Bill like this from now on").click()
    await expect(page.get_by_label("Payment term in days")).to_have_value("30")
    await page.get_by_label("Of Team alone").fill("PO-7")
    await page.get_by_role("button", name="Keep – Of Team alone").click()
    await expect(page.get_by_label("Of Team alone")).to_have_value("PO-7")

    await page.get_by_text("Record a certificate").click()
    await page.get_by_label("Number of the certificate").fill("EX-1")
    await page.get_by_label("From", exact=True).fill("2026-01-01")
    await page.get_by_label("Reason in English").fill("Charity")
    await page.get_by_label("Reason in Chinese").fill("慈善机构")
    await page.get_by_role("button", name="Record the certificate").click()
    await expect(page.get_by_role("row").filter(has_text="EX-1")).to_contain_text("Active")
    await page.get_by_label("End EX-1").click()
    await page.get_by_role("button", name="Yes, end it").click()
    await expect(page.get_by_role("row").filter(has_text="EX-1")).to_contain_text("Ended")
    assert await seen(shop, (f"{base}/terms",)) == []
