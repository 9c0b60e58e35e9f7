"""An issued invoice is mailed to who pays: owner and billing members of live organisations."""

from datetime import UTC, datetime

import pytest

from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import format_id, new_id
from control_plane.notifications.adapters.memory import MemoryMailer
from control_plane.notifications.handler import DeliverMail
from control_plane.runtime.outbox import OutboxRelay
from control_plane.runtime.topics import ENTITLEMENTS_CHANGED, INVOICE_ISSUED, MAIL_REQUESTED
from control_plane.tenancy.links import InvitationLinks
from tests.support.billing_world import World, ignore, organisation


def join(admin, tenant_id, name, role):
    user = new_id()
    admin.execute(
        "INSERT INTO users (id, email, name, created_at) VALUES (%s, %s, %s, '2026-01-01Z')",
        [user, f"{name.lower()}@example.com", name],
    )
    admin.execute(
        "INSERT INTO members (tenant_id, user_id, role, joined_at) "
        "VALUES (%s, %s, %s, '2026-01-01Z')",
        [tenant_id, user, role],
    )


@pytest.fixture
def mailbox(system):
    """Deliver everything; give what was mailed."""

    async def delivered():
        mailer = MemoryMailer()
        links = InvitationLinks("https://tallyard.test/", "secret")
        handlers = {
            MAIL_REQUESTED: DeliverMail(mailer, links),
            INVOICE_ISSUED: ignore,
            ENTITLEMENTS_CHANGED: ignore,
        }
        # The outbox stamps messages with the database's real time.
        while await OutboxRelay(system, handlers, SystemClock()).run_once():
            pass
        return mailer.sent

    return delivered


async def test_owner_and_billing_members_are_told_and_nobody_else(
    world: World, tenant_id, admin, mailbox
):
    for name, role in [("Ada", "owner"), ("Bo", "billing"), ("Cy", "admin"), ("Di", "viewer")]:
        join(admin, tenant_id, name, role)

    await world.subscribe(tenant_id)

    sent = await mailbox()
    assert sorted(mail.to for mail in sent) == ["ada@example.com", "bo@example.com"]
    [invoice] = await world.invoices(tenant_id)
    page = f"https://tallyard.test/portal/invoices/{format_id('inv', invoice.summary.id)}\n"
    for mail in sent:
        assert mail.subject == f"Invoice {invoice.summary.number}: 1999.00 CNY"
        assert page in mail.body


async def test_the_mail_speaks_the_organisations_language(world: World, tenant_id, admin, mailbox):
    join(admin, tenant_id, "Ada", "owner")
    admin.execute("UPDATE organisations SET language = 'zh_CN' WHERE id = %s", [tenant_id])

    await world.subscribe(tenant_id)

    [mail] = await mailbox()
    assert mail.subject == "账单 TY-2026-000001:1999.00 CNY".replace(":", "\uff1a")


async def test_a_closed_period_is_mailed_once_however_often_it_is_closed(
    world: World, tenant_id, admin, mailbox
):
    await world.subscribe(tenant_id)
    join(admin, tenant_id, "Ada", "owner")
    world.clock.set(datetime(2026, 2, 10, 2, tzinfo=UTC))

    await world.close_due(tenant_id)
    await world.close_due(tenant_id)

    assert [mail.subject for mail in await mailbox()] == ["Invoice TY-2026-000002: 1999.00 CNY"]


async def test_an_invoice_over_nothing_is_not_mailed(world: World, tenant_id, admin, mailbox):
    subscription = await world.subscribe(tenant_id)
    join(admin, tenant_id, "Ada", "owner")
    await world.cancel(tenant_id=tenant_id, subscription_id=subscription, actor="usr_test")
    world.clock.set(datetime(2026, 2, 10, 2, tzinfo=UTC))

    [invoice] = await world.close_due(tenant_id)

    assert invoice.total.minor == 0
    assert await mailbox() == []


async def test_a_sandbox_gets_no_mail(world: World, admin, mailbox):
    sandbox = organisation(admin, "trial", sandbox=True)
    join(admin, sandbox, "Ada", "owner")

    await world.subscribe(sandbox)

    assert len(await world.invoices(sandbox)) == 1
    assert await mailbox() == []


async def test_who_pays_is_reminded_once_when_an_invoice_falls_overdue(
    world: World, tenant_id, admin, mailbox
):
    await world.subscribe(tenant_id)
    join(admin, tenant_id, "Ada", "owner")
    world.clock.set(datetime(2026, 1, 24, 15, tzinfo=UTC))
    await world.mark_overdue(tenant_id)
    assert await mailbox() == []

    world.clock.set(datetime(2026, 1, 25, 2, tzinfo=UTC))
    await world.mark_overdue(tenant_id)
    await world.mark_overdue(tenant_id)

    [mail] = await mailbox()
    assert mail.subject == "Reminder: invoice TY-2026-000001 is overdue"
    assert "was payable by 2026-01-24. 1999.00 CNY of it are still open." in mail.body


async def test_a_sandbox_is_not_reminded(world: World, admin, mailbox):
    sandbox = organisation(admin, "trial", sandbox=True)
    join(admin, sandbox, "Ada", "owner")
    await world.subscribe(sandbox)
    world.clock.set(datetime(2026, 3, 25, 2, tzinfo=UTC))

    assert await world.mark_overdue(sandbox) != []

    assert await mailbox() == []
