"""Prepaid wallets: topped up, taxed by policy, burnt in order, never overdrawn."""

import asyncio
import json
from datetime import timedelta

import pytest

from billing.domain.discounts.records import TopupState
from billing.errors_tax import (
    BalanceNotFound,
    BalanceTooSmall,
    DiscountInvalid,
    TaxCategoryNotSold,
    TopupAmountDiffers,
    TopupNotOpen,
    TopupTaxed,
)
from billing.repositories.wallets import WalletRepository
from tests.integration.billing.discounts.conftest import CNY
from tests.support.assembling import money

SHEET = """
entities:
  - code: live
    prefix: TY
    name: Tallyard GmbH
    country: DE
    prepaid: {policy}
    tax: {{}}
rates:
  - {{jurisdiction: DE, category: standard, rate: "19", from: 2020-01-01}}
"""


async def test_a_paid_top_up_gets_a_receipt_and_settles_invoices(counter):
    topup = await counter.prepay(1500)

    first, second = [await counter.bill(1000) for _ in range(2)]

    assert topup.number == "TY-R-2026-000001"
    assert (first.due.minor, second.due.minor) == (0, 500)
    [left] = (await counter.holdings()).topups
    assert (left.spent.minor, left.free.minor) == (1500, 0)
    receipt = json.loads(await counter.listed.document(counter.tenant_id, topup.id))
    assert (receipt["kind"], receipt["total_minor"], receipt["tax_minor"]) == ("receipt", 1500, 0)


async def test_nothing_can_be_spent_before_it_is_paid(counter):
    wallet = await counter.wallet(
        tenant_id=counter.tenant_id, name="Main", currency=CNY, actor="usr_test"
    )
    await counter.request(
        tenant_id=counter.tenant_id, wallet_id=wallet.id, amount=money(500), actor="usr_test"
    )

    assert (await counter.bill(1000)).due.minor == 1000
    assert counter.balances() == {}


async def test_a_top_up_taxed_on_use_is_cash_against_a_liability(counter):
    await counter.apply_sheet(SHEET.format(policy="tax_on_use"))
    await counter.prepay(1190)

    assert counter.balances() == {"cash": 1190, "prepaid_liability": -1190}


async def test_a_top_up_taxed_at_once_gets_a_prepayment_invoice_and_gives_its_tax_back(counter):
    await counter.apply_sheet(SHEET.format(policy="tax_on_topup"))
    topup = await counter.prepay(1190)

    assert topup.number == "TY-P-2026-000001"
    assert counter.balances() == {"cash": 1190, "prepaid_liability": -1000, "tax_payable": -190}
    used = [(await counter.bill(minor)).applied for minor in (119, 500, 2000)]
    taxes = [sum(t.tax.minor for a in applied for t in a.taxes) for applied in used]
    assert taxes[0] == 19
    assert sum(taxes) == 190


async def test_a_prepaid_card_is_untaxed_and_says_so(counter):
    await counter.apply_sheet(SHEET.format(policy="card"))
    topup = await counter.prepay(1000)

    receipt = json.loads(await counter.listed.document(counter.tenant_id, topup.id))
    assert (receipt["policy"], receipt["tax_class"], receipt["taxes"]) == ("card", "601", [])


async def test_a_bonus_is_promotional_credit(counter):
    await counter.prepay(1000, bonus=money(100))

    billed = await counter.bill(600)

    assert (billed.net.minor, billed.due.minor) == (500, 0)
    [grant] = (await counter.holdings()).grants
    assert grant.spent.minor == 100


async def test_the_same_payment_counts_once(counter):
    topup = await counter.prepay(1000)
    again = await counter.receive(topup, topup.reference)

    assert again.number == topup.number
    assert counter.balances()["cash"] == 1000
    with pytest.raises(TopupNotOpen):
        await counter.receive(topup, "another transfer")


