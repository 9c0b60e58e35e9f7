"""The pages of webhooks and usage alerts: an endpoint added, tried, failed, replayed, rotated."""

import pytest
from playwright.async_api import expect

from control_plane.kernel.ids import TenantId, format_id
from control_plane.notifications.webhooks.calling import Caller
from control_plane.notifications.webhooks.domain import EndpointKind
from control_plane.notifications.webhooks.guard import Guard
from tests.browser.test_access import look
from tests.support.webhook_peer import listening

pytestmark = pytest.mark.browser


async def test_an_endpoint_is_added_tried_replayed_and_its_secret_rotated(portal, admin):
    await portal.sign_up()
    own = Guard(allow_private=True)
    portal.application.webhook_guard = own
    portal.application.webhook_caller = Caller(own, timeout_seconds=2)
    page = await portal.open("/portal/webhooks")
    async with listening() as peer:
        peer.answers = [500, 200]
        await page.get_by_label("Address").fill("https://example.com/#no")
        await page.get_by_role("button", name="Add the endpoint").click()
        await expect(page.get_by_text("cannot be an endpoint's address")).to_be_visible()
        await page.get_by_label("Address").fill(peer.url)
        await page.get_by_label("Description").fill("Warehouse screen")
        await page.get_by_role("button", name="Add the endpoint").click()
        secret = await page.locator(".secret code").inner_text()
        await page.get_by_role("link", name="I have copied it").click()
        await page.get_by_role("button", name="Send a test message").click()
        await portal.application.send_webhooks.run_all()
        admin.execute("UPDATE webhook_deliveries SET state = 'dead', ended_at = next_at")
        await page.reload()
        await page.get_by_role("button", name="Replay all that were not delivered").click()
        await expect(page.get_by_text("It is on its way.")).to_be_visible()
        await portal.application.send_webhooks.run_all()
        await page.reload()
        await page.get_by_role("link", name="A test message").click()
        await expect(page.get_by_role("cell", name="500")).to_be_visible()
        await page.get_by_role("link", name="Warehouse screen").click()
        await page.get_by_role("button", name="Rotate the secret").click()
        await expect(page.get_by_text("24 hours more")).to_be_visible()
    assert len(peer.received) == 2
    assert all(got.signed_by(secret) for got in peer.received)
    assert [line for line in portal.complaints if "status of 400" not in line] == []


async def test_the_pages_are_accessible_in_both_languages(portal, admin):
    await portal.sign_up()
    page = await portal.open("/portal/alerts")
    await page.get_by_label("Parts of a limit, in percent").fill("60，90")
    await page.get_by_role("button", name="Keep").click()
    await expect(page.get_by_text("Your choice is kept.")).to_be_visible()
    (tenant,) = admin.execute("SELECT id FROM organisations").fetchone()
    portal.application.webhook_guard = Guard(allow_private=True)
    async with listening() as peer:
        await portal.application.create_webhook(
            tenant_id=TenantId(tenant),
            kind=EndpointKind.STANDARD,
            url=peer.url,
            events=["usage.threshold_reached"],
            actor="usr_1",
        )
    admin.execute(
        "INSERT INTO usage_alerts SELECT %s, 'outbound', 'month:2026-01', mark, 80, 100, expected, "
        "'2026-01-09Z' FROM (VALUES ('80', NULL), ('forecast', 130)) AS told (mark, expected)",
        [tenant],
    )
    await page.goto(f"{portal.url}/portal/webhooks")
    await page.get_by_role("link", name="127.0.0.1").click()
    await page.get_by_role("button", name="Send a test message").click()
    await page.get_by_role("link", name="A test message").click()
    paths = ["/portal/webhooks", "/portal/alerts"]
    await page.wait_for_url("**/webhook-deliveries/*")
    paths.append(page.url.removeprefix(portal.url))
    (endpoint,) = admin.execute("SELECT id FROM webhook_endpoints").fetchone()
    paths.append(f"/portal/webhooks/{format_id('whe', endpoint)}")
    for language, theme, width in (("zh", "dark", 390), ("en", "light", 1280)):
        await look(portal, language, theme)
        await page.set_viewport_size({"width": width, "height": 900})
        for path in paths:
            await portal.open(path)
            assert await portal.problems_for_access() == []
            wide = "document.documentElement.scrollWidth"
            assert await page.evaluate(wide) <= width
    assert portal.complaints == []
