"""Finance's reports in a browser: charts and tables in both languages, nothing out of reach."""

import os
from datetime import date
from pathlib import Path

import pytest

from control_plane.identity.domain import StaffRole
from control_plane.kernel.ids import TenantId, new_id
from control_plane.runtime.unit_of_work import UnitOfWork
from tests.browser.conftest import PASSWORD
from tests.support.revenue_books import PaperBooks, Sold

pytestmark = pytest.mark.browser

PAGES = (
    "trial-balance",
    "general-ledger",
    "receivables",
    "revenue",
    "deferred",
    "taxes",
    "mrr",
)
SPAN = "first=2025-01-01&last=2026-01-10"


@pytest.fixture
async def finance(portal, admin):
    """Two customers with a year of invoices, and somebody of finance who is signed in."""
    for name in ("Bella Pizza", "华东仓储"):
        tenant = TenantId(new_id())
        admin.execute(
            "INSERT INTO organisations (id, slug, name, zone, language, currency, sandbox, "
            "created_at, state) VALUES (%s, %s, %s, 'Asia/Shanghai', 'en', 'CNY', false, "
            "'2025-01-01Z', 'active')",
            [tenant, str(tenant)[-12:], name],
        )
        books = PaperBooks(admin, UnitOfWork(portal.application.database), tenant).open()
        await a_year(books, 199_900 if name == "Bella Pizza" else 1_249_900)
    await portal.application.create_staff_user(
        email="fiona@tallyard.example",
        password=PASSWORD,
        name="Fiona",
        staff_roles=[StaffRole.FINANCE],
    )
    await portal.sign_in("fiona@tallyard.example")
    return portal


async def a_year(books: PaperBooks, fee: int) -> None:
    for month in range(1, 13):
        first = date(2025, month, 1)
        last = date(2025 + month // 12, month % 12 + 1, 1)
        last = date.fromordinal(last.toordinal() - 1)
        invoice = await books.invoice(
            first,
            Sold(fee + month * 1_000, first, last),
            Sold(month * 3_333, first, last, kind="usage", charge="lines"),
            tax=fee * 6 // 100,
        )
        if month < 9:
            await books.pay(invoice, last, fee + month * 4_333 + fee * 6 // 100)
        if month == 10:
            await books.credit(invoice, last, fee // 10, 100)
    await books.invoice(
        date(2025, 11, 11), Sold(365_000, date(2025, 11, 11), date(2026, 11, 10), kind="addon")
    )


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_every_report_shows_without_a_complaint(finance, language):
    if language == "zh":
        await finance.page.get_by_role("button", name="中文").first.click()
        await finance.page.get_by_role("link", name="报表").first.wait_for()
    found = []
    for name in PAGES:
        page = await finance.open(f"/finance/reports/{name}?{SPAN}")
        await look(page, f"{name}-{language}")
        assert await page.locator("h1").count() == 1
        found += await finance.problems_for_access()
    await finance.open("/finance/vouchers")
    await look(finance.page, f"vouchers-{language}")
    found += await finance.problems_for_access()
    assert found == []
    assert finance.complaints == []


async def look(page, name: str) -> None:
    """Keep a picture where somebody asks for them."""
    folder = os.environ.get("TALLYARD_PICTURES")
    if folder:
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            await page.screenshot(path=Path(folder) / f"{name}-{scheme}.png", full_page=True)
        await page.emulate_media(color_scheme="light")


async def test_a_voucher_mapping_that_is_wrong_is_told_in_place(finance):
    page = await finance.open("/finance/vouchers")
    mapping = await page.get_by_label("Mapping").input_value()
    await page.get_by_label("Mapping").fill(mapping.replace("  cash:", "  till:"))
    await page.get_by_role("button", name="Download vouchers").click()
    await page.get_by_text("“till” is not a key that is known here").wait_for()
    assert "till" in await page.get_by_label("Mapping").input_value()


async def test_vouchers_of_a_month_are_downloaded(finance):
    page = await finance.open("/finance/vouchers")
    await page.get_by_label("Month").fill("2025-10")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Download vouchers").click()
    path = await (await download.value).path()
    text = Path(path).read_text(encoding="utf-8-sig")
    assert text.startswith("日期,凭证字号,摘要")
    assert "华东仓储" in text
