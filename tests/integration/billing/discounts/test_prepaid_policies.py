"""The three prepaid policies with real invoices: the books agree, or say where not."""

from datetime import timedelta

import pytest

from billing.errors_documents import CreditBalanceTooLow, InvoiceNotVoidable
from billing.errors_tax import TopupTaxed
from billing.providers.memory import GOOD_CARD
from billing.repositories.accounts import AccountRepository
from control_plane.kernel.ids import TenantId
from tests.integration.revenue.test_daily_check import unguarded
from tests.support.assembling import money
from tests.support.billing_world import ACTOR

POLICIES = ("tax_on_use", "tax_on_topup", "card")
SHEET = """
entities:
  - {{code: live, prefix: TY, name: Tallyard, country: CN, prepaid: {policy}, tax: {{}}}}
rates:
  - {{jurisdiction: CN, category: standard, rate: "13", from: 2020-01-01}}
"""
GROWTH = 225_887
"""A month of Growth, 1,999.00, with 13 % tax, in fen."""
TAX = 25_987


async def opened(world, counter, policy: str, minor: int = 500_000):
    """A company that taxes prepaid money by a policy, and a customer who paid ahead."""
    await counter.apply_sheet(SHEET.format(policy=policy))
    return await counter.prepay(minor)


def which(counter, **more):
    return {"tenant_id": counter.tenant_id, "actor": ACTOR, **more}


async def topup_of(counter, topup_id):
    return next(t for t in (await counter.holdings()).topups if t.id == topup_id)


async def agreed(world, tenant_id: TenantId) -> None:
    """Every rule of the books holds, and every document comes out of its manifest again."""
    assert await world.check_books(tenant_id) == []
    for invoice in await world.invoices(tenant_id):
        verdict = await world.verify(tenant_id=tenant_id, invoice_id=invoice.summary.id)
        assert verdict.differences == ()


@pytest.mark.parametrize("policy", POLICIES)
async def test_a_balance_pays_an_invoice_and_the_books_agree(world, counter, tenant_id, policy):
    topup = await opened(world, counter, policy)

    await world.subscribe(tenant_id)

    [invoice] = await world.invoices(tenant_id)
    assert (invoice.summary.total.minor, invoice.summary.due.minor) == (GROWTH, 0)
    assert invoice.content["tax_minor"] == TAX
    [applied] = invoice.content["applied"]
    deducted = [row["tax_minor"] for row in applied["taxes"]]
    assert (applied["policy"], deducted) == (policy, [TAX] if policy == "tax_on_topup" else [])
    assert (await topup_of(counter, topup.id)).free.minor == 500_000 - GROWTH
    await agreed(world, tenant_id)


@pytest.mark.parametrize("policy", POLICIES)
async def test_the_tax_that_is_owed_is_charged_once(world, counter, tenant_id, policy):
    """Whichever document charges it: a top-up that is used up leaves the tax of its invoice."""
    await opened(world, counter, policy, GROWTH)
    before = counter.balances().get("tax_payable", 0)

    await world.subscribe(tenant_id)

    assert before == (-TAX if policy == "tax_on_topup" else 0)
    assert counter.balances()["tax_payable"] == -TAX
    assert "prepaid_liability" not in counter.balances()
    await agreed(world, tenant_id)


@pytest.mark.parametrize("policy", POLICIES)
async def test_a_balance_over_several_invoices_ends_at_nothing(world, counter, tenant_id, policy):
    topup = await opened(world, counter, policy)
    await world.subscribe(tenant_id)
    for _ in range(2):
        counter.clock.set((await world_account(world, tenant_id)).next_due_at)
        await world.close_due(tenant_id)
        await agreed(world, tenant_id)

    due = [i.summary.due.minor for i in await world.invoices(tenant_id)]
    assert due == [0, 0, 3 * GROWTH - 500_000]
    used_up = await topup_of(counter, topup.id)
    assert (used_up.free.minor, used_up.taxes) == (0, ())


async def world_account(world, tenant_id):
    async with world.work(tenant_id) as session:
        return await AccountRepository(session).get(tenant_id)


@pytest.mark.parametrize("policy", POLICIES)
async def test_what_ends_is_earned_without_its_tax(world, counter, tenant_id, policy):
    await counter.apply_sheet(SHEET.format(policy=policy))
    await counter.prepay(300_000, expires_at=counter.clock.now() + timedelta(days=20))
    await world.subscribe(tenant_id)
    counter.clock.advance(days=20)

    assert await counter.job.run() == 1

    left = 300_000 - GROWTH
    taxed = {"tax_on_topup": left - round(left / 1.13)}.get(policy, 0)
    assert counter.balances()["revenue_prepaid"] == -(left - taxed)
    await agreed(world, tenant_id)


@pytest.mark.parametrize("policy", POLICIES)
async def test_what_is_free_is_paid_back_unless_it_was_taxed(world, counter, tenant_id, policy):
    topup = await opened(world, counter, policy)
    await world.subscribe(tenant_id)
    back = {"topup_id": topup.id, "amount": money(100_000)}

    if policy == "tax_on_topup":
        with pytest.raises(TopupTaxed):
            await counter.pay.refund(**which(counter), **back)
    else:
        await counter.pay.refund(**which(counter), **back)
        assert (await topup_of(counter, topup.id)).refunded.minor == 100_000
        assert counter.balances()["cash"] == 400_000
    await agreed(world, tenant_id)


