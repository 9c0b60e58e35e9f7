"""Top-ups charged to a card: once, whatever crashes, repeats or races; without one, by mail."""

import asyncio
from datetime import timedelta

import pytest

from billing.domain.discounts.records import TopupState
from billing.domain.records import PaymentState
from billing.errors import ProviderUnavailable
from billing.errors_tax import CardMissing, TopupChargePending, TopupNotOpen
from billing.providers.memory import DECLINED_CARD, GOOD_CARD
from billing.services.discounts.charge_topup import RETRIES, ChargeTopup
from billing.topup_jobs import ChargesUndecided
from tests.integration.billing.test_invoice_mail import join
from tests.support.assembling import money


@pytest.fixture
def ada(admin, tenant_id):
    join(admin, tenant_id, "Ada", "owner")


def which(counter, topup):
    return {"tenant_id": counter.tenant_id, "topup_id": topup.id, "actor": "usr_test"}


def told(counter, template):
    return [to for to, said, _ in counter.mails() if said == template]


async def test_a_low_wallet_charges_the_card_that_is_kept(counter, ada):
    await counter.low_wallet(GOOD_CARD)
    asked = await counter.automatic()
    assert (asked.state, asked.charge_due_at) == (TopupState.REQUESTED, counter.clock.now())

    assert await counter.charges.run() == 1
    assert await counter.charges.run() == 0

    paid = await counter.automatic()
    assert (paid.state, paid.free.minor, paid.reference) == (TopupState.PAID, 2000, "mem_1")
    assert counter.provider.taken == [money(2000)]
    assert counter.balances()["cash"] == 3000
    # One for the transfer of the first, one for the card.
    assert told(counter, "topup_paid") == ["ada@example.com"] * 2


async def test_without_a_card_a_transfer_is_asked_for_by_mail_once(counter, ada):
    await counter.low_wallet()

    assert await counter.charges.run() == 1
    assert await counter.charges.run() == 0

    assert told(counter, "topup_requested") == ["ada@example.com"]
    asked = await counter.automatic()
    assert (asked.state, asked.charge_due_at) == (TopupState.REQUESTED, None)
    await counter.receive(asked)
    assert (await counter.automatic()).state is TopupState.PAID


async def test_the_mail_says_where_to_transfer_to(counter, ada, admin):
    await counter.apply_sheet(
        "entities:\n  - {code: live, prefix: TY, name: Tallyard GmbH, country: DE, "
        "bank: {name: Musterbank, iban: DE89370400440532013000, bic: COBADEFFXXX}}\nrates: []\n"
    )
    await counter.low_wallet()
    await counter.charges.run()

    [fields] = admin.execute(
        "SELECT payload -> 'fields' FROM outbox WHERE payload ->> 'template' = 'topup_requested'"
    ).fetchone()
    assert fields["bank"] == "Tallyard GmbH\nMusterbank\nDE89370400440532013000\nCOBADEFFXXX"
    assert fields["reference"].startswith("top_")
    assert (fields["amount"], fields["currency"]) == ("20.00", "CNY")


async def test_many_workers_at_once_charge_the_card_once(counter):
    await counter.low_wallet(GOOD_CARD)
    asked = await counter.automatic()

    await asyncio.gather(*(counter.charge(counter.tenant_id, asked.id) for _ in range(8)))

    assert counter.provider.taken == [money(2000)]
    assert counter.balances()["cash"] == 3000


@pytest.mark.parametrize("lost", ["prepare", "collect"])
async def test_a_lost_answer_charges_once(counter, lost):
    await counter.low_wallet(GOOD_CARD)
    counter.provider.silent.add(lost)
    for _ in range(2):
        with pytest.raises(ChargesUndecided):
            await counter.charges.run()
    counter.provider.silent.clear()

    await counter.charges.run()

    assert counter.provider.taken == [money(2000)]
    assert (await counter.automatic()).state is TopupState.PAID


@pytest.mark.parametrize("step", ["_prepare", "_locked"])
async def test_a_crash_between_any_two_steps_charges_once(counter, step, monkeypatch):
    await counter.low_wallet(GOOD_CARD)
    asked = await counter.automatic()

    async def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(ChargeTopup, step, crash)
        with pytest.raises(KeyboardInterrupt):
            await counter.charge(counter.tenant_id, asked.id)
    assert counter.provider.taken == []
    await counter.charges.run()

    assert counter.provider.taken == [money(2000)]
    [charges] = counter.admin.execute("SELECT count(*) FROM topup_charges").fetchone()
    assert charges == 1


async def test_a_refused_card_is_tried_again_after_days_and_then_a_transfer_is_asked_for(
    counter, ada
):
    await counter.low_wallet(DECLINED_CARD)

    for attempt, pause in enumerate(RETRIES, start=1):
        assert await counter.charges.run() == 1
        assert await counter.charges.run() == 0
        asked = await counter.automatic()
        assert (asked.charge_failure, asked.charge_due_at) == (
            "declined",
            counter.clock.now() + pause,
        )
        assert len(told(counter, "topup_failed")) == attempt
        counter.clock.advance(days=pause.days)
    assert await counter.charges.run() == 1

    asked = await counter.automatic()
    assert (asked.charge_failure, asked.charge_due_at) == ("declined", None)
    assert told(counter, "topup_requested") == ["ada@example.com"]
    counter.clock.advance(days=90)
    assert await counter.charges.run() == 0
    assert counter.provider.taken == []


