"""The usage page says which events came too late to be counted."""

import pytest
from playwright.async_api import expect

from tests.browser.test_access import look
from tests.support.late_events import refuse

pytestmark = pytest.mark.browser


async def test_events_that_were_not_counted_are_on_the_usage_page(portal, admin):
    await portal.sign_up()
    page = await portal.open("/portal/usage")
    await expect(page.locator("#refused")).to_have_count(0)
    (tenant,) = admin.execute("SELECT id FROM organisations").fetchone()
    refuse(admin, tenant, *(f"late-{n}" for n in range(12)))

    for language, theme in (("en", "light"), ("zh", "dark")):
        await look(portal, language, theme)
        await portal.open("/portal/usage")
        table = page.get_by_role("region").filter(has_text="late-11")
        await expect(table.get_by_role("row")).to_have_count(11)
        for width in (1280, 390):
            await page.set_viewport_size({"width": width, "height": 900})
            assert await portal.problems_for_access() == []
            wide = "document.documentElement.scrollWidth"
            assert await page.evaluate(wide) <= width
    assert portal.complaints == []
