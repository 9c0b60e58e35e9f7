"""Children's invoices become one document that the parent can pay, in parts too."""

import asyncio
import csv
import io
from dataclasses import replace

import pytest

from billing.domain.groups.errors import ConsolidatedAlreadyPaid, ConsolidatedAmountMismatch
from billing.errors import PaymentReferenceUsed
from billing.services.groups.share_invoice import ShareOrCollect
from control_plane.identity.domain import StaffRole
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import (
    ConsolidatedInvoiceId,
    InvoiceId,
    OutboxId,
    new_id,
    parse_id,
)
from control_plane.kernel.money import Money
from tests.integration.groups.conftest import tenant_of
from tests.support.api import PASSWORD

CNY = currency("CNY")


async def grouped(groups, *names):
    """A parent that pays for its children, who have one invoice each."""
    parent = await groups.site.company("Parent")
    children = [await groups.site.company(name) for name in names]
    bought = []
    for child in children:
        await groups.joined(child, parent)
        bought.append(await groups.subscribe(child))
    return parent, children, bought


@pytest.fixture
async def family(groups):
    return await grouped(groups, "First", "Second")


@pytest.fixture
async def pair(groups):
    return await grouped(groups, "First")


async def consolidated(groups, parent):
    groups.clock.advance(days=1)
    await groups.site.application.consolidate_groups.run()
    await groups.deliver()
    return (await parent.get("/v1/consolidated-invoices")).json()


async def detail(parent, made):
    return (await parent.get(f"/v1/consolidated-invoices/{made['id']}")).json()


async def pay(groups, parent, made, reference="BANK-1", amount=None, *, deliver=True):
    await groups.site.application.record_consolidated_payment(
        tenant_id=tenant_of(parent),
        consolidated_id=ConsolidatedInvoiceId(parse_id("cin", made["id"])),
        amount=Money.parse(amount or made["total"], CNY),
        reference=reference,
        actor="usr_finance",
    )
    if deliver:
        await groups.deliver()


def invoice_id(bought):
    return InvoiceId(parse_id("inv", bought["invoice_id"]))


async def opens(children, bought):
    found = [
        (await child.get(f"/v1/invoices/{sub['invoice_id']}")).json()
        for child, sub in zip(children, bought, strict=True)
    ]
    return [Money.parse(found["invoice"]["open"], CNY).minor for found in found]


async def balanced(groups, *companies):
    for company in companies:
        assert await groups.site.application.check_books(tenant_of(company)) == []


async def credited(groups, child, bought, minor):
    """Finance gives an amount back on a child's invoice."""
    application = groups.site.application
    lines = (await child.get(f"/v1/invoices/{bought['invoice_id']}")).json()["content"]["lines"]
    line = max(lines, key=lambda one: one["amount_minor"])
    note = await application.issue_credit_note(
        tenant_id=tenant_of(child),
        invoice_id=invoice_id(bought),
        lines={line["key"]: Money(minor, CNY)},
        reason="A broken week",
        actor="usr_finance",
    )
    await groups.deliver()
    return note


async def test_the_day_over_its_invoices_are_one_document(groups, family):
    parent, _, _ = family
    application = groups.site.application
    assert await application.consolidate(tenant_of(parent)) == []  # the day is not over
    [made] = await consolidated(groups, parent)
    content = (await detail(parent, made))["content"]
    assert {entry["child_name"] for entry in content["invoices"]} == {"First", "Second"}
    assert content["total_minor"] == sum(entry["open_minor"] for entry in content["invoices"])
    for entry in content["invoices"]:
        assert sum(line["net_minor"] for line in entry["lines"]) == entry["net_minor"]
    assert "-G-2026-000001" in made["number"]
    assert await application.consolidate(tenant_of(parent)) == []


async def test_two_workers_make_one_document(groups, family, admin):
    parent, _, _ = family
    groups.clock.advance(days=1)
    application = groups.site.application
    both = await asyncio.gather(*(application.consolidate(tenant_of(parent)) for _ in range(2)))
    assert sorted(map(len, both)) == [0, 1]
    assert admin.execute("SELECT count(*) FROM consolidated_invoices").fetchone() == (1,)


async def test_one_payment_settles_every_child_once(groups, family, admin):
    parent, children, bought = family
    [made] = await consolidated(groups, parent)
    await pay(groups, parent, made)
    await pay(groups, parent, made)
    payload = {"consolidated_id": str(parse_id("cin", made["id"]))}
    await groups.site.application.settle_children(tenant_of(parent), payload, OutboxId(new_id()))
    assert await opens(children, bought) == [0, 0]
    paid = admin.execute("SELECT count(*), sum(amount_minor) FROM payments").fetchone()
    assert paid == (2, Money.parse(made["total"], CNY).minor)
    assert (await detail(parent, made))["consolidated"]["state"] == "paid"
    await balanced(groups, parent, *children)


