"""A customer's way through the portal, with a real browser."""

import re

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.browser


async def test_from_sign_up_to_invoice_key_and_member(portal):
    await portal.sign_up()
    page = await portal.open("/portal")
    await expect(page.get_by_text("No plan is in force yet")).to_be_visible()

    await page.get_by_role("link", name="Choose a plan").first.click()
    await page.get_by_role("button", name="Preview Growth").click()
    await expect(page.get_by_role("heading", name="Start Growth")).to_be_visible()
    await expect(page.get_by_role("row", name=re.compile("^Total"))).to_contain_text("1,999.00")

    await page.get_by_role("button", name="Confirm and be invoiced").click()
    await page.wait_for_url("**/portal/invoices/inv_*")
    await expect(page.get_by_role("status")).to_contain_text("The plan is in force")
    await expect(page.get_by_role("article")).to_contain_text("CN¥1,999.00")
    await page.get_by_text("How this was worked out").first.click()
    await expect(page.get_by_text("The fee of one whole period")).to_be_visible()

    await page.get_by_role("link", name="API keys").click()
    await page.get_by_label("Name", exact=True).fill("Warehouse scanner")
    await page.get_by_label("Post receipts and shipments in the modules").check()
    await page.get_by_role("button", name="Create the key").click()
    secret = await page.locator(".secret code").inner_text()
    assert secret.startswith("tyk_")
    await page.get_by_role("link", name="I have copied it").click()
    assert secret not in await page.content()
    await page.get_by_label("Revoke Warehouse scanner").click()
    await page.get_by_role("button", name="Yes, revoke it").click()
    await expect(page.get_by_role("row", name=re.compile("Warehouse scanner"))).to_contain_text(
        "Revoked"
    )

    await page.get_by_role("link", name="Members").click()
    await page.get_by_label("E-mail address").fill("lilei@pizza.example")
    await page.get_by_label("Role", exact=True).select_option("billing")
    await page.get_by_role("button", name="Send the invitation").click()
    await expect(page.get_by_role("row", name=re.compile("lilei@pizza.example"))).to_contain_text(
        "Billing"
    )

    await page.get_by_role("link", name="Audit trail").click()
    for fact in ("subscription.started", "api_key.revoked", "member.invited"):
        await expect(page.get_by_text(fact)).to_be_visible()
    assert portal.complaints == []


async def test_upgrade_shows_the_difference_and_charges_what_was_shown(portal):
    await portal.sign_up()
    await portal.start_plan("Growth")
    portal.clock.advance(days=10)
    await portal.sign_in()  # sessions live in real time, which went on too

    page = await portal.open("/portal/plans")
    await page.get_by_role("button", name="Preview Scale").click()
    await expect(page.get_by_text("+CN¥2,000.00")).to_be_visible()
    total = (
        await page.get_by_role("row", name=re.compile("^Total")).get_by_role("cell").inner_text()
    )
    await page.get_by_role("button", name="Confirm and be invoiced").click()
    await page.wait_for_url("**/portal/invoices/inv_*")
    await expect(page.locator(".total")).to_have_text(total)


async def test_a_stale_preview_does_nothing_and_shows_a_fresh_one(portal):
    await portal.sign_up()
    await portal.start_plan("Growth")
    page = await portal.open("/portal/plans")
    await page.get_by_role("button", name="Preview Scale").click()
    await expect(page.get_by_role("heading", name="Change to Scale")).to_be_visible()

    portal.clock.advance(minutes=16)
    await page.get_by_role("button", name="Confirm and be invoiced").click()

    await expect(page.get_by_text("nothing was done")).to_be_visible()
    await page.get_by_role("button", name="Confirm and be invoiced").click()
    await page.wait_for_url("**/portal/invoices/inv_*")


async def test_a_season_is_booked_once_from_its_preview(portal):
    await portal.sign_up()
    await portal.start_plan("Growth")
    page = await portal.open("/portal/addons")
    await page.get_by_role("button", name=re.compile("618")).click()
    await expect(page.get_by_role("row", name=re.compile("^Total"))).to_contain_text("888.00")
    await page.get_by_role("button", name="Confirm and be invoiced").click()
    await page.wait_for_url("**/portal/invoices/inv_*")

    await portal.open("/portal/addons")
    await expect(page.get_by_role("button", name=re.compile("618"))).to_have_count(0)
    await portal.open("/portal/entitlements")
    await expect(page.get_by_role("cell", name="550 a day")).to_be_visible()


async def test_everything_works_without_script(portal, browser):
    context = await browser.new_context(java_script_enabled=False)
    portal.page = await context.new_page()
    await portal.sign_up()
    await portal.start_plan("Growth")
    await portal.page.get_by_role("button", name="Sign out").first.click()
    await expect(portal.page.get_by_text("You are signed out.")).to_be_visible()
    response = await portal.page.goto(portal.url + "/portal/plans")
    assert response is not None
    assert "/sign-in?next=%2Fportal%2Fplans" in portal.page.url
    await portal.page.get_by_label("E-mail address").fill("bella@pizza.example")
    await portal.page.get_by_label("Password").fill("correct horse battery staple")
    await portal.page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(portal.page.get_by_role("heading", name="Plans", exact=True)).to_be_visible()
    await context.close()


async def test_a_bad_password_is_told_beside_what_was_typed(portal):
    page = await portal.open("/sign-up")
    await page.get_by_label("Company name").fill("Bella Pizza")
    await page.get_by_label("Your name").fill("Bella")
    await page.get_by_label("E-mail address").fill("bella@pizza.example")
    await page.get_by_label("Password").evaluate("field => field.removeAttribute('minlength')")
    await page.get_by_label("Password").fill("short")
    await page.get_by_role("button", name="Create the account").click()
    await expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_label("Company name")).to_have_value("Bella Pizza")


async def test_a_sandbox_clock_is_made_and_sent_on(portal):
    await portal.sign_up(sandbox=True)
    page = await portal.open("/portal/test-clock")
    await page.get_by_role("button", name="Give it a test clock").click()
    await page.get_by_role("button", name="One week").click()
    await expect(page.get_by_text("On the way to")).to_be_visible()


async def test_a_live_part_is_the_same_markup_as_in_its_page(portal):
    await portal.sign_up()
    await portal.start_plan("Growth")
    page = await portal.open("/portal")
    whole = await page.locator("[data-live=modules]").inner_text()

    part = await portal.context.request.get(
        portal.url + "/portal", headers={"X-Fragment": "modules"}
    )

    fragment = await part.text()
    assert "<html" not in fragment
    assert all(line.strip() in fragment for line in whole.splitlines())
