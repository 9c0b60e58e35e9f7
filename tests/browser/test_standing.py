"""An overdue payment in a browser: the banner in both languages, and finance holding the ladder."""

import os
from datetime import timedelta

import pytest
from playwright.async_api import expect

from control_plane.identity.domain import StaffRole
from provisioner.runtimes.memory import MemoryRuntime
from tests.browser.conftest import PASSWORD
from tests.support.api import CATALOGUE

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("TALLYARD_SHOTS")


async def look(portal, language: str) -> None:
    await portal.context.add_cookies(
        [{"name": "tallyard_language", "value": language, "url": portal.url}]
    )


async def shot(portal, name: str) -> None:
    """Keep a picture for people to judge, where asked to."""
    if SHOTS:
        await portal.page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


async def live_on(portal, days: int) -> None:
    for _ in range(days):
        portal.clock.advance(days=1)
        await portal.application.follow_ladders.run()


async def test_the_customer_sees_what_comes_and_finance_holds_it(portal):
    source = CATALOGUE.read_text(encoding="utf-8")
    await portal.application.apply_catalog(
        source.replace("  - code: growth\n", "  - code: growth\n    ladder: {}\n")
    )
    portal.application.runtime = MemoryRuntime()
    await portal.sign_up()
    await portal.start_plan("Growth")
    await portal.application.create_staff_user(
        email="fay@tallyard.example",
        password=PASSWORD,
        name="Fay",
        staff_roles=[StaffRole.FINANCE],
    )
    await live_on(portal, 30)
    await portal.context.clear_cookies()
    await portal.sign_in()

    page = await portal.open("/portal")
    banner = page.get_by_role("alert").filter(has_text="read-only")
    await expect(banner).to_contain_text("your organisation is suspended on")
    await expect(banner).to_contain_text("To pay:")
    await shot(portal, "standing-home-en")
    page = await portal.open("/portal/standing")
    await expect(page.get_by_role("heading", name="What has happened")).to_be_visible()
    await shot(portal, "standing-en")
    assert await portal.problems_for_access() == []
    await look(portal, "zh")
    page = await portal.open("/portal/standing")
    await expect(page.get_by_role("alert")).to_contain_text("暂停服务")
    await shot(portal, "standing-zh")
    assert await portal.problems_for_access() == []

    await portal.context.clear_cookies()
    await portal.sign_in("fay@tallyard.example")
    page = await portal.open("/finance/standings")
    # By the customer's own clock: the first second of a day in Shanghai.
    await expect(page.get_by_role("row", name="Bella Pizza")).to_contain_text("25 Jan 2026 00:00")
    await page.get_by_role("link", name="Bella Pizza").click()
    await page.get_by_label("Until").fill("2020-01-01T00:00")
    await page.get_by_label("Reason").fill("The bank lost the transfer")
    await page.get_by_role("button", name="Hold", exact=True).click()
    await expect(page.get_by_label("Until")).to_have_attribute("aria-invalid", "true")
    until = portal.clock.now() + timedelta(days=30)
    await page.get_by_label("Until").fill(f"{until:%Y-%m-%dT%H:%M}")
    await page.get_by_role("button", name="Hold", exact=True).click()
    await expect(page.get_by_text("The ladder is held.")).to_be_visible()
    await expect(page.get_by_text("Held: The bank lost the transfer")).to_be_visible()
    await shot(portal, "standing-finance-en")
    assert await portal.problems_for_access() == []
    await page.get_by_role("button", name="Release now").click()
    await expect(page.get_by_text("The hold has ended.")).to_be_visible()
    # The browser itself remarks on the one form that was refused.
    assert [c for c in portal.complaints if "400" not in c] == []