async def test_parts_settle_by_the_day_due_and_then_by_number(groups, family):
    parent, children, bought = family
    [made] = await consolidated(groups, parent)
    first, second = await opens(children, bought)
    await pay(groups, parent, made, "BANK-1", Money(first + 100, CNY).decimal_text())
    assert await opens(children, bought) == [0, second - 100]
    found = (await detail(parent, made))["consolidated"]
    assert (found["state"], Money.parse(found["open"], CNY).minor) == ("partly_paid", second - 100)
    with pytest.raises(ConsolidatedAmountMismatch):
        await pay(groups, parent, made, "BANK-2", made["total"])
    await pay(groups, parent, made, "BANK-2", Money(second - 100, CNY).decimal_text())
    assert await opens(children, bought) == [0, 0]
    await balanced(groups, parent, *children)


async def test_money_on_its_way_is_not_asked_for_again(groups, pair):
    parent, children, bought = pair
    [made] = await consolidated(groups, parent)
    await pay(groups, parent, made, deliver=False)
    assert (await detail(parent, made))["consolidated"]["open"] == "0.00"
    assert 0 not in await opens(children, bought)
    with pytest.raises(ConsolidatedAlreadyPaid):
        await pay(groups, parent, made, "BANK-2", "1.00")


@pytest.mark.parametrize("cut", ["settlement", "end"])
async def test_a_settling_that_was_cut_short_goes_on(groups, family, admin, cut):
    parent, children, bought = family
    [made] = await consolidated(groups, parent)
    await pay(groups, parent, made)
    admin.execute("UPDATE consolidated_payments SET spread_at = NULL")
    if cut == "settlement":
        admin.execute("ALTER TABLE consolidated_settlements DISABLE TRIGGER USER")
        admin.execute("DELETE FROM consolidated_settlements")
    payload = {"consolidated_id": str(parse_id("cin", made["id"]))}
    handler = groups.site.application.settle_children
    await asyncio.gather(
        *(handler(tenant_of(parent), payload, OutboxId(new_id())) for _ in range(2))
    )
    assert admin.execute("SELECT count(*) FROM payments").fetchone() == (2,)
    assert admin.execute("SELECT count(*) FROM consolidated_settlements").fetchone() == (2,)
    assert admin.execute("SELECT sum(kept_minor) FROM consolidated_payments").fetchone() == (0,)
    assert await opens(children, bought) == [0, 0]
    await balanced(groups, parent, *children)


async def test_a_transfer_is_recorded_once(groups, pair):
    parent, _, _ = pair
    [made] = await consolidated(groups, parent)
    await pay(groups, parent, made, amount="1.00")
    with pytest.raises(PaymentReferenceUsed):
        await pay(groups, parent, made, amount="2.00")


async def test_what_a_child_paid_itself_stands_to_the_parents_credit(groups, family):
    parent, children, bought = family
    [made] = await consolidated(groups, parent)
    first, _ = await opens(children, bought)
    await groups.site.application.record_payment(
        tenant_id=tenant_of(children[0]),
        invoice_id=invoice_id(bought[0]),
        amount=Money(first, CNY),
        reference="OWN-1",
        actor="usr_finance",
    )
    await pay(groups, parent, made)
    assert await opens(children, bought) == [0, 0]
    [paid] = (await detail(parent, made))["payments"]
    assert Money.parse(paid["kept"], CNY).minor == first
    held = (await parent.get("/v1/credit")).json()["balances"]
    assert Money.parse(held["CNY"], CNY).minor == first
    await balanced(groups, parent, *children)


async def test_a_credit_note_after_the_document_lowers_what_is_open(groups, pair):
    parent, children, bought = pair
    [made] = await consolidated(groups, parent)
    before = Money.parse(made["total"], CNY)
    note = await credited(groups, children[0], bought[0], 5000)
    found = await detail(parent, made)
    assert [shown["number"] for shown in found["credit_notes"]] == [note.number]
    left = Money.parse(found["consolidated"]["open"], CNY)
    assert left == before - note.lowered
    assert found["content"]["total_minor"] == before.minor
    await pay(groups, parent, made, amount=left.decimal_text())
    assert await opens(children, bought) == [0]
    await balanced(groups, parent, *children)


async def test_a_transfer_over_a_total_that_was_credited_since_is_kept(groups, pair):
    parent, children, bought = pair
    [made] = await consolidated(groups, parent)
    note = await credited(groups, children[0], bought[0], 5000)
    await pay(groups, parent, made)
    [paid] = (await detail(parent, made))["payments"]
    assert Money.parse(paid["kept"], CNY) == note.lowered
    await balanced(groups, parent, *children)


async def test_a_voided_invoice_is_asked_for_no_more(groups, family):
    parent, children, bought = family
    [made] = await consolidated(groups, parent)
    _, second = await opens(children, bought)
    await groups.site.application.void_invoice(
        tenant_id=tenant_of(children[0]),
        invoice_id=invoice_id(bought[0]),
        reason="Wrong buyer",
        actor="usr_finance",
    )
    await groups.deliver()
    found = await detail(parent, made)
    assert Money.parse(found["consolidated"]["open"], CNY).minor == second


