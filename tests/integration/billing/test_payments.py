"""Payments: collected once, whatever is retried, delivered twice or out of order."""

import asyncio

import pytest

from billing.domain.records import InvoiceState, PaymentState
from billing.errors import (
    InvoiceAlreadyPaid,
    PaymentAmountMismatch,
    PaymentInProgress,
    PaymentMethodRefused,
    PaymentReferenceUsed,
    ProviderUnavailable,
    UnknownProvider,
    WebhookRejected,
)
from billing.ports import Collection, CollectionState
from billing.providers.memory import DECLINED_CARD, GOOD_CARD, UNUSABLE_CARD
from billing.repositories.ledger import LedgerRepository
from billing.services.get_invoice import GetInvoice
from billing.settling import CollectedAmountDiffers, settle_collection
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import InvoiceId, TenantId
from control_plane.kernel.money import Money
from tests.support.billing_world import ACTOR, World

PRICE = Money(199900, currency("CNY"))


async def card(world: World, tenant_id: TenantId, method: str = GOOD_CARD) -> None:
    await world.set_payment_method(
        tenant_id=tenant_id, provider="memory", method=method, actor=ACTOR
    )


async def first_invoice(world: World, tenant_id: TenantId) -> InvoiceId:
    await world.subscribe(tenant_id)
    [invoice] = await world.invoices(tenant_id)
    return invoice.summary.id


async def view(world: World, tenant_id: TenantId, invoice_id: InvoiceId):
    return await GetInvoice(world.work)(tenant_id=tenant_id, invoice_id=invoice_id)


async def test_an_issued_invoice_is_collected_from_the_card(world: World, tenant_id):
    await card(world, tenant_id)
    invoice = await first_invoice(world, tenant_id)

    assert await world.relay.drain(tenant_id) is False

    found = await view(world, tenant_id, invoice)
    assert found.invoice.summary.state is InvoiceState.PAID
    assert [p.state for p in found.payments] == [PaymentState.SUCCEEDED]
    assert world.provider.taken == [PRICE]
    assert await world.check_books(tenant_id) == []


async def test_the_ledger_shows_the_cash(world: World, tenant_id):
    await card(world, tenant_id)
    await first_invoice(world, tenant_id)
    await world.relay.drain(tenant_id)

    async with world.work(tenant_id) as session:
        balances = await LedgerRepository(session).balances(tenant_id)

    assert {key[0].value: amount.minor for key, amount in balances.items()} == {
        "cash": 199900,
        "receivable": 0,
        # Earned by the day of service, and not when it is invoiced.
        "deferred_revenue": -199900,
    }


async def collect(world: World, tenant_id: TenantId, invoice: InvoiceId, key: str = "r1"):
    return await world.collect(
        tenant_id=tenant_id, invoice_id=invoice, request_key=key, actor="billing"
    )


async def test_repeating_and_racing_requests_collect_once(world: World, tenant_id):
    await card(world, tenant_id)
    invoice = await first_invoice(world, tenant_id)

    await asyncio.gather(*(collect(world, tenant_id, invoice, f"r{n % 3}") for n in range(6)))

    assert world.provider.taken == [PRICE]


async def test_lost_answers_at_every_step_collect_once(world: World, tenant_id):
    await card(world, tenant_id)
    invoice = await first_invoice(world, tenant_id)
    for operation in ("prepare", "prepare", "collect", "collect"):
        world.provider.silent = {operation}
        with pytest.raises(ProviderUnavailable):
            await collect(world, tenant_id, invoice)
    world.provider.silent = set()

    payment = await collect(world, tenant_id, invoice)

    assert payment is not None
    assert payment.state is PaymentState.SUCCEEDED
    assert world.provider.taken == [PRICE]


async def test_a_declined_card_leaves_the_invoice_open_until_another_is_tried(
    world: World, tenant_id
):
    await card(world, tenant_id, DECLINED_CARD)
    invoice = await first_invoice(world, tenant_id)
    await world.relay.drain(tenant_id)
    assert (await view(world, tenant_id, invoice)).invoice.summary.state is InvoiceState.ISSUED

    await card(world, tenant_id)
    await world.request_collection(tenant_id=tenant_id, invoice_id=invoice, actor=ACTOR)
    await world.relay.drain(tenant_id)

    found = await view(world, tenant_id, invoice)
    assert [p.state for p in found.payments] == [PaymentState.FAILED, PaymentState.SUCCEEDED]
    assert found.payments[0].failure == "declined"
    assert world.provider.taken == [PRICE]


async def test_redelivery_after_a_decline_does_not_try_again(world: World, tenant_id):
    await card(world, tenant_id, DECLINED_CARD)
    invoice = await first_invoice(world, tenant_id)
    await collect(world, tenant_id, invoice)
    await card(world, tenant_id)

    again = await collect(world, tenant_id, invoice)

    assert again is not None
    assert again.state is PaymentState.FAILED
    assert world.provider.taken == []


