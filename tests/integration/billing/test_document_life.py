"""What becomes of documents: grace, thresholds, overdue, written off, voided, given back."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from billing.domain.records import InvoiceState
from billing.errors_documents import (
    BillingTermInvalid,
    CreditBalanceTooLow,
    InvoiceEnded,
    InvoiceNotVoidable,
    NothingOpen,
    ReasonMissing,
)
from billing.repositories.invoices import InvoiceRepository
from control_plane.catalog.errors import PolicyUnknown
from control_plane.kernel.currency import currency
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.money import Money
from tests.support.billing_world import ACTOR, World

CNY = currency("CNY")
FEBRUARY = datetime(2026, 2, 10, 2, tzinfo=UTC)
JANUARY_20 = datetime(2026, 1, 20, tzinfo=UTC)


async def terms(world: World, tenant_id, *, grace=timedelta(0), threshold=None, policies=None):
    return await world.set_terms(
        tenant_id=tenant_id,
        policies=policies or {},
        grace=grace,
        threshold_minor=threshold,
        actor=ACTOR,
    )


async def pay(world: World, tenant_id, invoice, minor: int, reference: str):
    return await world.record_payment(
        tenant_id=tenant_id,
        invoice_id=invoice.summary.id,
        amount=Money(minor, CNY),
        reference=reference,
        actor=ACTOR,
    )


async def state(world: World, tenant_id, invoice) -> InvoiceState:
    async with world.work(tenant_id) as session:
        return (await InvoiceRepository(session).summary(invoice.summary.id)).state


async def replays(world: World, tenant_id) -> None:
    for invoice in await world.invoices(tenant_id):
        verdict = await world.verify(tenant_id=tenant_id, invoice_id=invoice.summary.id)
        assert verdict.differences == ()
    for note in await world.notes(tenant_id):
        found = await world.verify_note(tenant_id=tenant_id, note_id=note.summary.id)
        assert found.differences == ()
    assert await world.check_books(tenant_id) == []


async def test_in_grace_late_usage_still_joins_the_period_it_belongs_to(world: World, tenant_id):
    await world.subscribe(tenant_id)
    await terms(world, tenant_id, grace=timedelta(days=3))
    world.clock.set(FEBRUARY + timedelta(days=1))
    assert await world.close_due(tenant_id) == []
    await world.ship(tenant_id, JANUARY_20, 2100)

    [waiting, *_] = await world.upcoming(tenant_id)
    assert (waiting.state.value, waiting.body["subtotal_minor"]) == ("grace", 200400)
    assert waiting.issued_at == FEBRUARY + timedelta(days=3)
    world.clock.set(FEBRUARY + timedelta(days=3))
    [issued] = await world.close_due(tenant_id)

    assert (issued.due_at, issued.total.minor) == (FEBRUARY, 200400)
    await replays(world, tenant_id)


async def test_a_draft_of_the_open_period_is_what_is_issued_if_nothing_more_comes(
    world: World, tenant_id
):
    await world.subscribe(tenant_id)
    await world.ship(tenant_id, JANUARY_20, 2100)

    [draft] = await world.upcoming(tenant_id)
    world.clock.set(FEBRUARY)
    await world.close_due(tenant_id)

    body = (await world.invoices(tenant_id))[-1].content
    assert draft.state.value == "draft"
    assert {**draft.body, "number": body["number"]} == body


async def test_usage_beyond_the_threshold_is_invoiced_early_and_the_rest_at_the_close(
    world: World, tenant_id
):
    await world.subscribe(tenant_id)
    await terms(world, tenant_id, threshold=10000)
    await world.ship(tenant_id, JANUARY_20, 3000)
    world.clock.set(datetime(2026, 1, 21, tzinfo=UTC))
    assert await world.bill_threshold(tenant_id) == ()

    await world.ship(tenant_id, JANUARY_20, 2000)
    [early] = await world.bill_threshold(tenant_id)
    assert await world.bill_threshold(tenant_id) == ()
    await world.ship(tenant_id, datetime(2026, 1, 22, tzinfo=UTC), 1000)
    world.clock.set(FEBRUARY)
    [last] = await world.close_due(tenant_id)

    # 3,000 lines beyond what is included, then 1,000 more, at 0.05.
    assert early.total == Money(15000, CNY)
    assert last.total == Money(5000 + 199900, CNY)
    await replays(world, tenant_id)


async def test_an_invoice_falls_overdue_the_day_after_it_was_payable_by(world: World, tenant_id):
    await world.subscribe(tenant_id)
    [invoice] = await world.invoices(tenant_id)
    world.clock.set(datetime(2026, 1, 24, 15, 59, tzinfo=UTC))
    assert await world.mark_overdue(tenant_id) == []
    world.clock.advance(minutes=1)

    [overdue] = await world.mark_overdue(tenant_id)

    assert overdue.state is InvoiceState.OVERDUE
    assert await world.mark_overdue(tenant_id) == []
    await pay(world, tenant_id, invoice, 199900, "late-1")
    assert await state(world, tenant_id, invoice) is InvoiceState.PAID
    await replays(world, tenant_id)


async def test_an_invoice_is_paid_in_parts(world: World, tenant_id):
    await world.subscribe(tenant_id)
    [invoice] = await world.invoices(tenant_id)

    await pay(world, tenant_id, invoice, 100000, "part-1")
    assert await state(world, tenant_id, invoice) is InvoiceState.ISSUED
    await pay(world, tenant_id, invoice, 99900, "part-2")

    assert await state(world, tenant_id, invoice) is InvoiceState.PAID
    await replays(world, tenant_id)


async def test_what_was_written_off_can_still_be_paid(world: World, tenant_id):
    await world.subscribe(tenant_id)
    [invoice] = await world.invoices(tenant_id)
    what = {"tenant_id": tenant_id, "invoice_id": invoice.summary.id, "actor": ACTOR}

    await world.write_off(**what, reason="gone")
    await world.write_off(**what, reason="again, nothing more happens")
    assert await world.check_books(tenant_id) == []
    await pay(world, tenant_id, invoice, 199900, "after-all")

    assert await state(world, tenant_id, invoice) is InvoiceState.PAID
    with pytest.raises(NothingOpen):
        await world.write_off(**what, reason="paid")
    await replays(world, tenant_id)


async def test_a_voided_invoice_is_billed_again_under_the_next_number(world: World, tenant_id):
    await world.subscribe(tenant_id)
    [wrong] = await world.invoices(tenant_id)
    what = {"tenant_id": tenant_id, "invoice_id": wrong.summary.id, "actor": ACTOR}
    with pytest.raises(ReasonMissing):
        await world.void(**what, reason=" ")

    await world.void(**what, reason="wrong name")
    await world.close_due(tenant_id)
    await world.close_due(tenant_id)

    first, second = sorted(await world.invoices(tenant_id), key=lambda i: i.summary.number)
    assert [i.summary.state for i in (first, second)] == [InvoiceState.VOIDED, InvoiceState.ISSUED]
    assert second.summary.number == "TY-2026-000002"
    assert [line["key"].rpartition("#")[2] for line in second.content["lines"]] == ["2"]
    assert first.summary.total == second.summary.total
    with pytest.raises(InvoiceEnded):
        await pay(world, tenant_id, first, 199900, "no")
    await replays(world, tenant_id)


async def test_an_invoice_with_anything_settled_is_not_voided(world: World, tenant_id):
    await world.subscribe(tenant_id)
    [invoice] = await world.invoices(tenant_id)
    await pay(world, tenant_id, invoice, 1, "one")

    with pytest.raises(InvoiceNotVoidable):
        await world.void(
            tenant_id=tenant_id, invoice_id=invoice.summary.id, reason="no", actor=ACTOR
        )


async def test_what_is_given_back_is_not_billed_again(world: World, tenant_id):
    subscription = await world.subscribe(tenant_id)
    [invoice] = await world.invoices(tenant_id)
    key = invoice.content["lines"][0]["key"]
    what = {"tenant_id": tenant_id, "invoice_id": invoice.summary.id, "actor": ACTOR}

    await world.give(**what, reason="an outage", lines={key: Money(50000, CNY)})
    world.clock.set(datetime(2026, 1, 25, 6, tzinfo=UTC))
    await world.move(tenant_id, subscription, "scale")

    given, unused = await world.notes(tenant_id)
    assert (given.summary.reason, given.summary.total.minor) == ("goodwill", 50000)
    assert unused.summary.total.minor == 103174
    await replays(world, tenant_id)


async def test_what_was_given_back_is_not_taken_back_again_and_the_note_replays(
    world: World, tenant_id
):
    subscription = await world.subscribe(tenant_id)
    [invoice] = await world.invoices(tenant_id)
    what = {"tenant_id": tenant_id, "invoice_id": invoice.summary.id, "actor": ACTOR}
    key = invoice.content["lines"][0]["key"]

    await world.give(**what, reason="an outage", lines={key: Money(150000, CNY)})
    world.clock.set(datetime(2026, 1, 12, 6, tzinfo=UTC))
    await world.cancel(tenant_id=tenant_id, subscription_id=subscription, actor=ACTOR, at_once=True)

    # 29 of 31 days are unused, 1870.03; only 499.00 were left.
    assert sorted(n.summary.total.minor for n in await world.notes(tenant_id)) == [49900, 150000]
    await replays(world, tenant_id)


async def test_all_that_is_left_of_an_invoice_can_be_given_back_once(world: World, tenant_id):
    await world.subscribe(tenant_id)
    [invoice] = await world.invoices(tenant_id)
    what = {"tenant_id": tenant_id, "invoice_id": invoice.summary.id, "actor": ACTOR}
    key = invoice.content["lines"][0]["key"]
    await world.give(**what, reason="a part", lines={key: Money(1, CNY)})

    note = await world.give(**what, reason="all of it")

    assert note.total == Money(199899, CNY)
    assert await state(world, tenant_id, invoice) is InvoiceState.PAID
    for lines in (None, {key: Money(1, CNY)}):
        with pytest.raises(TallyardError, match="credited"):
            await world.give(**what, reason="too much", lines=lines)
    await replays(world, tenant_id)


async def test_refunds_never_exceed_the_credit_even_at_once(world: World, tenant_id):
    await world.subscribe(tenant_id)
    [invoice] = await world.invoices(tenant_id)
    await pay(world, tenant_id, invoice, 199900, "all")
    await world.give(tenant_id=tenant_id, invoice_id=invoice.summary.id, reason="all", actor=ACTOR)

    async def refund(reference: str) -> bool:
        try:
            await world.refund(
                tenant_id=tenant_id, amount=Money(100000, CNY), reference=reference, actor=ACTOR
            )
        except CreditBalanceTooLow:
            return False
        return True

    done = await asyncio.gather(*(refund(f"out-{n}") for n in range(4)))

    assert sorted(done) == [False, False, False, True]
    assert (await world.credit(tenant_id)).totals == (Money(99900, CNY),)
    again = next(n for n, ok in enumerate(done) if ok)
    assert await refund(f"out-{again}") is True
    assert (await world.credit(tenant_id)).totals == (Money(99900, CNY),)
    await replays(world, tenant_id)


async def test_the_events_behind_a_line_come_page_by_page(world: World, tenant_id):
    await world.subscribe(tenant_id)
    for _ in range(3):
        await world.ship(tenant_id, JANUARY_20, 700)
    world.clock.set(FEBRUARY)
    await world.close_due(tenant_id)
    await world.ship(tenant_id, JANUARY_20, 9999)

    invoice = (await world.invoices(tenant_id))[-1]
    what = {
        "tenant_id": tenant_id,
        "invoice_id": invoice.summary.id,
        "line_key": invoice.content["lines"][0]["key"],
    }
    first = await world.line_events(**what, limit=2)
    rest = await world.line_events(**what, limit=2, after=first.after)

    assert (len(first.events), len(rest.events), rest.after) == (2, 1, None)


async def test_billing_terms_out_of_bounds_are_refused(world: World, tenant_id):
    with pytest.raises(BillingTermInvalid):
        await terms(world, tenant_id, grace=timedelta(days=29))
    with pytest.raises(BillingTermInvalid):
        await terms(world, tenant_id, threshold=0)
    with pytest.raises(PolicyUnknown):
        await terms(world, tenant_id, policies={"roundness": "up"})


async def test_a_tenants_payment_term_is_on_its_invoices(world: World, tenant_id):
    await terms(world, tenant_id, policies={"payment_term_days": 30})
    await world.subscribe(tenant_id)

    [invoice] = await world.invoices(tenant_id)
    assert invoice.summary.payable_by - invoice.summary.dated == timedelta(days=30)
    await replays(world, tenant_id)