async def test_a_child_that_leaves_pays_its_next_invoice_itself(groups, family):
    parent, children, bought = family
    memberships = (await parent.get("/v1/group")).json()["children"]
    [first] = [m for m in memberships if m["child"] == "First"]
    answer = await children[0].post(f"/v1/group/memberships/{first['id']}/end", {})
    assert answer.status_code == 204
    [made] = await consolidated(groups, parent)
    assert len((await detail(parent, made))["invoices"]) == 2  # issued while it was a member
    groups.clock.advance(days=31)
    for child in children:
        await groups.site.application.close_due(tenant_of(child))
    await groups.deliver()
    await groups.site.application.consolidate_groups.run()
    later = (await parent.get("/v1/consolidated-invoices")).json()
    [new] = [one for one in later if one["id"] != made["id"]] or [None]
    shown = (await detail(parent, new))["invoices"] if new else []
    assert {invoice["child"] for invoice in shown} <= {"Second"}
    await credited(groups, children[0], bought[0], 100)  # after it left
    assert len((await detail(parent, made))["credit_notes"]) == 1


async def test_who_pays_is_settled_by_each_invoice_when_it_is_issued(groups, family):
    parent, children, _ = family
    memberships = (await parent.get("/v1/group")).json()["children"]
    for membership in memberships:
        await parent.post(f"/v1/group/memberships/{membership['id']}/end", {})
    await groups.joined(children[0], parent, parent_pays=False)
    groups.clock.advance(days=31)
    await groups.site.application.close_due(tenant_of(children[0]))
    await groups.deliver()
    [made] = await consolidated(groups, parent)
    assert len((await detail(parent, made))["invoices"]) == 2
    shared = (await parent.get("/v1/group/invoices")).json()
    assert sorted(one["parent_pays"] for one in shared) == [False, True, True]


async def test_by_month_they_wait_for_the_months_end(groups, pair):
    parent, _, _ = pair
    await parent.client.put(
        "/v1/group/cadence", json={"cadence": "month"}, headers={"Idempotency-Key": str(new_id())}
    )
    assert await consolidated(groups, parent) == []
    groups.clock.advance(days=25)
    [made] = await consolidated(groups, parent)
    assert (made["first_day"], made["last_day"]) == ("2026-01-01", "2026-01-31")


async def test_who_waits_for_the_months_end_keeps_nobody_behind_waiting(groups):
    ready, *_ = await grouped(groups, "First")
    waiting, *_ = await grouped(groups, "Second")
    behind, before = sorted([ready, waiting], key=tenant_of, reverse=True)
    await before.client.put(
        "/v1/group/cadence", json={"cadence": "month"}, headers={"Idempotency-Key": str(new_id())}
    )
    groups.clock.advance(days=1)
    job = replace(groups.site.application.consolidate_groups, batch=1)

    assert await job.run() == 1
    assert len((await behind.get("/v1/consolidated-invoices")).json()) == 1


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


async def test_a_credit_note_before_the_document_lowers_what_it_asks_for(groups, pair):
    parent, children, bought = pair
    asked = sum(await opens(children, bought))
    note = await credited(groups, children[0], bought[0], 5000)
    [made] = await consolidated(groups, parent)
    assert Money.parse(made["total"], CNY).minor == asked - note.lowered.minor
    content = (await detail(parent, made))["content"]
    assert content["invoiced_minor"] - content["settled_minor"] == content["total_minor"]


async def test_it_can_be_had_as_files_in_both_languages(groups, pair):
    parent, _, _ = pair
    [made] = await consolidated(groups, parent)
    path = f"/v1/consolidated-invoices/{made['id']}"
    for language, word in (("en", "Consolidated invoice"), ("zh", "合并账单")):
        page = await parent.client.get(f"{path}/html", headers={"accept-language": language})
        assert word in page.text
        assert made["number"] in page.text
    file = await parent.client.get(f"{path}/pdf")
    assert file.content.startswith(b"%PDF-")
    table = await parent.client.get(f"{path}/csv")
    rows = list(csv.DictReader(io.StringIO(table.text.lstrip("\ufeff"))))
    assert {row["customer"] for row in rows} == {"First"}


async def test_a_file_taken_by_finance_is_on_the_parents_record(groups, pair):
    parent, _, _ = pair
    [made] = await consolidated(groups, parent)
    email = "fiona@tallyard.example"
    await groups.site.application.create_staff_user(
        email=email, password=PASSWORD, name="Fiona", staff_roles=[StaffRole.FINANCE]
    )
    async with groups.site.client() as fiona:
        signed_in = await fiona.post("/v1/sessions", json={"email": email, "password": PASSWORD})
        cookie = {"Cookie": signed_in.headers["set-cookie"].split(";")[0]}
        base = f"/finance/consolidated/{parent.tenant_id}/{made['id']}"
        file = await fiona.get(f"{base}/document?form=csv", headers=cookie)

    assert file.status_code == 200
    opened = {(e["action"], e["object_id"]) for e in (await parent.get("/v1/audit")).json()}
    assert ("consolidated_invoice.opened_by_staff", made["id"]) in opened