@pytest.mark.parametrize("policy", POLICIES)
async def test_a_credit_note_on_a_prepaid_invoice_goes_to_the_customers_credit(
    world, counter, tenant_id, policy
):
    topup = await opened(world, counter, policy)
    await world.subscribe(tenant_id)
    [invoice] = await world.invoices(tenant_id)

    note = await world.give(**which(counter), invoice_id=invoice.summary.id, reason="a broken week")

    assert (note.total.minor, note.lowered.minor, note.carried.minor) == (GROWTH, 0, GROWTH)
    assert counter.balances()["customer_credit"] == -GROWTH
    # The wallet keeps what it paid: what is given back settles the next invoice, or is refunded.
    assert (await topup_of(counter, topup.id)).free.minor == 500_000 - GROWTH
    await agreed(world, tenant_id)
    counter.clock.set((await world_account(world, tenant_id)).next_due_at)
    await world.close_due(tenant_id)
    *_, following = await world.invoices(tenant_id)
    assert [a["kind"] for a in following.content["applied"]] == ["credit_note"]
    await agreed(world, tenant_id)


@pytest.mark.parametrize("policy", POLICIES)
async def test_what_a_credit_note_left_of_a_prepaid_invoice_is_refunded_at_most_once(
    world, counter, tenant_id, policy
):
    await opened(world, counter, policy)
    await world.subscribe(tenant_id)
    [invoice] = await world.invoices(tenant_id)
    await world.give(**which(counter), invoice_id=invoice.summary.id, reason="a broken week")
    for _ in range(2):
        await world.refund(**which(counter), amount=money(GROWTH), reference="bank 7")
    with pytest.raises(CreditBalanceTooLow):
        await world.refund(**which(counter), amount=money(1), reference="bank 8")

    assert "customer_credit" not in counter.balances()
    assert counter.balances()["cash"] == 500_000 - GROWTH
    await agreed(world, tenant_id)


@pytest.mark.parametrize("policy", POLICIES)
async def test_an_invoice_that_a_balance_settled_is_not_voided(world, counter, tenant_id, policy):
    await opened(world, counter, policy, 1000)
    await world.subscribe(tenant_id)
    [invoice] = await world.invoices(tenant_id)

    with pytest.raises(InvoiceNotVoidable):
        await world.void(**which(counter), invoice_id=invoice.summary.id, reason="wrong")
    await agreed(world, tenant_id)


@pytest.mark.parametrize("policy", POLICIES)
async def test_an_automatic_top_up_by_card_follows_the_policy(world, counter, tenant_id, policy):
    topup = await opened(world, counter, policy, 300_000)
    await counter.keep_card(**which(counter), provider="memory", method=GOOD_CARD)
    await counter.wallet.automatic(
        **which(counter), wallet_id=topup.wallet_id, below=money(100_000), amount=money(200_000)
    )

    await world.subscribe(tenant_id)
    await counter.charges.run()

    paid = await counter.automatic()
    assert (paid.policy.value, paid.free.minor) == (policy, 200_000)
    assert paid.number.startswith("TY-P-" if policy == "tax_on_topup" else "TY-R-")
    assert bool(paid.taxes) is (policy == "tax_on_topup")
    await agreed(world, tenant_id)


FAULTS = [
    (
        "tax_on_use",
        "UPDATE wallet_topups SET free_minor = free_minor - 1, spent_minor = spent_minor + 1",
        {
            "prepaid liability differs from the balances",
            "prepaid balance differs from its uses",
        },
    ),
    (
        "tax_on_topup",
        "UPDATE wallet_topups SET taxes = jsonb_set(taxes, '{0,tax_minor}', '1')",
        {
            "prepaid liability differs from the balances",
            "prepaid tax differs from what was deducted of it",
        },
    ),
    (
        "tax_on_topup",
        "UPDATE wallet_uses SET tax_minor = tax_minor - 1",
        {
            "tax payable differs from the taxes of documents",
            "prepaid tax differs from what was deducted of it",
        },
    ),
    (
        "card",
        """UPDATE wallet_topups SET taxes =
        '[{"category":"standard","code":"S","rate":"13","base_minor":0,"tax_minor":1}]'""",
        {
            "prepaid liability differs from the balances",
            "prepaid tax differs from what was deducted of it",
            "top-up is taxed against its policy",
        },
    ),
    (
        "card",
        "UPDATE wallet_topups SET body_sha256 = 'other'",
        {"top-up's document differs from its row"},
    ),
]


@pytest.mark.parametrize(("policy", "fault", "rules"), FAULTS)
async def test_a_planted_fault_raises_its_alarm(
    world, counter, tenant_id, admin, policy, fault, rules
):
    await opened(world, counter, policy)
    await world.subscribe(tenant_id)
    assert await world.check_books(tenant_id) == []

    unguarded(admin, fault, [])

    assert {finding.rule for finding in await world.check_books(tenant_id)} == rules


async def test_a_charge_or_a_cycle_that_does_not_fit_raises_its_alarm(
    world, counter, tenant_id, admin
):
    topup = await opened(world, counter, "tax_on_use", 300_000)
    await counter.keep_card(**which(counter), provider="memory", method=GOOD_CARD)
    await counter.wallet.automatic(
        **which(counter), wallet_id=topup.wallet_id, below=money(100_000), amount=money(200_000)
    )
    await world.subscribe(tenant_id)
    await counter.charges.run()
    await counter.monthly(100)
    assert await world.check_books(tenant_id) == []

    unguarded(admin, "UPDATE topup_charges SET amount_minor = 1", [])
    unguarded(admin, "UPDATE credit_grants SET nth = 1 WHERE schedule_id IS NOT NULL", [])

    assert {finding.rule for finding in await world.check_books(tenant_id)} == {
        "card charge differs from the top-up it paid",
        "recurring credit misses a cycle",
    }
