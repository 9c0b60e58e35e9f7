"""Closing: each invoice once, dated by its due instant, whatever happens to the run."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from billing.jobs import CloseDuePeriods
from control_plane.kernel.calendar import Interval
from tests.support.billing_world import World


def kinds(invoice) -> list[tuple[str, int]]:
    return [(line["kind"], line["amount_minor"]) for line in invoice.content["lines"]]


async def test_a_start_is_invoiced_at_once_for_the_whole_first_period(world: World, tenant_id):
    await world.subscribe(tenant_id)

    [invoice] = await world.invoices(tenant_id)

    assert invoice.summary.total.decimal_text() == "1999.00"
    assert invoice.summary.dated == date(2026, 1, 10)
    assert invoice.summary.number == "TY-2026-000001"
    assert kinds(invoice) == [("fee", 199900)]


async def test_a_period_end_bills_the_usage_behind_and_the_fee_ahead(world: World, tenant_id):
    await world.subscribe(tenant_id)
    await world.ship(tenant_id, datetime(2026, 1, 20, tzinfo=UTC), 7234)
    world.clock.set(datetime(2026, 2, 10, 2, tzinfo=UTC))

    [invoice] = await world.close_due(tenant_id)

    [_, stored] = await world.invoices(tenant_id)
    assert invoice.total.decimal_text() == "2256.02"
    assert kinds(stored) == [("usage", 25702), ("fee", 199900)]


async def test_nothing_is_due_before_the_period_ends(world: World, tenant_id):
    await world.subscribe(tenant_id)
    world.clock.set(datetime(2026, 2, 10, 2, tzinfo=UTC) - timedelta(microseconds=1))

    assert await world.close_due(tenant_id) == []


async def test_three_days_of_downtime_over_two_period_ends_yield_both_invoices_dated_right(
    world: World, tenant_id
):
    await world.subscribe(tenant_id)
    world.clock.set(datetime(2026, 3, 13, 2, tzinfo=UTC))

    issued = await world.close_due(tenant_id)

    assert [i.dated for i in issued] == [date(2026, 2, 10), date(2026, 3, 10)]
    assert await world.close_due(tenant_id) == []


async def test_a_late_run_writes_the_same_bytes_as_one_on_time(
    world: World, tenant_id, other_tenant_id
):
    for tenant in (tenant_id, other_tenant_id):
        await world.subscribe(tenant)
    world.clock.set(datetime(2026, 2, 10, 2, tzinfo=UTC))
    await world.close_due(tenant_id)
    world.clock.set(datetime(2026, 2, 13, 2, tzinfo=UTC))
    await world.close_due(other_tenant_id)

    bodies = [(await world.invoices(t))[-1].content for t in (tenant_id, other_tenant_id)]
    for body in bodies:
        for own in ("number", "tenant", "buyer"):
            del body[own]
        for line in body["lines"]:
            del line["key"], line["item_key"], line["subscription"]
    assert bodies[0] == bodies[1]


async def test_an_upgrade_credits_and_charges_the_days_left(world: World, tenant_id):
    subscription = await world.subscribe(tenant_id)
    world.clock.set(datetime(2026, 1, 25, 6, tzinfo=UTC))

    await world.move(tenant_id, subscription, "scale")

    invoice = (await world.invoices(tenant_id))[-1]
    [note] = await world.notes(tenant_id)
    # The period has 31 days; the 25th and the 15 after it belong to the new plan: 3,999 * 16/31.
    assert kinds(invoice) == [("usage", 0), ("fee", 206400)]
    # Of the old plan 15 days are owed, 1,999 * 15/31 = 967.258…; the rest comes back.
    assert kinds(note) == [("fee", 199900 - 96726)]


async def test_several_subscriptions_share_one_invoice(world: World, tenant_id):
    await world.subscribe(tenant_id, "inbound_only")
    await world.subscribe(tenant_id, "outbound_only")
    world.clock.set(datetime(2026, 2, 10, 2, tzinfo=UTC))

    [invoice] = await world.close_due(tenant_id)

    assert invoice.total.decimal_text() == "1298.00"


async def test_two_things_at_the_very_same_instant_are_both_invoiced(world: World, tenant_id):
    subscription = await world.subscribe(tenant_id)
    await world.book(tenant_id, subscription)
    await world.move(tenant_id, subscription, "scale")

    parts = [
        (i.content["part"], i.summary.total.decimal_text()) for i in await world.invoices(tenant_id)
    ]
    notes = [note.summary.total.decimal_text() for note in await world.notes(tenant_id)]

    assert parts == [(0, "1999.00"), (1, "888.00"), (2, "3999.00")]
    assert notes == ["1999.00"]


async def test_a_change_at_the_very_instant_of_a_period_end_comes_on_top_of_its_fee(
    world: World, tenant_id
):
    subscription = await world.subscribe(tenant_id)
    world.clock.set(datetime(2026, 2, 10, 2, tzinfo=UTC))
    await world.close_due(tenant_id)

    await world.move(tenant_id, subscription, "scale")

    assert kinds((await world.invoices(tenant_id))[-1]) == [("fee", 399900)]
    assert [kinds(note) for note in await world.notes(tenant_id)] == [[("fee", 199900)]]


async def test_a_cancelled_subscription_is_billed_to_its_end_and_never_again(
    world: World, tenant_id
):
    subscription = await world.subscribe(tenant_id)
    await world.cancel(tenant_id=tenant_id, subscription_id=subscription, actor="usr_test")
    await world.ship(tenant_id, datetime(2026, 2, 1, tzinfo=UTC), 2100)
    world.clock.set(datetime(2026, 6, 1, tzinfo=UTC))

    [last] = await world.close_due(tenant_id)

    assert last.total.decimal_text() == "5.00"
    assert last.dated == date(2026, 2, 10)


async def test_a_year_paid_ahead_is_one_fee(world: World, tenant_id):
    await world.subscribe(tenant_id, interval=Interval.YEAR)
    world.clock.set(datetime(2027, 1, 10, 1, tzinfo=UTC))

    assert await world.close_due(tenant_id) == []
    [invoice] = await world.invoices(tenant_id)
    assert invoice.summary.total.decimal_text() == "19990.00"


async def test_a_lost_connection_is_raised_when_the_others_are_closed(
    world: World, tenant_id, other_tenant_id
):
    for tenant in (tenant_id, other_tenant_id):
        await world.subscribe(tenant)
    world.clock.set(datetime(2026, 2, 10, 2, tzinfo=UTC))

    async def close(tenant):
        if tenant == tenant_id:
            raise ConnectionError
        await asyncio.sleep(0.05)
        return await world.close_due(tenant)

    with pytest.raises(ConnectionError):
        await CloseDuePeriods(world.system, close, world.clock).run()

    assert len(await world.invoices(other_tenant_id)) == 2
    assert await world.close_due_periods.run() == 1