async def test_another_card_is_charged_at_the_next_attempt(counter):
    await counter.low_wallet(DECLINED_CARD)
    await counter.charges.run()
    await counter.keep_card(
        tenant_id=counter.tenant_id, provider="memory", method=GOOD_CARD, actor="usr_test"
    )
    asked = await counter.automatic()

    await counter.ask_charge(**which(counter, asked))
    await counter.charges.run()

    assert (await counter.automatic()).state is TopupState.PAID
    assert counter.provider.taken == [money(2000)]


async def test_while_a_charge_is_undecided_neither_transfer_nor_cancellation_gets_in(counter):
    await counter.low_wallet(GOOD_CARD)
    counter.provider.silent.add("collect")
    with pytest.raises(ChargesUndecided):
        await counter.charges.run()
    asked = await counter.automatic()

    with pytest.raises(TopupChargePending):
        await counter.receive(asked)
    with pytest.raises(TopupChargePending):
        await counter.request.cancel(**which(counter, asked))
    with pytest.raises(TopupChargePending):
        await counter.ask_charge(**which(counter, asked))
    assert (await counter.automatic()).state is TopupState.REQUESTED


async def test_the_providers_message_settles_what_its_lost_answer_left_open(counter):
    await counter.low_wallet(GOOD_CARD)
    counter.provider.silent.add("collect")
    asked = await counter.automatic()
    with pytest.raises(ProviderUnavailable):
        await counter.charge(counter.tenant_id, asked.id)
    payload, signature = counter.provider.webhook("mem_1")

    states = [
        await counter.webhook(provider="memory", payload=payload, signature=signature)
        for _ in range(2)
    ]

    assert states == [PaymentState.SUCCEEDED] * 2
    assert (await counter.automatic()).state is TopupState.PAID
    assert counter.balances()["cash"] == 3000


async def test_a_top_up_by_hand_is_charged_when_asked_for_and_a_refusal_is_final(counter, ada):
    paid = await counter.prepay(100)
    asked = await counter.request(
        tenant_id=counter.tenant_id, wallet_id=paid.wallet_id, amount=money(700), actor="usr_test"
    )
    with pytest.raises(CardMissing):
        await counter.ask_charge(**which(counter, asked))
    assert await counter.ask_charge.card(counter.tenant_id) is None
    await counter.keep_card(
        tenant_id=counter.tenant_id, provider="memory", method=DECLINED_CARD, actor="usr_test"
    )
    assert await counter.ask_charge.card(counter.tenant_id) == DECLINED_CARD
    assert await counter.charges.run() == 0

    await counter.ask_charge(**which(counter, asked))
    await counter.charges.run()

    [kept] = [t for t in (await counter.holdings()).topups if t.id == asked.id]
    assert (kept.charge_failure, kept.charge_due_at) == ("declined", None)
    assert told(counter, "topup_failed") == []
    await counter.receive(asked)
    with pytest.raises(TopupNotOpen):
        await counter.ask_charge(**which(counter, asked))


async def test_a_wallet_that_falls_low_by_any_way_asks_once(counter):
    ends = counter.clock.now() + timedelta(days=3)
    topup = await counter.prepay(1000, expires_at=ends)
    automatic = {"tenant_id": counter.tenant_id, "wallet_id": topup.wallet_id, "actor": "usr_test"}
    await counter.wallet.automatic(**automatic, below=money(500), amount=money(2000))
    assert [t.automatic for t in (await counter.holdings()).topups] == [False]

    await counter.pay.refund(**which(counter, topup), amount=money(600))
    first = await counter.automatic()
    await counter.request.cancel(**which(counter, first))
    counter.clock.set(ends)
    await counter.job.run()
    second = await counter.automatic()
    assert second.id != first.id
    await counter.request.cancel(**which(counter, second))
    await counter.wallet.automatic(**automatic, below=money(400), amount=money(900))

    asked = [t for t in (await counter.holdings()).topups if t.state is TopupState.REQUESTED]
    assert [t.amount.minor for t in asked] == [900]


async def test_a_test_clock_stops_where_a_card_is_tried_again(counter):
    await counter.low_wallet(DECLINED_CARD)
    stops = []
    while await counter.charging.settle(counter.tenant_id):
        now = counter.clock.now()
        stop = await counter.charging.next_boundary(counter.tenant_id, now)
        if stop is not None:
            stops.append(stop - now)
            counter.clock.set(stop)

    assert stops == list(RETRIES)


async def test_what_staff_asks_a_customer_for_is_mailed(counter, ada):
    paid = await counter.prepay(100)
    await counter.request(
        tenant_id=counter.tenant_id,
        wallet_id=paid.wallet_id,
        amount=money(700),
        actor="usr_staff",
        invite=True,
    )

    assert told(counter, "topup_requested") == ["ada@example.com"]
