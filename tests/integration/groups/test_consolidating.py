"""Children's invoices become one document, and one payment settles them all exactly once."""

import pytest

from billing.domain.groups.errors import ConsolidatedAlreadyPaid, ConsolidatedAmountMismatch
from billing.services.groups.share_invoice import ShareOrCollect
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import ConsolidatedInvoiceId, OutboxId, new_id, parse_id
from control_plane.kernel.money import Money
from tests.integration.groups.conftest import tenant_of

CNY = currency("CNY")


@pytest.fixture
async def family(groups):
    """A parent that pays for two children, who have one invoice each."""
    parent = await groups.site.company("Parent")
    children = [await groups.site.company(name) for name in ("First", "Second")]
    bought = []
    for child in children:
        await groups.joined(child, parent)
        bought.append(await groups.subscribe(child))
    return parent, children, bought


async def consolidated(groups, parent):
    groups.clock.advance(days=1)
    await groups.site.application.consolidate_groups.run()
    return (await parent.get("/v1/consolidated-invoices")).json()


async def pay(groups, parent, made, reference="BANK-1", amount=None):
    await groups.site.application.record_consolidated_payment(
        tenant_id=tenant_of(parent),
        consolidated_id=ConsolidatedInvoiceId(parse_id("cin", made["id"])),
        amount=Money.parse(amount or made["total"], CNY),
        reference=reference,
        actor="usr_finance",
    )
    await groups.deliver()


async def states(children, bought):
    found = [
        (await child.get(f"/v1/invoices/{sub['invoice_id']}")).json()
        for child, sub in zip(children, bought, strict=True)
    ]
    return [detail["invoice"]["state"] for detail in found]


async def test_the_day_over_its_invoices_are_one_document(groups, family):
    parent, _, _ = family
    application = groups.site.application
    assert await application.consolidate(tenant_of(parent)) == []  # the day is not over
    [made] = await consolidated(groups, parent)
    detail = (await parent.get(f"/v1/consolidated-invoices/{made['id']}")).json()
    assert {line["child_name"] for line in detail["content"]["invoices"]} == {"First", "Second"}
    assert detail["content"]["total_minor"] == sum(
        line["open_minor"] for line in detail["content"]["invoices"]
    )
    assert "-G-2026-000001" in made["number"]
    assert await application.consolidate(tenant_of(parent)) == []


async def test_one_payment_settles_every_child_once(groups, family, admin):
    parent, children, bought = family
    [made] = await consolidated(groups, parent)
    await pay(groups, parent, made)
    await pay(groups, parent, made)
    payload = {"consolidated_id": str(parse_id("cin", made["id"]))}
    await groups.site.application.settle_children(tenant_of(parent), payload, OutboxId(new_id()))
    assert await states(children, bought) == ["paid", "paid"]
    paid = admin.execute("SELECT count(*), sum(amount_minor) FROM payments").fetchone()
    assert paid == (2, Money.parse(made["total"], CNY).minor)
    for child in children:
        books = await groups.site.application.check_books(tenant_of(child))
        assert books == []


async def test_a_settling_that_was_cut_short_goes_on(groups, family, admin):
    parent, _, _ = family
    [made] = await consolidated(groups, parent)
    await pay(groups, parent, made)
    admin.execute("UPDATE group_invoices SET settled_at = NULL")
    payload = {"consolidated_id": str(parse_id("cin", made["id"]))}
    await groups.site.application.settle_children(tenant_of(parent), payload, OutboxId(new_id()))
    assert admin.execute("SELECT count(*) FROM payments").fetchone() == (2,)
    assert admin.execute(
        "SELECT count(*) FROM group_invoices WHERE settled_at IS NULL"
    ).fetchone() == (0,)


async def test_a_payment_is_of_the_total_and_comes_once(groups, family):
    parent, _, _ = family
    [made] = await consolidated(groups, parent)
    with pytest.raises(ConsolidatedAmountMismatch):
        await pay(groups, parent, made, amount="1.00")
    await pay(groups, parent, made)
    with pytest.raises(ConsolidatedAlreadyPaid):
        await pay(groups, parent, made, reference="BANK-2")


async def test_what_a_child_paid_itself_is_left_to_a_person(groups, family):
    parent, children, bought = family
    [made] = await consolidated(groups, parent)
    application = groups.site.application
    detail = (await children[0].get(f"/v1/invoices/{bought[0]['invoice_id']}")).json()
    await application.record_payment(
        tenant_id=tenant_of(children[0]),
        invoice_id=parse_id("inv", bought[0]["invoice_id"]),
        amount=Money.parse(detail["invoice"]["open"], CNY),
        reference="OWN-1",
        actor="usr_finance",
    )
    await pay(groups, parent, made)
    found = (await parent.get(f"/v1/consolidated-invoices/{made['id']}")).json()["invoices"]
    assert {i["child"]: i["unsettled_because"] for i in found} == {
        "First": "invoice_already_paid",
        "Second": None,
    }
    assert await states(children, bought) == ["paid", "paid"]


async def test_by_month_they_wait_for_the_months_end(groups, family):
    parent, _, _ = family
    await parent.client.put(
        "/v1/group/cadence", json={"cadence": "month"}, headers={"Idempotency-Key": str(new_id())}
    )
    assert await consolidated(groups, parent) == []
    groups.clock.advance(days=25)
    [made] = await consolidated(groups, parent)
    assert (made["first_day"], made["last_day"]) == ("2026-01-01", "2026-01-31")


async def test_a_parent_that_does_not_pay_gets_no_document(groups):
    parent, child = await groups.site.company("Parent"), await groups.site.company("Child")
    await groups.joined(child, parent, parent_pays=False)
    await groups.subscribe(child)
    assert await consolidated(groups, parent) == []


async def test_what_a_parent_pays_is_not_collected_from_the_child(groups):
    parent, child = await groups.site.company("Parent"), await groups.site.company("Child")
    alone = await groups.site.company("Alone")
    collected = []

    async def collect(tenant_id, payload, delivery_id):
        collected.append(tenant_id)

    await groups.joined(child, parent)
    handler = ShareOrCollect(groups.site.application.share_invoice, collect)
    for company in (child, alone):
        bought = await groups.subscribe(company)
        payload = {"invoice_id": str(parse_id("inv", bought["invoice_id"]))}
        await handler(tenant_of(company), payload, OutboxId(new_id()))
    assert collected == [tenant_of(alone)]


async def test_a_credit_note_lowers_what_is_still_to_be_consolidated(groups, admin):
    parent, child = await groups.site.company("Parent"), await groups.site.company("Child")
    await groups.joined(child, parent)
    bought = await groups.subscribe(child)
    invoice = parse_id("inv", bought["invoice_id"])
    admin.execute("UPDATE invoices SET credited_minor = 100 WHERE id = %s", [invoice])
    await groups.site.application.after_credit_note(
        tenant_of(child), {"invoice_id": str(invoice)}, OutboxId(new_id())
    )
    [shown] = (await parent.get("/v1/group/invoices")).json()
    assert Money.parse(shown["total"], CNY).minor - Money.parse(shown["open"], CNY).minor == 100
