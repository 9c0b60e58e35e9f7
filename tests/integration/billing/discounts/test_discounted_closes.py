"""Coupons and recurring credits on invoices that really are issued, and on their previews."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billing.domain.discounts.records import Duration
from billing.domain.discounts.recurring import Rollover
from billing.services.discounts.recur_credit import Cycle
from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.anchor import Interval
from tests.support.assembling import money
from tests.support.billing_world import ACTOR, CATALOGUE

BOUNDED = CATALOGUE.replace(
    "plans:\n",
    """plans:
  - code: bounded
    name: {en: Bounded, zh: 封顶版}
    modules: [inbound, outbound]
    entitlements: {outbound.orders_per_day: 150}
    prices:
      - currency: CNY
        interval: month
        charges:
          - {code: lines, kind: per_unit, meter: outbound_lines, unit_price: "0.10",
             minimum: "50.00", maximum: "80.00", name: {en: Lines, zh: 行}}
""",
    1,
)


async def stack(counter):
    """10 %, then 5.00, then half, for good; redeemed in another order."""
    await counter.offer("HALF", percent=Decimal(50), place=3, duration=Duration.FOREVER)
    await counter.offer("TEN", percent=Decimal(10), place=1, duration=Duration.FOREVER)
    await counter.offer("FIVE", amounts={"CNY": money(500)}, place=2, duration=Duration.FOREVER)
    for code in ("HALF", "FIVE", "TEN"):
        await counter.redeem(tenant_id=counter.tenant_id, code=code, actor=ACTOR)


@pytest.mark.parametrize(
    ("lines", "order", "took", "net"),
    [
        (300, "after_minimum", [("TEN", 500), ("FIVE", 500), ("HALF", 2000)], 2000),
        (700, "after_minimum", [("TEN", 700), ("FIVE", 500), ("HALF", 2900)], 2900),
        (2000, "after_minimum", [("TEN", 800), ("FIVE", 500), ("HALF", 3350)], 3350),
        (300, "before_minimum", [], 5000),
        (700, "before_minimum", [("TEN", 700), ("FIVE", 500), ("HALF", 800)], 5000),
        (2000, "before_minimum", [("TEN", 800), ("FIVE", 500), ("HALF", 1700)], 5000),
    ],
)
async def test_coupons_in_order_each_on_what_is_left_with_a_minimum_and_a_maximum(
    world, counter, database, clock, tenant_id, admin, lines, order, took, net
):
    await ApplyCatalog(database, clock)(BOUNDED)
    await world.subscribe(tenant_id, "bounded")
    admin.execute(
        "UPDATE billing_accounts SET policies = jsonb_build_object('coupons', %s::text)", [order]
    )
    await stack(counter)
    await world.ship(tenant_id, datetime(2026, 1, 20, tzinfo=UTC), lines)
    clock.set(datetime(2026, 2, 10, 2, tzinfo=UTC))

    await world.close_due(tenant_id)

    [invoice] = await world.invoices(tenant_id)
    [line] = invoice.content["lines"]
    assert [(d["code"], d["amount_minor"]) for d in line["discounts"]] == took
    assert line["net_minor"] == net
    verdict = await world.verify(tenant_id=tenant_id, invoice_id=invoice.summary.id)
    assert verdict.differences == ()
    assert await world.check_books(tenant_id) == []


async def test_a_preview_counts_the_credit_of_a_cycle_that_nobody_granted_yet(
    world, counter, clock, tenant_id
):
    subscription = await world.subscribe(tenant_id)
    schedule = await counter.monthly(20_000, rollover=Rollover(1, money(5_000)))
    clock.set(schedule.next_at + timedelta(days=3))
    await world.close_due(tenant_id)
    what = {"tenant_id": tenant_id, "subscription_id": subscription, "plan_code": "scale"}

    preview = await world.preview_plan_change(**what)
    _, renewal = await world.invoices(tenant_id)
    await world.change_plan(**what, token=preview.token, actor=ACTOR)

    # The renewal falls due as the cycle begins, and takes all: 50.00 rolled over, and 200.00 new.
    assert renewal.summary.discount.minor == 25_000
    *_, changed = await world.invoices(tenant_id)
    assert changed.summary.discount.minor == 0
    assert preview.quote.total == changed.summary.total
    assert await world.check_books(tenant_id) == []


async def test_what_was_previewed_with_a_credit_to_come_is_charged(
    world, counter, clock, tenant_id
):
    subscription = await world.subscribe(tenant_id)
    schedule = await counter.recur(
        tenant_id=tenant_id,
        amount=money(20_000),
        reason="weekly",
        cycle=Cycle(Interval.WEEK),
        actor=ACTOR,
    )
    clock.set(schedule.anchor.boundary(2) + timedelta(hours=1))
    what = {"tenant_id": tenant_id, "subscription_id": subscription, "plan_code": "scale"}

    preview = await world.preview_plan_change(**what)
    before = [g.nth for g in (await counter.holdings()).grants]
    await world.change_plan(**what, token=preview.token, actor=ACTOR)

    *_, changed = await world.invoices(tenant_id)
    assert before == [0]
    assert (changed.summary.discount.minor, changed.summary.total) == (20_000, preview.quote.total)
    granted = {g.nth: g.spent.minor for g in (await counter.holdings()).grants}
    assert granted == {0: 0, 1: 0, 2: 20_000}
    assert await world.check_books(tenant_id) == []
