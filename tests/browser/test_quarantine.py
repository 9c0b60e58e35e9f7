"""The pages of quarantine: what is there, replayed by a button, discarded with a reason."""

import pytest
from playwright.async_api import expect

from control_plane.identity.domain import StaffRole
from control_plane.kernel.ids import TenantId
from tests.browser.conftest import PASSWORD
from tests.browser.test_access import look
from tests.integration.api.test_quarantine_calls import NAP, NAPS_METER, nap
from tests.support.api import CATALOGUE

pytestmark = pytest.mark.browser

OTHER = "com.example.some.long.and.unheard.of.event.type.nobody.counts"


async def test_events_in_quarantine_are_seen_replayed_and_discarded(portal, admin):
    await portal.sign_up()
    page = await portal.open("/portal/usage")
    await expect(page.get_by_role("link", name="See the quarantine")).to_have_count(0)
    (tenant,) = admin.execute("SELECT id FROM organisations").fetchone()
    naps = [nap(f"nap-{n}") for n in range(55)]
    await portal.application.ingest_usage(TenantId(tenant), [*naps, nap("x", type=OTHER)])
    catalogue = CATALOGUE.read_text(encoding="utf-8").replace("\nplans:", NAPS_METER, 1)
    await portal.application.apply_catalog(catalogue)

    for language, theme in (("zh", "dark"), ("en", "light")):
        await look(portal, language, theme)
        for path in ("/portal/usage", "/portal/usage/quarantine"):
            await portal.open(path)
            for width in (1280, 390):
                await page.set_viewport_size({"width": width, "height": 900})
                assert await portal.problems_for_access() == []
                wide = "document.documentElement.scrollWidth"
                assert await page.evaluate(wide) <= width

    await page.get_by_role("link", name=NAP).first.click()
    await page.get_by_role("link", name="Older events").click()
    await expect(page.get_by_role("region").filter(has_text="nap-0").last).to_be_visible()
    await portal.open("/portal/usage/quarantine")
    await page.get_by_role("button", name="Replay", exact=True).click()
    await expect(page.get_by_text("The events are counted.")).to_be_visible()
    await page.get_by_label(f"Discard {OTHER}").click()
    await page.get_by_label("Reason").fill("Sent by a test")
    await page.get_by_role("button", name="Yes, discard them").click()
    await expect(page.get_by_text("Nothing is in quarantine.")).to_be_visible()
    counted = admin.execute("SELECT count(*) FROM usage_events WHERE type = %s", [NAP])
    assert counted.fetchone() == (55,)
    assert portal.complaints == []


async def test_staff_read_the_quarantine_of_all_and_open_one(portal, admin):
    await portal.sign_up()
    (tenant,) = admin.execute("SELECT id FROM organisations").fetchone()
    await portal.application.ingest_usage(TenantId(tenant), [nap("a"), nap("x", type=OTHER)])
    await portal.application.create_staff_user(
        email="otto@vendor.example",
        password=PASSWORD,
        name="Otto",
        staff_roles=[StaffRole.OPERATOR],
    )
    await portal.context.clear_cookies()
    await portal.sign_in("otto@vendor.example")
    for language, theme in (("zh", "dark"), ("en", "light")):
        await look(portal, language, theme)
        page = await portal.open("/operator/quarantine")
        for path in (page.url, None):
            if path is None:
                await page.get_by_role("link", name=OTHER).click()
            for width in (1280, 390):
                await page.set_viewport_size({"width": width, "height": 900})
                assert await portal.problems_for_access() == []
                wide = "document.documentElement.scrollWidth"
                assert await page.evaluate(wide) <= width
    assert portal.complaints == []
