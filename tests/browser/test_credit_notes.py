"""Credit notes and what is not issued yet, seen by the customer and by finance."""

import os
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from control_plane.identity.domain import StaffRole
from tests.browser.conftest import PASSWORD

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("TALLYARD_SHOTS")


async def shot(portal, name: str) -> None:
    if SHOTS:
        await portal.page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


async def test_finance_gives_an_invoice_back_and_the_customer_sees_the_note(portal):
    await portal.sign_up()
    await portal.start_plan("Growth")
    portal.clock.advance(hours=1)
    await portal.application.create_staff_user(
        email="staff@tallyard.example",
        password=PASSWORD,
        name="Staff",
        staff_roles=[StaffRole.FINANCE],
    )
    await portal.context.clear_cookies()
    await portal.sign_in("staff@tallyard.example")
    page = await portal.open("/finance")
    await page.get_by_role("link", name=re.compile(r"^\w+-2026-000001$")).click()
    await shot(portal, "finance-invoice")
    assert await portal.problems_for_access() == []
    await page.get_by_label("Reason").fill("An outage")
    await page.get_by_role("button", name="Give all of it back").click()
    await page.get_by_role("link", name=re.compile("CN-2026-000001")).click()
    await expect(page.get_by_role("heading", name=re.compile("CN-2026-000001"))).to_be_visible()

    await portal.context.clear_cookies()
    await portal.sign_in()
    page = await portal.open("/portal/invoices")
    await shot(portal, "invoices")
    assert await portal.problems_for_access() == []
    await expect(page.get_by_role("heading", name="Next invoice")).to_be_visible()
    await page.get_by_role("link", name=re.compile(r"^\w+-2026-000001$")).click()
    await shot(portal, "invoice")
    await page.get_by_role("link", name=re.compile("CN-2026-000001")).click()
    await page.get_by_text("How this was worked out").first.click()
    await expect(page.get_by_text("Given back, though it is owed")).to_be_visible()
    await shot(portal, "credit-note")
    assert await portal.problems_for_access() == []
    assert portal.complaints == []