async def test_a_payment_must_be_the_amount_and_the_reference_of_one_top_up(counter):
    paid = await counter.prepay(1000)
    open_one = await counter.request(
        tenant_id=counter.tenant_id,
        wallet_id=paid.wallet_id,
        amount=money(10),
        actor="usr_test",
    )
    payment = {"tenant_id": counter.tenant_id, "topup_id": open_one.id, "actor": "usr_test"}
    with pytest.raises(TopupAmountDiffers):
        await counter.pay(**payment, amount=money(11), reference="new")
    with pytest.raises(DiscountInvalid):
        await counter.pay(**payment, amount=money(10), reference=paid.reference)
    with pytest.raises(DiscountInvalid):
        await counter.pay(**payment, amount=money(10), reference=" ")
    with pytest.raises(BalanceNotFound):
        await counter.pay(
            **{**payment, "topup_id": counter.tenant_id}, amount=money(10), reference="new"
        )


async def test_a_request_is_cancelled_once(counter):
    wallet = await counter.wallet(
        tenant_id=counter.tenant_id, name="Main", currency=CNY, actor="usr_test"
    )
    topup = await counter.request(
        tenant_id=counter.tenant_id, wallet_id=wallet.id, amount=money(5), actor="usr_test"
    )
    which = {"tenant_id": counter.tenant_id, "topup_id": topup.id, "actor": "usr_test"}

    await counter.request.cancel(**which)

    with pytest.raises(TopupNotOpen):
        await counter.request.cancel(**which)
    with pytest.raises(TopupNotOpen):
        await counter.receive(topup)


async def test_concurrent_debits_of_one_wallet_never_overdraw_it(counter, work):
    topup = await counter.prepay(1000)

    async def take() -> bool:
        async with work(counter.tenant_id) as session:
            return await WalletRepository(session).spend(
                counter.tenant_id, topup, money(90), (), counter.clock.now()
            )

    taken = await asyncio.gather(*(take() for _ in range(16)))

    assert sum(taken) == 11
    [left] = (await counter.holdings()).topups
    assert (left.free.minor, left.spent.minor) == (10, 990)


async def test_sixteen_invoices_at_once_share_what_there_is(counter):
    await counter.prepay(1000)

    billed = await asyncio.gather(*(counter.bill(90) for _ in range(16)))

    assert sum(b.due.minor for b in billed) == 16 * 90 - 1000
    [left] = (await counter.holdings()).topups
    assert (left.free.minor, left.spent.minor) == (0, 1000)


async def test_wallets_burn_by_priority_then_expiry_then_age(counter):
    wallets = [
        await counter.wallet(
            tenant_id=counter.tenant_id,
            name=f"{place}",
            currency=CNY,
            priority=place,
            actor="usr_test",
        )
        for place in (2, 1)
    ]
    last = await counter.prepay(10, wallets[0].id)
    lasting = await counter.prepay(10, wallets[1].id)
    ends = counter.clock.now() + timedelta(days=9)
    ending = await counter.prepay(10, wallets[1].id, expires_at=ends)

    held = await counter.held()

    assert [balance.id for balance in held.balances] == [ending.id, lasting.id, last.id]


async def test_money_paid_to_one_company_does_not_settle_anothers_invoices(counter):
    await counter.prepay(1000)

    assert (await counter.held(entity="sandbox")).balances == ()


async def test_a_low_wallet_asks_for_a_top_up_once(counter):
    topup = await counter.prepay(1000)
    automatic = {"tenant_id": counter.tenant_id, "wallet_id": topup.wallet_id, "actor": "usr_test"}
    await counter.wallet.automatic(**automatic, below=money(500), amount=money(2000))

    await counter.bill(400)
    assert [t.automatic for t in (await counter.holdings()).topups] == [False]
    for _ in range(2):
        await counter.bill(200)

    asked = [t for t in (await counter.holdings()).topups if t.state is TopupState.REQUESTED]
    assert [(t.automatic, t.amount.minor) for t in asked] == [(True, 2000)]
    await counter.receive(asked[0])
    await counter.bill(1900)
    states = [t.state.value for t in (await counter.holdings()).topups if t.automatic]
    assert sorted(states) == ["paid", "requested"]


