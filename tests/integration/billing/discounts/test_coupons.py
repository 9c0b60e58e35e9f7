"""Coupons: offered, redeemed, used."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from billing.domain.assembling import Scope
from billing.domain.discounts.records import Duration
from billing.errors_tax import (
    BalanceNotFound,
    BalanceTooSmall,
    CouponExists,
    CouponNotFound,
    CouponRedeemed,
    DiscountInvalid,
)
from control_plane.kernel.ids import TenantId
from tests.support.assembling import line, money

HALF = Decimal(50)


async def redeem(counter, code="WELCOME", **more):
    return await counter.redeem(tenant_id=counter.tenant_id, code=code, actor="usr_test", **more)


async def test_a_coupon_for_once_takes_from_the_first_invoice_alone(counter):
    await counter.offer(percent=HALF)
    await redeem(counter, " welcome ")

    first = await counter.bill(1000)
    counter.clock.advance(days=30)
    second = await counter.bill(1000)

    assert (first.net.minor, second.net.minor) == (500, 1000)


async def test_two_invoices_of_one_instant_are_one_use(counter):
    await counter.offer(percent=HALF)
    await redeem(counter)

    assert [(await counter.bill(1000)).net.minor for _ in range(2)] == [500, 500]


async def test_a_coupon_for_periods_counts_the_instants_it_took_something_at(counter):
    await counter.offer(percent=HALF, duration=Duration.PERIODS, periods=2)
    await redeem(counter)
    nets = []
    for minor in (1000, 0, 1000, 1000):
        nets.append((await counter.bill(minor)).net.minor)
        counter.clock.advance(days=30)

    assert nets == [500, 0, 500, 1000]


async def test_a_coupon_for_ever_goes_on(counter):
    await counter.offer(percent=HALF, duration=Duration.FOREVER)
    await redeem(counter)
    for _ in range(3):
        assert (await counter.bill(1000)).net.minor == 500
        counter.clock.advance(days=30)


async def test_a_fixed_coupon_takes_nothing_in_a_currency_it_has_no_amount_for(counter):
    await counter.offer(amounts={"USD": money(500, "USD")})
    await redeem(counter)

    assert (await counter.held()).coupons == ()


async def test_coupons_apply_in_the_order_of_their_places(counter):
    await counter.offer("LATER", percent=HALF, place=2, duration=Duration.FOREVER)
    await counter.offer("FIRST", amounts={"CNY": money(100)}, place=1)
    await redeem(counter, "LATER")
    await redeem(counter, "FIRST")

    found = await counter.bill(1000)

    assert [d.code for d in found.lines[0].discounts] == ["FIRST", "LATER"]
    assert found.net.minor == 450


async def test_each_organisation_redeems_a_coupon_once(counter):
    await counter.offer(percent=HALF)
    await redeem(counter)

    with pytest.raises(CouponRedeemed):
        await redeem(counter)


async def test_a_coupon_that_may_be_had_again_can_be_redeemed_again(counter):
    await counter.offer(percent=HALF, once_per_tenant=False)
    await redeem(counter)
    await redeem(counter)

    assert (await counter.bill(1000)).net.minor == 250


async def test_the_last_coupon_goes_to_one_of_two_who_ask_at_once(
    counter, tenant_id, other_tenant_id
):
    await counter.offer(percent=HALF, most=1)

    async def ask(tenant: TenantId) -> bool:
        try:
            await counter.redeem(tenant_id=tenant, code="WELCOME", actor="usr_test")
        except CouponNotFound:
            return False
        return True

    taken = await asyncio.gather(ask(tenant_id), ask(other_tenant_id))

    assert sorted(taken) == [False, True]


async def test_a_coupon_ends_on_its_date_and_when_it_is_ended(counter):
    await counter.offer("DATED", percent=HALF, redeem_by=counter.clock.now() + timedelta(days=1))
    await counter.offer("ENDED", percent=HALF)
    await counter.create.end("ended")
    counter.clock.advance(days=1)
    for code in ("DATED", "ENDED", "NEVER"):
        with pytest.raises(CouponNotFound):
            await redeem(counter, code)


async def test_a_coupon_of_staff_is_not_redeemed_by_its_code(counter):
    await counter.offer(percent=HALF, by_customer=False)
    with pytest.raises(CouponNotFound):
        await redeem(counter)
    await redeem(counter, by_staff=True)

    assert len((await counter.held()).coupons) == 1


async def test_a_refused_redemption_changes_nothing(counter):
    await counter.offer(percent=HALF, most=1)
    await redeem(counter)
    with pytest.raises(CouponRedeemed):
        await redeem(counter)

    [offer] = [r.offer for r in (await counter.holdings()).coupons]
    assert offer.redeemed == 1


async def test_a_coupon_given_back_takes_nothing_any_more(counter):
    await counter.offer(percent=HALF, duration=Duration.FOREVER)
    redemption_id = await redeem(counter)
    ending = {"tenant_id": counter.tenant_id, "redemption_id": redemption_id, "actor": "usr_test"}

    await counter.redeem.give_back(**ending)

    assert (await counter.bill(1000)).net.minor == 1000
    with pytest.raises(BalanceNotFound):
        await counter.redeem.give_back(**ending)


async def test_a_closed_period_is_rated_again_with_its_percentage_coupons_only(counter, work):
    await counter.offer("PERCENT", percent=HALF)
    await counter.offer("FIXED", amounts={"CNY": money(100)})
    await redeem(counter, "PERCENT")
    await redeem(counter, "FIXED")
    await counter.credit(50)
    await counter.bill(1000)
    [invoice_id] = counter.admin.execute("SELECT id FROM invoices").fetchone()

    async with work(counter.tenant_id) as session:
        held = await counter.discounts.corrected(
            session, counter.tenant_id, invoice_id, line(1).amount.currency
        )

    assert [coupon.code for coupon in held.coupons] == ["PERCENT"]
    assert (held.credits, held.balances) == ((), ())


async def test_a_coupon_used_up_by_another_meanwhile_refuses_the_invoice(counter, work):
    await counter.offer(percent=HALF)
    await redeem(counter)
    assembled = await counter.bill(1000)
    counter.clock.advance(days=1)
    at = counter.clock.now()

    with pytest.raises(BalanceTooSmall):
        async with work(counter.tenant_id) as session:
            await counter.discounts.apply(
                session, counter.tenant_id, counter.invoice(at), assembled, at=at
            )


@pytest.mark.parametrize(
    "wrong",
    [
        {"percent": Decimal(0)},
        {"percent": Decimal(101)},
        {},
        {"percent": HALF, "amounts": {"CNY": money(1)}},
        {"amounts": {"CNY": money(0)}},
        {"percent": HALF, "periods": 2},
        {"percent": HALF, "duration": Duration.PERIODS},
        {"percent": HALF, "duration": Duration.PERIODS, "periods": 1000},
        {"percent": HALF, "most": 0},
    ],
)
async def test_a_coupon_that_makes_no_sense_is_refused(counter, wrong):
    with pytest.raises(DiscountInvalid):
        await counter.offer(**wrong)


async def test_a_code_is_of_letters_and_digits_and_taken_once(counter):
    offer = await counter.offer(percent=HALF, scope=Scope(plans=("growth",)))
    with pytest.raises(CouponExists):
        await counter.create(replace(offer, id=counter.tenant_id))
    with pytest.raises(DiscountInvalid):
        await counter.offer("no blanks", percent=HALF)
