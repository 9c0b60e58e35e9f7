"""Features of every kind in words: on plans, on the entitlements page, and in finance's forms."""

from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.async_api import expect

from control_plane.entitlements.services.grant_feature import Terms
from control_plane.identity.domain import StaffRole
from control_plane.kernel.anchor import Interval
from control_plane.kernel.ids import TenantId, format_id
from provisioner.runtimes.memory import MemoryRuntime
from tests.browser.conftest import PASSWORD
from tests.browser.test_access import look
from tests.support.kinds_catalogue import with_every_kind

pytestmark = pytest.mark.browser

LOOKS = (("en", "light", 1280), ("zh", "dark", 390))
IN_WORDS = {
    "en": (
        "12,000 a month",
        "100,000 within the last hour, may be passed",
        "25 in all",
        "2.5 a second, 9 at once",
        "4 at once",
    ),
    "zh": (
        "每月 12,000",
        "最近 1 小时内 100,000（可超出）",
        "总计 25",
        "每秒 2.5，突发 9",
        "同时 4",
    ),
}
REFUSED = {
    "en": "“Carried over at most” cannot be “5”. Give whole numbers",
    "zh": "“最多结转”不能为“5”。请填整数",
}


@pytest.fixture
async def shop(portal):
    portal.application.runtime = MemoryRuntime()
    await portal.application.apply_catalog(with_every_kind())
    await portal.sign_up()
    await portal.start_plan("Growth")
    return portal


def owner_of(admin) -> TenantId:
    (found,) = admin.execute("SELECT id FROM organisations WHERE name = 'Bella Pizza'").fetchone()
    return TenantId(found)


async def seen(portal, path, language, theme, width):
    """Open a page in a look, and hold it to what every page is held to."""
    await look(portal, language, theme)
    await portal.page.set_viewport_size({"width": width, "height": 900})
    page = await portal.open(path)
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert await portal.problems_for_access() == []
    return page


async def test_limits_of_every_kind_are_told_in_words(shop, admin):
    owner, now = owner_of(admin), shop.clock.now()
    for feature, terms in (
        ("outbound.labels", Terms(every=Interval.MONTH)),
        ("outbound.orders_per_day", Terms(expires_at=now + timedelta(days=40))),
    ):
        await shop.application.grant_feature(
            tenant_id=owner,
            feature=feature,
            value=Decimal(5000),
            reason="Launch of the new warehouse",
            actor="usr_1",
            terms=terms,
        )
    await shop.application.publish_snapshot(owner)
    for language, theme, width in LOOKS:
        page = await seen(shop, "/portal/plans", language, theme, width)
        growth = page.locator("section.plan.chosen")
        for words in IN_WORDS[language]:
            await expect(growth).to_contain_text(words)
        page = await seen(shop, "/portal/entitlements", language, theme, width)
        table = page.locator(".table").first
        for words in IN_WORDS[language][1:]:
            await expect(table).to_contain_text(words)
        await expect(table).not_to_contain_text("plan:growth@")
        await expect(table.locator("details")).to_have_count(1)
        await expect(page.locator("main")).to_contain_text("Launch of the new warehouse")


async def test_what_a_grant_cannot_be_is_told_by_the_field_s_label(shop, admin):
    await shop.application.create_staff_user(
        email="fay@tallyard.example",
        password=PASSWORD,
        name="Fay",
        staff_roles=[StaffRole.FINANCE],
    )
    address = f"/finance/customers/{format_id('ten', owner_of(admin))}/entitlements"
    await shop.context.clear_cookies()
    await shop.sign_in("fay@tallyard.example")
    for language, theme, width in LOOKS:
        page = await seen(shop, address, language, theme, width)
        form = page.locator("form[action$='/grants']")
        await form.locator("[name=feature]").select_option("outbound.rate")
        await form.locator("[name=value]").fill("2.5/9")
        await form.locator("[name=reason]").fill("Goodwill")
        await form.locator("[name=rollover_most]").fill("5")
        await form.locator("button[type=submit]").click()
        await expect(form.locator(".error-text")).to_contain_text(REFUSED[language])
        await expect(form.locator("[name=rollover_most]")).to_have_attribute("aria-invalid", "true")
        # The other form on the page holds nothing of what was typed into this one.
        override = page.locator("form[action$='/overrides']")
        await expect(override.locator("[name=value]")).to_have_value("")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await shop.problems_for_access() == []