async def test_a_message_settles_an_attempt_whose_answer_was_lost_and_its_echo_changes_nothing(
    world: World, tenant_id
):
    await card(world, tenant_id)
    invoice = await first_invoice(world, tenant_id)
    world.provider.silent = {"collect"}
    with pytest.raises(ProviderUnavailable):
        await collect(world, tenant_id, invoice)
    [attempt] = (await view(world, tenant_id, invoice)).payments
    assert attempt.state is PaymentState.PENDING
    payload, signature = world.provider.webhook(attempt.reference or "")

    states = [
        await world.handle_webhook(provider="memory", payload=payload, signature=signature)
        for _ in range(3)
    ]

    assert states == [PaymentState.SUCCEEDED] * 3
    assert (await view(world, tenant_id, invoice)).invoice.summary.state is InvoiceState.PAID
    assert world.provider.taken == [PRICE]
    assert await world.check_books(tenant_id) == []


async def test_an_unsigned_message_changes_nothing(world: World, tenant_id):
    with pytest.raises(WebhookRejected):
        await world.handle_webhook(provider="memory", payload=b"{}", signature="00")
    with pytest.raises(UnknownProvider):
        await world.handle_webhook(provider="paypal", payload=b"{}", signature="00")


async def transfer(world: World, tenant_id: TenantId, invoice: InvoiceId, **changes: object):
    values = {"amount": PRICE, "reference": "BOC-1", "actor": ACTOR, **changes}
    return await world.record_payment(tenant_id=tenant_id, invoice_id=invoice, **values)


async def test_a_bank_transfer_pays_the_invoice_once(world: World, tenant_id):
    invoice = await first_invoice(world, tenant_id)
    await world.relay.drain(tenant_id)

    first = await transfer(world, tenant_id, invoice)
    again = await transfer(world, tenant_id, invoice)

    assert first == again
    assert (await view(world, tenant_id, invoice)).invoice.summary.state is InvoiceState.PAID
    assert await world.check_books(tenant_id) == []
    with pytest.raises(InvoiceAlreadyPaid):
        await transfer(world, tenant_id, invoice, reference="BOC-2")


async def test_a_transfer_of_more_than_is_asked_for_is_refused(world: World, tenant_id):
    invoice = await first_invoice(world, tenant_id)

    for minor in (199901, 0, -1):
        with pytest.raises(PaymentAmountMismatch):
            await transfer(world, tenant_id, invoice, amount=Money(minor, currency("CNY")))
    with pytest.raises(PaymentAmountMismatch):
        await transfer(world, tenant_id, invoice, amount=Money(199900, currency("USD")))


async def test_a_transfer_is_recorded_for_one_invoice_only(world: World, tenant_id):
    subscription = await world.subscribe(tenant_id)
    [first] = await world.invoices(tenant_id)
    await transfer(world, tenant_id, first.summary.id)
    await world.book(tenant_id, subscription)
    second = (await world.invoices(tenant_id))[-1]

    with pytest.raises(PaymentReferenceUsed):
        await transfer(world, tenant_id, second.summary.id)


async def test_a_transfer_waits_while_a_card_payment_is_under_way(world: World, tenant_id):
    await card(world, tenant_id)
    invoice = await first_invoice(world, tenant_id)
    world.provider.silent = {"prepare"}
    with pytest.raises(ProviderUnavailable):
        await collect(world, tenant_id, invoice)

    with pytest.raises(PaymentInProgress):
        await transfer(world, tenant_id, invoice)


async def test_an_unusable_card_is_refused_and_changes_nothing(world: World, tenant_id):
    with pytest.raises(PaymentMethodRefused):
        await card(world, tenant_id, UNUSABLE_CARD)
    with pytest.raises(UnknownProvider):
        await world.set_payment_method(
            tenant_id=tenant_id, provider="paypal", method="x", actor=ACTOR
        )


async def test_an_attempt_that_has_ended_stays_as_it_is(world: World, tenant_id):
    await card(world, tenant_id)
    invoice = await first_invoice(world, tenant_id)
    payment = await collect(world, tenant_id, invoice)
    assert payment is not None
    late = Collection(payment.reference or "", CollectionState.FAILED, PRICE, "declined")

    async with world.work(tenant_id) as session:
        state = await settle_collection(
            session, payment, late, actor="provider:memory", now=world.clock.now()
        )

    assert state is PaymentState.SUCCEEDED
    found = await view(world, tenant_id, invoice)
    assert [p.state for p in found.payments] == [PaymentState.SUCCEEDED]


async def test_another_amount_than_asked_for_is_never_booked(world: World, tenant_id):
    await card(world, tenant_id)
    invoice = await first_invoice(world, tenant_id)
    world.provider.silent = {"collect"}
    with pytest.raises(ProviderUnavailable):
        await collect(world, tenant_id, invoice)
    [attempt] = (await view(world, tenant_id, invoice)).payments
    wrong = Collection(
        attempt.reference or "", CollectionState.SUCCEEDED, Money(1, currency("CNY"))
    )

    with pytest.raises(CollectedAmountDiffers):
        async with world.work(tenant_id) as session:
            await settle_collection(
                session, attempt, wrong, actor="provider:memory", now=world.clock.now()
            )
