"""What the portal, the API and finance see."""

from datetime import UTC, datetime

import pytest

from billing.domain.records import InvoiceState
from billing.errors import InvoiceNotFound
from billing.repositories.accounts import AccountRepository
from billing.repositories.invoices import InvoiceFilter
from billing.services.get_invoice import GetInvoice
from billing.services.get_subscription import GetSubscription
from billing.services.invoices_csv import InvoicesCsv
from billing.services.list_all_invoices import ListAllInvoices
from billing.services.list_invoices import ListInvoices
from billing.services.list_subscriptions import ListSubscriptions
from billing.services.render_invoice_pdf import RenderInvoicePdf
from billing.services.resume_billing import ResumeBilling
from control_plane.subscriptions.domain import Status
from control_plane.tenancy.clocks import TenantClock
from tests.support.billing_world import ACTOR, World, organisation


async def test_a_subscription_shows_its_plan_price_period_and_what_is_scheduled(
    world: World, tenant_id
):
    subscription = await world.subscribe(tenant_id, "scale")
    await world.book(tenant_id, subscription)
    await world.move(tenant_id, subscription, "growth")
    await world.cancel(tenant_id=tenant_id, subscription_id=subscription, actor=ACTOR)

    [shown] = await ListSubscriptions(world.work, TenantClock(world.clock))(tenant_id)

    assert (shown.status, shown.plan.code, shown.fee.decimal_text()) == (
        Status.ACTIVE,
        "scale",
        "3999.00",
    )
    end = datetime(2026, 2, 10, 2, tzinfo=UTC)
    assert shown.next_invoice_at == shown.ends_at == end
    assert [(s.effective_at, s.plan) for s in shown.scheduled] == [(end, None)]
    # The subscription ends long before the season: its cancellation gave the booking up.
    assert [(a.addon.code, a.status) for a in shown.addons] == [("peak_618", Status.ENDED)]
    again = await GetSubscription(world.work, TenantClock(world.clock))(
        tenant_id=tenant_id, subscription_id=subscription
    )
    assert again == shown


async def test_a_scheduled_plan_is_shown_and_an_ended_subscription_keeps_its_last(
    world: World, tenant_id
):
    subscription = await world.subscribe(tenant_id, "scale")
    await world.move(tenant_id, subscription, "growth")
    lister = ListSubscriptions(world.work, TenantClock(world.clock))
    [shown] = await lister(tenant_id)
    assert [s.plan and s.plan.code for s in shown.scheduled] == ["growth"]

    await world.cancel(tenant_id=tenant_id, subscription_id=subscription, actor=ACTOR, at_once=True)
    [shown] = await lister(tenant_id)
    assert (shown.status, shown.plan.code, shown.next_invoice_at) == (Status.ENDED, "scale", None)


async def test_invoices_are_listed_page_by_page_and_by_filter(world: World, tenant_id):
    await world.subscribe(tenant_id)
    world.clock.set(datetime(2026, 6, 10, 2, tzinfo=UTC))
    await world.close_due(tenant_id)
    lister = ListInvoices(world.work)

    first = await lister(tenant_id, InvoiceFilter(limit=4))
    rest = await lister(
        tenant_id, InvoiceFilter(limit=4, before=(first[-1].dated, first[-1].number))
    )
    spring = await lister(
        tenant_id,
        InvoiceFilter(
            state=InvoiceState.ISSUED,
            currency="CNY",
            dated_from=datetime(2026, 3, 1, tzinfo=UTC).date(),
            dated_to=datetime(2026, 4, 30, tzinfo=UTC).date(),
        ),
    )

    assert [i.number[-1] for i in first + rest] == ["6", "5", "4", "3", "2", "1"]
    assert [i.number[-1] for i in spring] == ["4", "3"]


async def test_a_tenant_never_sees_anothers_invoice(world: World, tenant_id, other_tenant_id):
    await world.subscribe(tenant_id)
    [invoice] = await world.invoices(tenant_id)

    assert await ListInvoices(world.work)(other_tenant_id) == []
    for service in (GetInvoice(world.work), RenderInvoicePdf(world.work), world.explain):
        with pytest.raises(InvoiceNotFound):
            await service(tenant_id=other_tenant_id, invoice_id=invoice.summary.id)


async def test_finance_lists_every_tenants_invoices_and_takes_them_as_csv(
    world: World, tenant_id, other_tenant_id, staff, admin
):
    admin.execute("UPDATE organisations SET name = '=cmd()' WHERE id = %s", [other_tenant_id])
    for tenant in (tenant_id, other_tenant_id):
        await world.subscribe(tenant)
    list_all = ListAllInvoices(staff)

    found = await list_all()
    only = await list_all(InvoiceFilter(tenant_id=tenant_id))
    written = b"".join([piece async for piece in InvoicesCsv(list_all)()]).decode()

    assert [f.invoice.number for f in found] == ["TY-2026-000002", "TY-2026-000001"]
    assert [f.customer for f in only] == ["Bella"]
    lines = written.splitlines()
    assert lines[0].startswith("number,date,payable_by,customer")
    assert len(lines) == 3
    assert "'=cmd()" in lines[1]
    assert ",CNY,1999.00,1999.00,issued," in lines[2]


async def test_an_invoice_is_drawn_and_explained(world: World, tenant_id):
    await world.subscribe(tenant_id)
    [invoice] = await world.invoices(tenant_id)

    pdf = await RenderInvoicePdf(world.work)(
        tenant_id=tenant_id, invoice_id=invoice.summary.id, language="zh_CN"
    )
    explained = await world.explain(
        tenant_id=tenant_id, invoice_id=invoice.summary.id, language="zh_CN"
    )

    assert pdf.startswith(b"%PDF-")
    assert explained.lines[0].steps[0].text == "一个完整周期的费用：1,999.00。"


async def test_sandboxes_have_numbers_of_their_own(world: World, tenant_id, admin):
    sandbox = organisation(admin, "play", sandbox=True)
    for tenant in (tenant_id, sandbox):
        await world.subscribe(tenant)

    numbers = [(await world.invoices(t))[0].summary.number for t in (tenant_id, sandbox)]

    assert numbers == ["TY-2026-000001", "SBX-2026-000001"]


async def test_a_parked_tenant_goes_on_where_it_stopped_once_resumed(world: World, tenant_id):
    await world.subscribe(tenant_id)
    async with world.work(tenant_id) as session:
        await AccountRepository(session).park(tenant_id, world.clock.now(), "looked at")
    world.clock.set(datetime(2026, 3, 12, tzinfo=UTC))
    assert await world.close_due(tenant_id) == []
    assert [(f.rule, f.where) for f in await world.check_books(tenant_id)] == [
        ("billing is halted", ("looked at",))
    ]

    await ResumeBilling(world.work)(tenant_id=tenant_id, actor=ACTOR)

    assert [i.due_at.day for i in await world.close_due(tenant_id)] == [10, 10]
