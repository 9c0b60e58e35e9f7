"""Every page for everybody: axe finds nothing, in both languages, both themes, wide and narrow."""

import json
import re

import pytest
from playwright.async_api import expect

from control_plane.identity.domain import StaffRole
from provisioner.runtimes.memory import MemoryRuntime
from tests.browser.conftest import PASSWORD

pytestmark = pytest.mark.browser

PUBLIC = ("/sign-in", "/sign-up", "/no-such-page")
CUSTOMER = (
    "/portal",
    "/portal/plans",
    "/portal/plans?interval=year",
    "/portal/addons",
    "/portal/entitlements",
    "/portal/usage",
    "/portal/invoices",
    "/portal/api-keys",
    "/portal/members",
    "/portal/audit",
    "/portal/test-clock",
    "/portal/settings",
)
STAFF = ("/finance", "/operator", "/operator/instances")
LOOKS = [("en", "light"), ("zh", "dark")]  # contrast hangs on the theme, names on the language


async def look(portal, language: str, theme: str) -> None:
    await portal.context.add_cookies(
        [
            {"name": "tallyard_language", "value": language, "url": portal.url},
            {"name": "tallyard_theme", "value": theme, "url": portal.url},
        ]
    )


async def findings(portal, paths) -> list[str]:
    """What axe finds, and pages wider than a phone of 360 pixels."""
    found = []
    for language, theme in LOOKS:
        await look(portal, language, theme)
        for path in paths:
            await portal.page.goto(portal.url + path)
            found += [f"{language} {theme} {line}" for line in await portal.problems_for_access()]
    await portal.page.set_viewport_size({"width": 360, "height": 800})
    for path in paths:
        await portal.page.goto(portal.url + path)
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        if await portal.page.evaluate(wide) > 0:
            found.append(f"{path} is wider than the screen")
    return found


async def used(portal) -> None:
    """Let the company have used something."""
    event = {
        "specversion": "1.0",
        "id": "shipment-1",
        "source": "/instances/test",
        "type": "tallyard.outbound.shipment_posted",
        "time": portal.clock.now().isoformat(),
        "subject": "outbound",
        "data": {"calls": 1, "lines": 12, "units": "40"},
    }
    page = await portal.open("/portal/api-keys")
    await page.get_by_label("Name", exact=True).fill("Reporter")
    await page.get_by_label("Report usage events").check()
    await page.get_by_role("button", name="Create the key").click()
    secret = await page.locator(".secret code").inner_text()
    answer = await portal.context.request.post(
        portal.url + "/v1/events",
        headers={
            "Authorization": f"Bearer {secret}",
            "Content-Type": "application/cloudevents+json",
        },
        data=json.dumps(event),
    )
    assert (await answer.json())["results"][0]["status"] == "accepted"


async def test_customer_pages_are_open_to_everybody(portal):
    portal.application.runtime = MemoryRuntime()
    assert await findings(portal, PUBLIC) == []
    await look(portal, "en", "light")
    await portal.sign_up(sandbox=True)
    await portal.start_plan("Growth")
    await used(portal)

    await portal.open("/portal")
    await expect(portal.page.get_by_role("img", name="Shipment lines by day")).to_be_visible()
    invoice = await portal.page.get_by_role("link", name="See the invoice").get_attribute("href")
    plan = "/portal/plans/preview?plan=scale&interval=month&subscription="
    await portal.open("/portal/plans")
    subscription = await portal.page.locator("input[name=subscription]").first.input_value()
    await portal.page.set_viewport_size({"width": 1280, "height": 900})
    found = await findings(portal, (*CUSTOMER, invoice, plan + subscription))
    assert found == [], "\n".join(found)


async def test_staff_pages_are_open_to_everybody(portal):
    portal.application.runtime = MemoryRuntime()
    await portal.sign_up()
    await portal.start_plan("Growth")
    await portal.application.create_staff_user(
        email="staff@tallyard.example",
        password=PASSWORD,
        name="Staff",
        staff_roles=[StaffRole.FINANCE, StaffRole.OPERATOR],
    )
    await portal.context.clear_cookies()
    await portal.sign_in("staff@tallyard.example")
    await portal.open("/finance")
    link = portal.page.get_by_role("link", name=re.compile("^(TY|SBX)-"))
    assert await findings(portal, (*STAFF, await link.get_attribute("href"))) == []


async def test_language_and_theme_are_kept_in_this_browser(portal):
    page = await portal.open("/sign-in")
    await page.get_by_role("button", name="中文").click()
    await expect(page.get_by_role("heading", name="登录")).to_be_visible()
    assert await page.locator("html").get_attribute("lang") == "zh-CN"
    await page.get_by_role("button", name="深色").click()
    await portal.open("/sign-up")
    assert await page.locator("html").get_attribute("data-theme") == "dark"
    await expect(page.get_by_role("button", name="注册")).to_be_visible()


async def test_a_chinese_browser_gets_chinese_without_asking(portal, browser):
    context = await browser.new_context(locale="zh-CN")
    page = await context.new_page()
    await page.goto(portal.url + "/sign-in")
    await expect(page.get_by_role("heading", name="登录")).to_be_visible()
    await context.close()
