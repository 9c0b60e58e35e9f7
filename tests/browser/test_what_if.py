"""What-if in a browser: plans compared over months lived, and a catalogue tried by finance."""

import os
import re
from datetime import UTC, date
from pathlib import Path

import pytest
from playwright.async_api import Download, expect

from control_plane.identity.domain import StaffRole
from tests.browser.conftest import PASSWORD
from tests.browser.test_access import look
from tests.support.api import CATALOGUE
from web.patience import LONGEST_SECONDS

pytestmark = pytest.mark.browser

WIDTHS = (1280, 390)
PATIENCE = 2 * LONGEST_SECONDS * 1000
"""For an answer that the site itself works on for up to half as long before it gives up."""
NARROW = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


async def picture(page, name: str) -> None:
    """Keep a picture where somebody asks for them."""
    if folder := os.environ.get("TALLYARD_PICTURES"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


async def looked_at(portal, name: str) -> list[str]:
    """What is wrong with the page as it is, wide and narrow."""
    found = []
    for width in WIDTHS:
        await portal.page.set_viewport_size({"width": width, "height": 900})
        found += await portal.problems_for_access()
        if not await portal.page.evaluate(NARROW):
            found.append(f"{name} is wider than {width}")
        await picture(portal.page, f"{name}-{width}")
    return found


async def lived(portal) -> None:
    """A customer on Growth, two whole months later."""
    await portal.sign_up()
    await portal.start_plan("Growth")
    portal.clock.advance(days=63)
    await portal.sign_in()


async def test_before_a_first_whole_month_nothing_is_compared(portal):
    await portal.sign_up()
    await portal.start_plan("Growth")
    page = await portal.open("/portal/plans")

    await expect(page.get_by_role("heading", name="What each plan would have cost")).to_have_count(
        0
    )


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh", "dark")])
async def test_a_customer_sees_what_each_plan_would_have_cost(portal, language, theme):
    await lived(portal)
    await look(portal, language, theme)
    page = await portal.open("/portal/plans")
    card = page.locator("section", has=page.locator("#would-have-cost")).last

    held = card.locator("li.held")
    await expect(held).to_have_count(1)
    await expect(held).to_contain_text("3,998.00")
    amounts = [
        int(re.sub(r"\D", "", text.splitlines()[0]))
        for text in await card.locator(".hbar-amount").all_inner_texts()
    ]
    assert amounts == sorted(amounts), "the cheapest comes first"
    assert await looked_at(portal, f"plans-{language}") == []
    assert portal.complaints == []


async def finance(portal) -> None:
    await portal.application.create_staff_user(
        email="fiona@tallyard.example",
        password=PASSWORD,
        name="Fiona",
        staff_roles=[StaffRole.FINANCE],
    )
    await portal.context.clear_cookies()
    await portal.sign_in("fiona@tallyard.example")


def dearer() -> str:
    return CATALOGUE.read_text(encoding="utf-8").replace('"1999.00"', '"2099.00"')


async def asked(portal, catalogue: str) -> None:
    page = await portal.open("/finance/backtest")
    day = portal.clock.now().astimezone(UTC)
    await page.locator("#first").fill("2026-01-01")
    await page.locator("#last").fill(f"{day:%Y-%m-%d}")
    await page.locator("#catalog").fill(catalogue)
    await page.locator("input[name=sandboxes]").check()
    await page.locator("main form.card button[type=submit]").click(timeout=PATIENCE)


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh", "dark")])
async def test_finance_tries_a_catalogue_over_the_history_there_was(portal, language, theme):
    await lived(portal)
    await finance(portal)
    await look(portal, language, theme)
    assert await looked_at(portal, f"backtest-empty-{language}") == []
    await asked(portal, dearer())
    main = portal.page.locator("main")

    await expect(main.locator(".hbar-amount")).to_contain_text("300.00")
    await expect(main.locator("table")).to_contain_text("Bella Pizza")
    assert await looked_at(portal, f"backtest-{language}") == []
    assert portal.complaints == []


async def download(page, button: str) -> Download:
    """The file behind a button: each is a backtest of its own, made before the answer begins."""
    async with page.expect_download(timeout=PATIENCE) as answer:
        await page.get_by_role("button", name=button).click(timeout=PATIENCE)
    return await answer.value


async def test_both_files_hold_every_customer_and_may_be_had_one_after_the_other(portal):
    await lived(portal)
    await finance(portal)
    await asked(portal, dearer())
    await expect(portal.page.locator("#result")).to_be_visible(timeout=PATIENCE)
    csv = await download(portal.page, "Download CSV")
    text = Path(await csv.path()).read_text(encoding="utf-8")
    excel = await download(portal.page, "Download Excel")

    assert text.startswith("customer,tenant,before")
    assert "Bella Pizza" in text
    assert excel.suggested_filename.endswith(".xlsx")


async def test_a_file_is_read_into_the_form_before_it_is_sent(portal, tmp_path):
    await finance(portal)
    page = await portal.open("/finance/backtest")
    chosen = tmp_path / "new.yaml"
    chosen.write_text(dearer(), encoding="utf-8")

    await page.get_by_label("Take the catalogue from a file").set_input_files(chosen)

    await expect(page.locator("#catalog")).to_have_value(dearer())


async def test_what_is_wrong_with_the_question_is_told_in_place(portal):
    await finance(portal)
    await asked(portal, "modules: []\nfeatures: []\n")
    page = portal.page

    await expect(page.get_by_text("1:1 ")).to_contain_text("“plans” is missing here")
    assert await page.locator("#catalog").input_value() == "modules: []\nfeatures: []"

    await page.locator("#first").fill("2026-03-01")
    await page.locator("#last").fill("2026-02-01")
    await page.get_by_role("button", name="Run the backtest").click()
    await expect(page.locator("#last-error")).to_contain_text("2026-02-01")
    await page.locator("#last").fill(date.max.isoformat())
    await page.get_by_role("button", name="Run the backtest").click()
    await expect(page.locator("#last-error")).to_contain_text("too far away")
    assert await portal.problems_for_access() == []