async def test_a_top_up_lapses_at_its_instant_and_is_earned(counter):
    await counter.prepay(1000, expires_at=counter.clock.now() + timedelta(days=1))
    await counter.bill(400)
    counter.clock.advance(days=1)

    assert await counter.job.run() == 1
    assert (await counter.held()).balances == ()
    assert counter.balances()["revenue_prepaid"] == -600


async def test_a_lapsed_top_up_that_was_taxed_earns_its_net(counter):
    await counter.apply_sheet(SHEET.format(policy="tax_on_topup"))
    await counter.prepay(1190, expires_at=counter.clock.now() + timedelta(days=1))
    counter.clock.advance(days=1)
    await counter.job.run()

    assert counter.balances() == {"cash": 1190, "revenue_prepaid": -1000, "tax_payable": -190}


async def test_what_is_free_can_be_paid_back_unless_tax_was_paid_with_it(counter):
    topup = await counter.prepay(1000)
    which = {"tenant_id": counter.tenant_id, "topup_id": topup.id, "actor": "usr_test"}
    await counter.pay.refund(**which, amount=money(600))

    assert counter.balances() == {"cash": 400, "prepaid_liability": -400}
    with pytest.raises(BalanceTooSmall):
        await counter.pay.refund(**which, amount=money(401))
    await counter.apply_sheet(SHEET.format(policy="tax_on_topup"))
    taxed = await counter.prepay(1190)
    with pytest.raises(TopupTaxed):
        await counter.pay.refund(**{**which, "topup_id": taxed.id}, amount=money(1))


async def test_numbers_of_receipts_have_no_gaps(counter):
    numbers = [(await counter.prepay(10)).number for _ in range(3)]

    assert numbers == [f"TY-R-2026-00000{n}" for n in (1, 2, 3)]


async def test_two_concurrent_debits_of_one_wallet_take_what_there_is_and_no_more(counter):
    await counter.prepay(1000)

    first, second = await asyncio.gather(counter.bill(700), counter.bill(700))

    assert sorted((first.due.minor, second.due.minor)) == [0, 400]
    [left] = (await counter.holdings()).topups
    assert (left.free.minor, left.spent.minor) == (0, 1000)


async def test_many_connections_take_money_and_its_tax_of_one_top_up_once(counter):
    await counter.apply_sheet(SHEET.format(policy="tax_on_topup"))
    await counter.prepay(1190)

    billed = await asyncio.gather(*(counter.bill(100) for _ in range(16)))

    taken = [applied for b in billed for applied in b.applied]
    assert sum(a.amount.minor for a in taken) == 1190
    assert sum(tax.tax.minor for a in taken for tax in a.taxes) == 190
    [left] = (await counter.holdings()).topups
    assert (left.free.minor, left.taxes) == (0, ())


async def test_a_wallet_is_of_a_tax_category_that_its_company_sells(counter):
    wallet = {"tenant_id": counter.tenant_id, "currency": CNY, "actor": "usr_test"}
    await counter.apply_sheet(
        SHEET.format(policy="tax_on_topup").replace(
            "rates:",
            'rates:\n  - {jurisdiction: DE, category: reduced, rate: "7", from: 2020-01-01}'
            '\n  - {jurisdiction: FR, category: books, rate: "5.5", from: 2020-01-01}',
        )
    )

    kept = await counter.wallet(**wallet, name="Books", tax_category="reduced")
    for wrong in ("books", "reducd", ""):
        with pytest.raises(TaxCategoryNotSold):
            await counter.wallet(**wallet, name="Wrong", tax_category=wrong)

    paid = await counter.prepay(1070, kept.id)
    assert [(tax.category, tax.tax.minor) for tax in paid.taxes] == [("reduced", 70)]
    assert [w.name for w in (await counter.holdings()).wallets] == ["Books"]


async def test_where_nothing_is_taxed_a_wallet_is_standard(counter):
    wallet = {"tenant_id": counter.tenant_id, "currency": CNY, "actor": "usr_test"}
    with pytest.raises(TaxCategoryNotSold):
        await counter.wallet(**wallet, name="Wrong", tax_category="reduced")
    await counter.wallet(**wallet, name="Main")
