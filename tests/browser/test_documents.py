"""The files of an invoice: the menu that offers them, and the page that is one of them."""

import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser


async def look(page, name):
    """Keep a picture where somebody asked for one."""
    if folder := os.environ.get("LOOK"):
        await page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_menu_of_formats_opens_and_can_be_read(portal, theme):
    await portal.page.emulate_media(color_scheme=theme)
    await portal.sign_up()
    await portal.start_plan()

    await portal.page.get_by_text("Other formats").click()

    link = portal.page.get_by_role("link", name="Web page, for printing")
    await link.wait_for(state="visible")
    await look(portal.page, f"menu-{theme}")
    assert await portal.problems_for_access() == []

    address = await link.get_attribute("href")
    await portal.open(address)
    await look(portal.page, f"page-{theme}")
    assert await portal.page.title() == "Invoice SBX-2026-000001"
    assert await portal.problems_for_access() == []
    assert portal.complaints == []
