"""What is charged is what was shown, or nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from billing.domain.life.timing import ChangeTiming
from billing.errors import (
    AccountParked,
    AddonNotApplicable,
    CurrencyNotOffered,
    ModuleAlreadySubscribed,
    PreviewInvalid,
    PreviewStale,
    SamePlan,
    SubscriptionEnding,
)
from billing.repositories.accounts import AccountRepository
from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.calendar import Interval
from control_plane.kernel.ids import SubscriptionId, new_id
from control_plane.subscriptions.errors import SubscriptionNotFound
from tests.support.billing_world import ACTOR, CATALOGUE, World


async def preview(world: World, tenant_id, subscription, plan="scale", **more):
    return await world.preview_plan_change(
        tenant_id=tenant_id, subscription_id=subscription, plan_code=plan, **more
    )


async def confirm(world: World, tenant_id, subscription, token, plan="scale", **more):
    return await world.change_plan(
        tenant_id=tenant_id,
        subscription_id=subscription,
        plan_code=plan,
        token=token,
        actor=ACTOR,
        **more,
    )


async def test_the_amount_previewed_is_the_amount_charged_while_usage_streams_in(
    world: World, tenant_id
):
    subscription = await world.subscribe(tenant_id)
    world.clock.advance(days=12)
    await world.ship(tenant_id, world.clock.now() - timedelta(days=2), 2700)
    shown = await preview(world, tenant_id, subscription)
    await world.ship(tenant_id, world.clock.now() - timedelta(days=2), 555)
    world.clock.advance(minutes=10)

    changed = await confirm(world, tenant_id, subscription, shown.token)

    [invoice] = changed.invoices
    assert invoice.total == shown.total
    body = (await world.invoices(tenant_id))[-1].content
    assert [(x["kind"], x["amount_minor"], x["steps"]) for x in body["lines"]] == [
        (x.kind.value, x.amount.minor, [dict(s) for s in x.steps]) for x in shown.lines
    ]


async def test_a_preview_writes_nothing(world: World, tenant_id):
    subscription = await world.subscribe(tenant_id)
    world.clock.advance(days=3)

    await preview(world, tenant_id, subscription)
    await world.preview_addon(
        tenant_id=tenant_id, subscription_id=subscription, addon_code="peak_618"
    )

    assert len(await world.invoices(tenant_id)) == 1


async def test_an_old_preview_is_refused(world: World, tenant_id):
    subscription = await world.subscribe(tenant_id)
    shown = await preview(world, tenant_id, subscription)
    world.clock.advance(minutes=16)

    with pytest.raises(PreviewStale):
        await confirm(world, tenant_id, subscription, shown.token)


async def test_a_preview_that_a_period_end_overtook_is_refused(world: World, tenant_id):
    subscription = await world.subscribe(tenant_id)
    world.clock.set(datetime(2026, 2, 10, 1, 55, tzinfo=UTC))
    shown = await preview(world, tenant_id, subscription)
    world.clock.advance(minutes=10)

    with pytest.raises(PreviewStale):
        await confirm(world, tenant_id, subscription, shown.token)
    # The period that ended meanwhile is closed by whoever comes next.
    assert len(await world.close_due(tenant_id)) == 1


async def test_a_preview_of_a_price_that_changed_is_refused(world: World, tenant_id):
    subscription = await world.subscribe(tenant_id)
    world.clock.advance(days=1)
    shown = await preview(world, tenant_id, subscription)
    await ApplyCatalog(world.database, world.clock)(CATALOGUE.replace("3999.00", "4999.00"))

    with pytest.raises(PreviewStale):
        await confirm(world, tenant_id, subscription, shown.token)
    assert len(await world.invoices(tenant_id)) == 1


async def test_a_preview_is_confirmed_once(world: World, tenant_id):
    subscription = await world.subscribe(tenant_id)
    world.clock.advance(days=1)
    shown = await preview(world, tenant_id, subscription)
    await confirm(world, tenant_id, subscription, shown.token)

    with pytest.raises((PreviewStale, SamePlan)):
        await confirm(world, tenant_id, subscription, shown.token)


async def test_a_token_is_good_for_its_own_change_only(world: World, tenant_id, other_tenant_id):
    subscription = await world.subscribe(tenant_id)
    other = await world.subscribe(other_tenant_id)
    world.clock.advance(days=1)
    shown = await preview(world, tenant_id, subscription)
    addon = await world.preview_addon(
        tenant_id=tenant_id, subscription_id=subscription, addon_code="peak_618"
    )

    with pytest.raises(PreviewInvalid):
        await confirm(world, other_tenant_id, other, shown.token)
    with pytest.raises(PreviewInvalid):
        await confirm(world, tenant_id, subscription, addon.token)
    for token in ("", ".", "a.b", shown.token[:-2], f"x{shown.token}"):
        with pytest.raises(PreviewInvalid):
            await confirm(world, tenant_id, subscription, token)
    with pytest.raises(PreviewStale):
        await confirm(world, tenant_id, subscription, shown.token, plan="inbound_only")


async def test_a_cheaper_plan_waits_for_the_period_end(world: World, tenant_id):
    subscription = await world.subscribe(tenant_id, "scale")
    world.clock.advance(days=3)
    shown = await preview(world, tenant_id, subscription, "growth")
    assert (shown.timing, shown.total.minor) == (ChangeTiming.AT_PERIOD_END, 0)

    changed = await confirm(world, tenant_id, subscription, shown.token, "growth")
    world.clock.set(datetime(2026, 2, 10, 2, tzinfo=UTC))
    [invoice] = await world.close_due(tenant_id)

    assert (changed.invoices, changed.effective_at) == ((), world.clock.now())
    assert invoice.total.decimal_text() == "1999.00"


async def test_a_scheduled_change_can_be_taken_back(world: World, tenant_id):
    subscription = await world.subscribe(tenant_id, "scale")
    await world.move(tenant_id, subscription, "growth")
    await world.move(tenant_id, subscription, "scale")
    world.clock.set(datetime(2026, 2, 10, 2, tzinfo=UTC))

    [invoice] = await world.close_due(tenant_id)

    assert invoice.total.decimal_text() == "3999.00"


async def test_more_capacity_for_less_money_comes_at_once_and_credits_the_difference(
    world: World, tenant_id
):
    subscription = await world.subscribe(tenant_id)
    world.clock.advance(days=3)

    shown = await preview(world, tenant_id, subscription, "wide")
    changed = await confirm(world, tenant_id, subscription, shown.token, "wide")

    # 28 of 31 days: 999.00 is charged, 1999.00 credited; no invoice is negative.
    assert shown.timing is ChangeTiming.AT_ONCE
    assert (shown.total.decimal_text(), shown.quote.credited.decimal_text()) == (
        "902.32",
        "1805.55",
    )
    assert [note.total for note in changed.notes] == [shown.quote.credited]


async def test_an_addon_booked_ahead_costs_all_of_it_and_late_only_the_days_left(
    world: World, tenant_id
):
    subscription = await world.subscribe(tenant_id)
    ahead = await world.preview_addon(
        tenant_id=tenant_id, subscription_id=subscription, addon_code="peak_618"
    )
    world.clock.set(datetime(2026, 6, 5, 4, tzinfo=UTC))
    await world.close_due(tenant_id)
    late = await world.preview_addon(
        tenant_id=tenant_id, subscription_id=subscription, addon_code="peak_618"
    )

    assert ahead.total.decimal_text() == "888.00"
    assert late.total.decimal_text() == "444.00"  # 16 of 32 days
    [first], [second] = ahead.longer.addon_bookings(), late.longer.addon_bookings()
    assert first.window == second.window


async def test_a_previewed_start_is_charged_as_shown(world: World, tenant_id):
    shown = await world.preview_start(
        tenant_id=tenant_id, plan_code="growth", interval=Interval.MONTH
    )
    world.clock.advance(minutes=5)

    started = await world.start(
        tenant_id=tenant_id,
        plan_code="growth",
        interval=Interval.MONTH,
        actor=ACTOR,
        token=shown.token,
    )

    [invoice] = started.invoices
    assert invoice.total == shown.total == shown.after.fee
    assert started.effective_at == shown.effective_at


async def test_refusals(world: World, tenant_id):
    subscription = await world.subscribe(tenant_id, "outbound_only")
    with pytest.raises(SamePlan):
        await preview(world, tenant_id, subscription, "outbound_only")
    with pytest.raises(SubscriptionNotFound):
        await preview(world, tenant_id, SubscriptionId(new_id()))
    with pytest.raises(ModuleAlreadySubscribed):
        await world.subscribe(tenant_id, "growth")
    with pytest.raises(CurrencyNotOffered):
        await world.preview_start(
            tenant_id=tenant_id,
            plan_code="inbound_only",
            interval=Interval.MONTH,
            currency_code="USD",
        )
    inbound = await world.subscribe(tenant_id, "inbound_only")
    with pytest.raises(ModuleAlreadySubscribed):
        await preview(world, tenant_id, inbound, "growth")
    with pytest.raises(AddonNotApplicable):
        await world.book(tenant_id, inbound)
    await world.cancel(tenant_id=tenant_id, subscription_id=inbound, actor=ACTOR)
    with pytest.raises(SubscriptionEnding):
        await preview(world, tenant_id, inbound, "growth")
    with pytest.raises(SubscriptionEnding):
        await world.cancel(tenant_id=tenant_id, subscription_id=inbound, actor=ACTOR)


async def test_a_parked_account_changes_nothing(world: World, tenant_id):
    subscription = await world.subscribe(tenant_id)
    async with world.work(tenant_id) as session:
        await AccountRepository(session).park(tenant_id, world.clock.now(), "under review")

    with pytest.raises(AccountParked):
        await preview(world, tenant_id, subscription)


async def test_cancelling_at_once_bills_the_usage_until_then(world: World, tenant_id):
    subscription = await world.subscribe(tenant_id)
    world.clock.advance(days=10)
    await world.ship(tenant_id, world.clock.now() - timedelta(hours=1), 1000)
    await world.ship(tenant_id, world.clock.now() + timedelta(hours=1), 5000)

    ended = await world.cancel(
        tenant_id=tenant_id, subscription_id=subscription, actor=ACTOR, at_once=True
    )

    # 10 of 31 days leave 645.16… lines included; the rest of 1,000 costs 0.05 each.
    [invoice] = ended.invoices
    assert invoice.total.decimal_text() == "17.74"


async def test_a_change_that_waits_charges_nothing_also_at_the_instant_of_another(
    world: World, tenant_id
):
    subscription = await world.subscribe(tenant_id)
    world.clock.advance(days=10)
    await world.move(tenant_id, subscription, "scale")
    before = len(await world.invoices(tenant_id))
    await world.ship(tenant_id, world.clock.now() - timedelta(days=1), 5000)

    ended = await world.cancel(tenant_id=tenant_id, subscription_id=subscription, actor=ACTOR)

    assert (ended.invoices, ended.notes) == ((), ())
    assert len(await world.invoices(tenant_id)) == before
