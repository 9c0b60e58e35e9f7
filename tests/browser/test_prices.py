"""Every charge model of the guide is told to customers on the plans page."""

import pytest
from playwright.async_api import expect

from tests.browser.test_access import look
from tests.support.api import CATALOGUE
from tests.support.pricing_guide import with_every_model

pytestmark = pytest.mark.browser

PRICES = """\
    trial_days: 14
    prices:
      - currency: CNY
        interval: month
        count: 6
        charges: [{code: base, kind: flat, amount: "9999.00", name: {en: Fee, zh: 订阅费}}]
      - currency: CNY
        interval: month
        tax_inclusive: true
        commitment: {amount: "5000.00"}
        charges:
"""


def catalogue_with_every_model() -> str:
    return with_every_model(CATALOGUE.read_text(encoding="utf-8"), PRICES)


@pytest.mark.parametrize(
    ("language", "theme", "said"),
    [
        ("en", "light", "CN¥5.00 for each package of 100 parcels started"),
        ("zh", "dark", "每 100 件为一包，每包 ¥5.00，不足一包按一包计"),
    ],
)
async def test_the_plans_page_says_what_every_charge_comes_to(portal, language, theme, said):
    await portal.application.apply_catalog(catalogue_with_every_model())
    await portal.sign_up()
    await look(portal, language, theme)

    page = await portal.open("/portal/plans")
    card = page.locator("section.plan").first
    await card.locator("details summary").click()

    await expect(card.get_by_text(said)).to_be_visible()
    assert await portal.problems_for_access() == []
    assert portal.complaints == []
    width = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    await page.set_viewport_size({"width": 360, "height": 780})
    assert await page.evaluate(width)


async def test_a_price_of_six_months_is_shown_and_previewed(portal):
    await portal.application.apply_catalog(catalogue_with_every_model())
    await portal.sign_up()

    page = await portal.open("/portal/plans")
    await page.get_by_role("link", name="Every 6 months").click()
    await expect(page.get_by_text("every 6 months").first).to_be_visible()
    await page.get_by_role("button", name="Preview Every model").click()

    await expect(page.locator("main")).to_contain_text("9,999.00")
