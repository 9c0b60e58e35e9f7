"""Finance and operators at work, with a real browser."""

import csv
import io

import pytest
from playwright.async_api import expect

from control_plane.identity.domain import StaffRole
from control_plane.kernel.ids import TenantId, parse_id
from provisioner.runtimes.memory import MemoryRuntime
from tests.browser.conftest import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture
async def staff_member(portal):
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
    return portal


async def test_finance_filters_downloads_and_records_a_transfer(staff_member):
    page = await staff_member.open("/finance")
    await expect(page.get_by_role("row").filter(has_text="Bella Pizza")).to_have_count(1)

    await page.get_by_label("State").select_option("paid")
    await expect(page.get_by_text("No invoice matches these filters.")).to_be_visible()
    await page.get_by_role("link", name="Clear").click()

    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download CSV").click()
    content = (await (await download.value).path()).read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [(row["customer"], row["total"], row["state"]) for row in rows] == [
        ("Bella Pizza", "1999.00", "issued")
    ]

    await page.get_by_role("link", name=rows[0]["number"]).click()
    await page.get_by_label("Bank reference").fill("BK-4471")
    await page.get_by_label("Amount (CNY)").fill("2000.00")
    await page.get_by_role("button", name="Record the payment").click()
    await expect(page.get_by_label("Amount (CNY)")).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("Amount (CNY)").fill("1999.00")
    await page.get_by_role("button", name="Record the payment").click()
    await expect(page.get_by_text("The payment is recorded.")).to_be_visible()
    await expect(page.get_by_text("BK-4471")).to_be_visible()

    await staff_member.context.clear_cookies()
    await staff_member.sign_in()
    await staff_member.open("/portal/audit")
    await expect(page.get_by_text("invoice.opened_by_staff").first).to_be_visible()


async def test_a_customer_beyond_those_listed_can_be_chosen_and_the_choice_says_so(
    staff_member, admin
):
    admin.execute(
        "INSERT INTO organisations (id, slug, name, zone, language, currency, sandbox, created_at, "
        "state) SELECT uuidv7(interval '1 hour'), 'n' || n, 'Newer ' || n, 'UTC', 'en', 'CNY', "
        "false, '2026-01-01Z', 'active' FROM generate_series(1, 500) n"
    )
    page = await staff_member.open("/finance")
    await expect(page.get_by_text("The newest 500 are listed here.")).to_be_visible()
    await staff_member.open("/finance/customers?q=bella")
    await page.get_by_role("link", name="Bella Pizza").click()
    for link in ("Invoices of this customer", "Reports on this customer"):
        here = page.url
        await page.get_by_role("link", name=link).click()
        chosen = page.get_by_label("Organisation", exact=True).locator("option:checked")
        await expect(chosen).to_have_text("Bella Pizza")
        await page.goto(here)


async def test_operator_sees_tenants_instances_and_their_log(staff_member):
    page = await staff_member.open("/operator")
    row = page.get_by_role("row").filter(has_text="Bella Pizza")
    tenant_id = TenantId(parse_id("ten", await row.locator("code").inner_text()))
    await staff_member.application.publish_snapshot(tenant_id)
    await staff_member.application.provisioner.reconcile(tenant_id)

    await page.get_by_role("link", name="Bella Pizza").click()
    await expect(page.get_by_role("row").filter(has_text="outbound")).to_be_visible()
    await page.get_by_role("link", name="outbound").click()
    await expect(page.get_by_role("heading", name="outbound")).to_be_visible()
    await expect(page.get_by_role("heading", name="End of the log")).to_be_visible()
    assert staff_member.complaints == []


async def test_customers_do_not_get_staff_pages(portal):
    await portal.sign_up()
    for path in ("/finance", "/finance/invoices.csv", "/operator", "/operator/instances"):
        response = await portal.page.goto(portal.url + path)
        assert response is not None
        assert response.status == 403, path
    await expect(portal.page.get_by_role("heading", name="Not allowed")).to_be_visible()
