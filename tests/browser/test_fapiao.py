"""A customer asks for a fapiao, and finance issues one by hand, with a real browser."""

import re

import pytest
from playwright.async_api import expect

from billing.domain.fapiao.title import FapiaoKind
from control_plane.identity.domain import StaffRole
from tests.browser.conftest import PASSWORD
from tests.support.fapiao_world import TITLE, FapiaoWorld, coupon, fapiao_world, fee

pytestmark = pytest.mark.browser
NUMBER = "26312000000123456789"


@pytest.fixture
def world(portal, database, admin, clock):
    def of_the_company() -> FapiaoWorld:
        row = admin.execute("SELECT id FROM organisations").fetchone()
        return fapiao_world(database, admin, clock, row[0])

    return of_the_company


async def fill_title(page):
    await page.get_by_label("Name", exact=True).fill(TITLE["name"])
    await page.get_by_label("Taxpayer number").fill("91110108551385082X")
    await page.get_by_label("Receive at").fill(TITLE["email"])
    await page.get_by_label("Registered address").fill(TITLE["address"])
    await page.get_by_label("Telephone").fill(TITLE["phone"])
    await page.get_by_label("Bank").fill(TITLE["bank"])
    await page.get_by_label("Account").fill(TITLE["account"])
    await page.get_by_role("button", name="Keep the title").click()
    wrong = page.get_by_label("Taxpayer number")
    await expect(wrong).to_have_attribute("aria-invalid", "true")
    await wrong.fill(TITLE["tax_id"])
    await page.get_by_role("button", name="Keep the title").click()
    await expect(page.get_by_text("The fapiao title is kept.")).to_be_visible()


async def test_a_sandbox_asks_downloads_and_reverses(portal, world):
    await portal.sign_up(sandbox=True)
    books = world()
    books.invoice([fee("a", "1999.00"), fee("b", "300.00", quantity="1200")], coupon("10"))
    second = books.invoice([fee("c", "888.00")])
    page = await portal.open("/portal/fapiao")
    await fill_title(page)
    assert await portal.problems_for_access() == []

    await page.get_by_label("Invoice TY-2026-000001").check()
    await page.get_by_label("Invoice TY-2026-000002").check()
    await page.get_by_label("Kind").select_option("special")
    await page.get_by_role("button", name="Ask for the fapiao").click()
    await expect(page.get_by_text("The fapiao is asked for.")).to_be_visible()
    await books.run()
    await page.reload()
    await expect(page.get_by_text("Issued", exact=True)).to_be_visible()
    await expect(page.get_by_text(re.compile("圆"))).to_be_visible()
    assert await portal.problems_for_access() == []
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download PDF").click()
    assert (await (await download.value).path()).read_bytes().startswith(b"%PDF")

    await books.credit(second, {"c": "88.00"})
    await books.run()
    await page.reload()
    await page.get_by_role("link", name="No number yet").click()
    await page.get_by_role("button", name="Confirm as the buyer").click()
    await books.run()
    await page.reload()
    await expect(page.get_by_role("heading", name="Red fapiao")).to_be_visible()
    await expect(page.get_by_text("（负数）")).to_be_visible()
    assert await portal.problems_for_access() == []
    assert not [c for c in portal.complaints if "400" not in c]


async def test_finance_issues_by_hand(portal, world, admin):
    await portal.sign_up()
    admin.execute("UPDATE organisations SET sandbox = false")
    books = world()
    await books.title()
    await books.issued(books.invoice([fee("a", "100.00")]), kind=FapiaoKind.SPECIAL)
    await portal.application.create_staff_user(
        email="staff@tallyard.example",
        password=PASSWORD,
        name="Staff",
        staff_roles=[StaffRole.FINANCE],
    )
    await portal.context.clear_cookies()
    await portal.sign_in("staff@tallyard.example")
    page = await portal.open("/finance/fapiao?show=waiting")
    assert await portal.problems_for_access() == []
    await page.get_by_role("link", name="No number yet").click()
    await page.get_by_label("Fapiao number").fill("12")
    await page.get_by_role("button", name="Record the number").click()
    await expect(page.get_by_text("is not the number of a digital fapiao")).to_be_visible()
    assert await portal.problems_for_access() == []
    await page.get_by_label("Fapiao number").fill(NUMBER)
    await page.get_by_role("button", name="Record the number").click()
    await expect(page.get_by_text("Issued", exact=True)).to_be_visible()
    await page.get_by_text("Reverse", exact=True).click()
    await page.get_by_role("button", name="Yes, reverse it").click()
    await expect(page.get_by_role("heading", name="Reversed by")).to_be_visible()
