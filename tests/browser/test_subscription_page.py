"""A subscription in a real browser: everything it can be asked, previewed, confirmed, undone."""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from billing.domain.life.orders import Order
from billing.domain.life.requests import BookingWanted, StartWanted
from billing.services.quotes.make_quote import QuoteWanted
from control_plane.identity.domain import StaffRole
from control_plane.kernel.ids import TenantId
from provisioner.runtimes.memory import MemoryRuntime
from tests.browser.conftest import PASSWORD
from tests.browser.test_access import LOOKS, look
from tests.support.life_catalogue import WITH_OURS

pytestmark = pytest.mark.browser


async def shots(portal, name: str) -> list[str]:
    """What axe finds in both looks, wide and narrow; pictures where a folder asks for them."""
    found, url = [], portal.page.url
    folder = os.environ.get("TALLYARD_SHOTS")
    for language, theme in LOOKS:
        await look(portal, language, theme)
        for width in (1280, 390):
            await portal.page.set_viewport_size({"width": width, "height": 900})
            await portal.page.goto(url)
            wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            if await portal.page.evaluate(wide) > 0:
                found.append(f"{name} is wider than {width}")
            found += await portal.problems_for_access()
            if folder:
                path = Path(folder) / f"{name}-{language}-{theme}-{width}.png"
                await portal.page.screenshot(path=path, full_page=True)
    await look(portal, "en", "light")
    await portal.page.set_viewport_size({"width": 1280, "height": 900})
    await portal.page.goto(url)
    return found


async def test_a_subscription_is_changed_in_the_browser_as_it_is_shown(portal):
    portal.application.runtime = MemoryRuntime()
    await portal.application.apply_catalog(WITH_OURS)
    await portal.sign_up()
    await portal.start_plan("Team")
    portal.clock.advance(days=7)
    await portal.sign_in()
    page = await portal.open("/portal/plans")
    await page.get_by_role("link", name="Manage Team").click()
    here = page.url
    found = await shots(portal, "subscription")

    await page.get_by_role("button", name="One more").click()
    await page.get_by_role("button", name="One more").click()
    await (
        page.locator("form:has([value=change_quantity])")
        .get_by_role("button", name="Preview")
        .click()
    )
    await expect(page.get_by_role("heading", name="Set Seats to 3")).to_be_visible()
    found += await shots(portal, "preview-seats")
    await page.get_by_role("button", name="Confirm and be invoiced").click()
    await page.wait_for_url("**/portal/invoices/inv_*")

    await page.goto(here)
    await (
        page.locator("form:has([value=cancel])")
        .get_by_role("button", name="Preview the cancellation")
        .click()
    )
    await page.get_by_role("button", name="Confirm").click()
    await expect(page.get_by_text("Cancelled: it ends on")).to_be_visible()
    found += await shots(portal, "cancelled")
    await page.get_by_role("button", name="Take it back").click()
    await page.get_by_role("button", name="Confirm").click()
    await expect(page.get_by_text("Cancelled: it ends on")).not_to_be_visible()

    await (
        page.locator("form:has([value=pause])")
        .get_by_role("button", name="Preview the pause")
        .click()
    )
    await expect(page.locator(".difference .figure")).to_have_text(
        [re.compile(r"^CN¥\d\d\d\.00"), re.compile(r"^CN¥0\.00")]
    )
    found += await shots(portal, "preview-pause")
    await page.get_by_role("button", name="Confirm and be credited").click()
    await expect(page.get_by_text("This subscription is paused")).to_be_visible()
    await page.get_by_role("button", name="Preview resuming").first.click()
    await page.get_by_role("button", name="Confirm and be invoiced").click()

    await page.goto(here)
    await page.get_by_role("link", name="Compare plans").click()
    await page.get_by_role("button", name="Preview Scale").click()
    found += await shots(portal, "preview-plan")
    await portal.open("/portal/addons")
    await page.get_by_role("button", name="Preview 618 peak").last.click()
    found += await shots(portal, "preview-addon")
    await page.get_by_role("button", name="Confirm and be invoiced").click()
    await page.goto(here)
    found += await shots(portal, "with-season")
    assert found == []
    assert portal.complaints == []


async def test_a_quote_is_read_and_accepted_in_the_browser(portal, admin):
    portal.application.runtime = MemoryRuntime()
    await portal.application.apply_catalog(WITH_OURS)
    await portal.sign_up()
    tenant = TenantId(admin.execute("SELECT id FROM organisations").fetchone()[0])
    await portal.application.make_quote(
        tenant_id=tenant,
        wanted=QuoteWanted(
            order=Order(
                StartWanted("team", quantities={"seats": 5}), (BookingWanted("early_618"),)
            ),
            valid_until=portal.clock.now() + timedelta(days=14),
            purchase_order="PO-7",
            note="As discussed with Bella.",
        ),
        actor="usr_staff",
    )
    page = await portal.open("/portal/quotes")
    found = await shots(portal, "quotes")
    await page.get_by_role("link", name="Q-2026-000001").click()
    found += await shots(portal, "quote")
    await page.get_by_role("button", name="Accept and start").click()
    await expect(page.get_by_text("The quote is accepted.")).to_be_visible()
    assert found == []
    assert portal.complaints == []


async def test_staff_see_who_pays_more_before_a_plans_new_version_moves_them(portal):
    portal.application.runtime = MemoryRuntime()
    await portal.application.apply_catalog(WITH_OURS)
    await portal.sign_up()
    await portal.start_plan("Team")
    dearer = WITH_OURS.replace('amount: "60.00"', 'amount: "90.00"')
    await portal.application.apply_catalog(dearer)
    await portal.application.create_staff_user(
        email="staff@tallyard.example",
        password=PASSWORD,
        name="Staff",
        staff_roles=[StaffRole.FINANCE],
    )
    await portal.context.clear_cookies()
    await portal.sign_in("staff@tallyard.example")

    page = await portal.open("/operator/plan-migrations")
    await page.get_by_label("Plan", exact=True).select_option("team")
    await page.get_by_role("button", name="Preview").click()
    await expect(page.get_by_role("row").filter(has_text="Bella Pizza")).to_contain_text(
        "+CN¥30.00"
    )
    found = await shots(portal, "plan-versions")
    await page.get_by_role("button", name="Move these subscriptions: 1").click()
    await expect(page.get_by_role("row").filter(has_text="Bella Pizza")).to_contain_text("Pending")
    await portal.application.migrate_plans.run()
    await page.reload()
    await expect(page.get_by_role("row").filter(has_text="Bella Pizza")).to_contain_text("Moved")
    found += await shots(portal, "plan-migration")
    assert found == []
    assert portal.complaints == []
