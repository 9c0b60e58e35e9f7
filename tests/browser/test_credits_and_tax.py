"""Billing details, wallets and coupons in a browser, from finance's side and the customer's."""

import os
from pathlib import Path

import pytest
from playwright.async_api import expect

from control_plane.identity.domain import StaffRole
from tests.browser.conftest import PASSWORD

pytestmark = pytest.mark.browser

EXAMPLE = Path("docs/billing/tax.example.yaml").read_text(encoding="utf-8")
SHOTS = os.environ.get("TALLYARD_SHOTS")
FINANCE = "fiona@tallyard.example"


async def shot(portal, name: str) -> None:
    """Keep a picture for people to judge, where asked to."""
    if SHOTS:
        await portal.page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


async def sign_in_as(portal, email: str) -> None:
    await portal.context.clear_cookies()
    await portal.sign_in(email)


async def offer_coupon(portal) -> None:
    page = await portal.open("/finance/discounts")
    await page.get_by_label("Code", exact=True).fill("double11")
    await page.get_by_label("Name in English", exact=True).fill("Double 11")
    await page.get_by_label("Name in Chinese", exact=True).fill("双十一")
    await page.get_by_label("Percent off", exact=True).fill("15")
    await page.get_by_role("button", name="Offer it").click()
    await page.get_by_text("The coupon can be redeemed.").wait_for()
    await page.get_by_role("rowheader", name="DOUBLE11").wait_for()


async def publish_rates(portal) -> None:
    page = await portal.open("/finance/tax")
    source = page.get_by_label("Companies and rates, as YAML", exact=True)
    await source.fill("rates: [{jurisdiction: XX}]")
    await page.get_by_role("button", name="Publish").click()
    await page.get_by_text("1:24 rates[0].jurisdiction").wait_for()
    await source.fill(EXAMPLE)
    await page.get_by_role("button", name="Show what would change").click()
    await page.get_by_text("Added: company shanghai").wait_for()
    await page.get_by_role("button", name="Publish").click()
    await page.get_by_text("The tax file is published.").wait_for()


async def fill_in_details(portal) -> None:
    page = await portal.open("/portal/billing-details")
    await page.get_by_label("Registered name", exact=True).fill("Bella SARL")
    await page.get_by_label("Country or region", exact=True).select_option("FR")
    await page.get_by_label("Tax number", exact=True).fill("FR40303265046")
    await page.get_by_label("Street and number", exact=True).fill("1 rue de la Paix")
    await page.get_by_label("City", exact=True).fill("Paris")
    await page.get_by_role("button", name="Keep the details").click()
    await page.get_by_text("is not a tax number of FR").wait_for()
    await shot(portal, "details-refused")
    await page.get_by_label("Tax number", exact=True).fill("FR 40 303 265 045")
    await page.get_by_role("button", name="Keep the details").click()
    await page.get_by_text("Your billing details are kept.").wait_for()


async def ask_for_topup(portal) -> None:
    page = await portal.open("/portal/balance")
    await page.get_by_label("Coupon code", exact=True).fill("Double11")
    await page.get_by_role("button", name="Redeem").click()
    await page.get_by_text("The coupon is redeemed.").wait_for()
    await page.get_by_label("Name", exact=True).fill("Peak season")
    await page.get_by_role("button", name="Open a wallet in CNY").click()
    await page.get_by_text("Top up", exact=True).click()
    amount = page.get_by_label("Amount in CNY", exact=True)
    await amount.fill("plenty")
    await page.get_by_role("button", name="Ask for the top-up").click()
    await expect(amount).to_have_attribute("aria-invalid", "true")
    await expect(amount).to_have_value("plenty")
    await page.get_by_text("“plenty” is not an amount in CNY.").wait_for()
    await amount.fill("500.00")
    await page.get_by_role("button", name="Ask for the top-up").click()
    await page.get_by_text("waits for your transfer").first.wait_for()


async def record_transfer(portal) -> None:
    page = await portal.open("/finance/customers?q=bella")
    await page.get_by_role("link", name="Bella Pizza").click()
    await page.get_by_text("Record the transfer").click()
    await page.get_by_label("Bank reference", exact=True).fill("ICBC-1")
    await page.get_by_role("button", name="500.00 arrived").click()
    await page.get_by_text("The payment is recorded.").wait_for()
    await page.get_by_label("Amount in CNY", exact=True).fill("88.00")
    await page.get_by_label("Reason", exact=True).fill("Welcome")
    await page.get_by_role("button", name="Grant it").click()
    await page.get_by_text("The credit is granted.").wait_for()


async def test_a_customer_redeems_pays_ahead_and_says_who_it_is(portal):
    await portal.application.create_staff_user(
        email=FINANCE, password=PASSWORD, name="Fiona", staff_roles=[StaffRole.FINANCE]
    )
    await portal.sign_up()
    await sign_in_as(portal, FINANCE)
    await offer_coupon(portal)
    await publish_rates(portal)
    await sign_in_as(portal, "bella@pizza.example")
    await fill_in_details(portal)
    await ask_for_topup(portal)
    await sign_in_as(portal, FINANCE)
    await record_transfer(portal)
    findings = await seen(portal, ("/finance/discounts", "/finance/tax", portal.page.url))
    await sign_in_as(portal, "bella@pizza.example")
    page = await portal.open("/portal/balance")

    await page.get_by_text("SBX-R-2026-000001").wait_for()
    assert await page.get_by_text("500.00").count() >= 2
    assert await page.get_by_text("88.00").count() >= 1
    findings += await seen(portal, ("/portal/balance", "/portal/billing-details"))
    assert "\n".join(findings) == ""
    assert [c for c in portal.complaints if "400" not in c] == []


async def seen(portal, paths: tuple[str, ...]) -> list[str]:
    """What axe finds on pages in both languages and themes, and whatever sticks out on a phone."""
    findings: list[str] = []
    for given in paths:
        path = given.removeprefix(portal.url).partition("?")[0]
        for language, theme, width in (("en", "light", 1280), ("zh_CN", "dark", 390)):
            await portal.page.set_viewport_size({"width": width, "height": 900})
            await portal.context.add_cookies(
                [
                    {"name": "tallyard_language", "value": language, "url": portal.url},
                    {"name": "tallyard_theme", "value": theme, "url": portal.url},
                ]
            )
            page = await portal.open(path)
            name = path.strip("/").replace("/", "-")[:40]
            await shot(portal, f"{name}-{language}-{theme}")
            findings += await portal.problems_for_access()
            over = await page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if over > 0:
                findings.append(f"{path}: {over} px too wide at {width}")
    await portal.context.add_cookies(
        [{"name": "tallyard_language", "value": "en", "url": portal.url}]
    )
    await portal.page.set_viewport_size({"width": 1280, "height": 900})
    return findings
