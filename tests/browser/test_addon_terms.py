"""What booking an add-on commits to can be read by everybody, in both languages."""

import pytest
from playwright.async_api import expect

from tests.browser.test_access import look
from tests.support.api import CATALOGUE

pytestmark = pytest.mark.browser

TERMS = """\
    early_bird: [{days_before: 60, prices: [{currency: CNY, amount: "777.00"}, \
{currency: USD, amount: "111.00"}]}]
    cancellation: [{days_before: 30, refund: "100"}, {days_before: 7, refund: "50"}]
    prices:
      - {currency: CNY, amount: "888.00"}
"""


LOOKS = [
    (language, theme, words)
    for language, words in (("en", "Terms of booking"), ("zh", "预订条款"))
    for theme in ("light", "dark")
]


async def test_the_terms_of_booking_open_and_nothing_is_in_the_way(portal):
    plain = '    prices:\n      - {currency: CNY, amount: "888.00"}\n'
    catalogue = CATALOGUE.read_text(encoding="utf-8")
    assert plain in catalogue
    await portal.application.apply_catalog(catalogue.replace(plain, TERMS))
    await portal.sign_up()
    for language, theme, summary in LOOKS:
        await look(portal, language, theme)
        page = await portal.open("/portal/addons")
        for width in (390, 1280):
            await page.set_viewport_size({"width": width, "height": 900})
            assert await portal.problems_for_access() == [], (language, theme, width)
        await page.get_by_text(summary).click()
        await expect(page.get_by_text("777.00").last).to_be_visible()
        assert await portal.problems_for_access() == [], (language, theme, "open")
    assert portal.complaints == []
