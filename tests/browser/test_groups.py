"""A group comes about on its page, with a real browser."""

import pytest
from playwright.async_api import expect

from billing.domain.groups.records import MembershipState
from control_plane.kernel.ids import TenantId
from tests.support.fapiao_world import organisation
from tests.support.group_rows import keep_group

pytestmark = pytest.mark.browser


async def test_joining_leaving_and_leading_a_group(portal, admin):
    await portal.sign_up(sandbox=True)
    application = portal.application
    row = admin.execute("SELECT id FROM organisations").fetchone()
    bella = TenantId(row[0])
    parent = organisation(admin, "parent", sandbox=True)
    page = await portal.open("/portal/group")
    await page.get_by_label("Group code").fill("no code")
    await page.get_by_role("button", name="Ask to join").click()
    await expect(page.get_by_label("Group code")).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("Group code").fill(await application.issue_group_code(parent))
    await page.get_by_label("The parent does, all of them in one").check()
    assert await portal.problems_for_access() == []
    await page.get_by_role("button", name="Ask to join").click()
    await expect(page.get_by_text("Waits for the parent")).to_be_visible()
    found = await application.read_group(bella)
    await application.answer_membership(
        tenant_id=parent, membership_id=found.parent.id, state=MembershipState.ACTIVE, actor="usr"
    )
    await page.reload()
    await expect(page.get_by_text("It sees your invoices and pays them.")).to_be_visible()
    await page.get_by_text("Leave the group").click()
    await page.get_by_role("button", name="Yes, leave it").click()

    await page.get_by_role("button", name="Show a code").click()
    await expect(page.get_by_text("Hand this code to the organisation")).to_be_visible()
    keep_group(admin, bella, "bella")
    await page.goto(f"{portal.url}/portal/group")
    await page.get_by_role("button", name="Take it in").click()
    await expect(page.get_by_text("You pay its invoices.")).to_be_visible()
    assert await portal.problems_for_access() == []
    await page.get_by_label("Property of your events").fill("costcentre")
    await page.locator("section", has_text="Cost centres").get_by_role("button").click()
    await expect(page.get_by_label("Property of your events")).to_have_value("costcentre")
    await page.get_by_role("link", name="SBX-G-bella-000001").click()
    await expect(page.get_by_text("A statement: the invoices listed")).to_be_visible()
    assert await portal.problems_for_access() == []
