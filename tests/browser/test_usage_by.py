"""The usage page, grouped by what the calls said."""

import pytest
from playwright.async_api import expect

from control_plane.kernel.anchor import Interval
from control_plane.kernel.ids import TenantId
from tests.browser.test_access import look
from tests.support.usage import cloud_event

pytestmark = pytest.mark.browser


async def test_a_month_of_usage_is_grouped_by_endpoint(portal, admin):
    await portal.sign_up()
    (tenant,) = admin.execute("SELECT id FROM organisations").fetchone()
    application, owner = portal.application, TenantId(tenant)
    await application.start_subscription(
        tenant_id=owner, plan_code="growth", interval=Interval.MONTH, actor="test"
    )
    now = portal.clock.now().isoformat()
    results = await application.ingest_usage(
        owner,
        [
            cloud_event(
                f"e{n}", time=now, data={"lines": n, "calls": 1, "endpoint": f"/v1/{n % 3}"}
            )
            for n in range(9)
        ],
    )
    assert {result.status.value for result in results} == {"accepted"}
    await application.roll_due_usage.run()

    for language, theme in (("en", "light"), ("zh", "dark")):
        await look(portal, language, theme)
        page = await portal.open("/portal/usage")
        await page.get_by_label({"en": "Grouped by", "zh": "分组"}[language]).select_option(
            "endpoint"
        )
        await page.wait_for_url("**by=endpoint*")
        table = page.get_by_role("table").filter(has_text="/v1/2").first
        await expect(table.get_by_role("row")).to_have_count(4)
        for width in (1280, 390):
            await page.set_viewport_size({"width": width, "height": 900})
            assert await portal.problems_for_access() == []
            wide = "document.documentElement.scrollWidth"
            assert await page.evaluate(wide) <= width
    assert portal.complaints == []
