"""The cases of the billing rules' last section, as far as the close and its documents hold them."""

from datetime import UTC, datetime, timedelta

import pytest

from billing.domain.life.requests import PlanWanted
from billing.services.subscriptions.confirm_change import ConfirmChange
from billing.services.subscriptions.preview_change import PreviewChange
from billing.services.subscriptions.weighing import Weighing
from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.calendar import Interval
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import format_id
from control_plane.kernel.money import Money
from tests.support.billing_world import ACTOR, World
from tests.support.late_catalogue import LATE_CATALOGUE
from web.api.change_views import changed_view
from web.portal.changed import see_changed

CNY = currency("CNY")
FEBRUARY = datetime(2026, 2, 10, 2, tzinfo=UTC)
MARCH = datetime(2026, 3, 10, 2, tzinfo=UTC)


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC)


def lines_of(document) -> list[tuple[str, int]]:
    return [(line["charge"], line["amount_minor"]) for line in document.content["lines"]]


@pytest.fixture
async def late(world: World, database, clock) -> World:
    await ApplyCatalog(database, clock)(LATE_CATALOGUE)
    return world


async def transfer(world: World, tenant_id, invoice, amount: str, reference: str):
    return await world.record_payment(
        tenant_id=tenant_id,
        invoice_id=invoice.summary.id,
        amount=Money.parse(amount, CNY),
        reference=reference,
        actor=ACTOR,
    )


async def verified(world: World, tenant_id) -> None:
    """Every document comes out of its manifest again, byte for byte; the books agree."""
    for invoice in await world.invoices(tenant_id):
        verdict = await world.verify(tenant_id=tenant_id, invoice_id=invoice.summary.id)
        assert verdict.differences == ()
    for note in await world.notes(tenant_id):
        found = await world.verify_note(tenant_id=tenant_id, note_id=note.summary.id)
        assert found.differences == ()
    assert await world.check_books(tenant_id) == []


async def test_late_usage_upward_after_finalising_is_a_further_invoice(late: World, tenant_id):
    await late.subscribe(tenant_id, "corrected")
    await late.ship(tenant_id, at(1, 20), 1000)
    late.clock.set(FEBRUARY)
    await late.close_due(tenant_id)
    await late.ship(tenant_id, at(1, 21), 50)
    late.clock.set(MARCH)
    await late.close_due(tenant_id)

    assert [lines_of(i) for i in await late.invoices(tenant_id)] == [
        [("base", 10000)],
        [("lines", 10000), ("base", 10000)],
        [("lines", 0), ("base", 10000)],
        [("lines", 500)],
    ]
    await verified(late, tenant_id)


async def test_a_change_names_the_invoice_of_a_late_correction_beside_its_own(
    late: World, tenant_id
):
    subscription = await late.subscribe(tenant_id, "corrected")
    await late.ship(tenant_id, at(1, 20), 1000)
    late.clock.set(FEBRUARY)
    await late.close_due(tenant_id)
    await late.ship(tenant_id, at(1, 21), 50)
    late.clock.set(at(2, 15))
    weighing = Weighing.of(late.changing)
    what = {
        "tenant_id": tenant_id,
        "subscription_id": subscription,
        "request": PlanWanted("scale", when=at(2, 5)),
        "staff": True,
    }
    shown = await PreviewChange(late.work, weighing)(**what)

    changed = await ConfirmChange(late.work, weighing)(**what, token=shown.token, actor=ACTOR)

    issued = await late.invoices(tenant_id)
    assert [i.number for i in changed.invoices] == [i.summary.number for i in issued[2:]]
    assert len(changed.invoices) == 2
    assert sum(i.total.minor for i in changed.invoices) == shown.total.minor
    view = changed_view(changed)
    assert [i.invoice_id for i in view.invoices] == [
        format_id("inv", i.summary.id) for i in issued[2:]
    ]
    assert (view.invoice_id, view.total) == (view.invoices[0].invoice_id, view.invoices[0].total)
    onward = see_changed(changed, "/portal/plans", done="changed")
    assert onward.url == "/portal/invoices?done=several"
    await verified(late, tenant_id)


async def test_late_usage_downward_after_finalising_is_a_credit_note(late: World, tenant_id):
    await late.subscribe(tenant_id, "by_volume")
    await late.ship(tenant_id, at(1, 20), 100)
    late.clock.set(FEBRUARY)
    await late.close_due(tenant_id)
    # The hundred-and-first line makes all of them cheaper: 101 at 0.50 are 50.50, not 100.00.
    await late.ship(tenant_id, at(1, 21), 1)
    late.clock.set(MARCH)
    await late.close_due(tenant_id)

    [note] = await late.notes(tenant_id)
    assert lines_of(note) == [("lines", 4950)]
    assert note.content["corrects"]["number"] == "TY-2026-000001"
    await verified(late, tenant_id)


async def test_late_usage_after_the_last_period_is_billed_for_90_days(world: World, tenant_id):
    subscription = await world.subscribe(tenant_id)
    await world.cancel(tenant_id=tenant_id, subscription_id=subscription, actor=ACTOR)
    world.clock.set(FEBRUARY)
    await world.close_due(tenant_id)
    await world.ship(tenant_id, at(2, 1), 2100)
    world.clock.set(FEBRUARY + timedelta(days=91))
    await world.close_due(tenant_id)
    await world.ship(tenant_id, at(2, 2), 5000)
    world.clock.set(FEBRUARY + timedelta(days=400))
    await world.close_due(tenant_id)

    # 100 lines beyond the 2,000 included, at 0.05.
    assert [lines_of(i) for i in await world.invoices(tenant_id)] == [
        [("base", 199900)],
        [("lines", 0)],
        [("lines", 500)],
    ]
    await verified(world, tenant_id)


async def test_an_upgrade_before_the_last_bank_transfer_arrives_does_not_pay_out_twice(
    world: World, tenant_id
):
    subscription = await world.subscribe(tenant_id)
    world.clock.set(datetime(2026, 1, 25, 6, tzinfo=UTC))
    await world.move(tenant_id, subscription, "scale")

    first, _ = await world.invoices(tenant_id)
    # The note lowered what is open; nothing was paid, so nothing is to be paid out.
    assert first.summary.open == Money(96726, CNY)
    assert (await world.credit(tenant_id)).totals == ()

    await transfer(world, tenant_id, first, "1999.00", "ref-1")

    # The customer paid what the paper said: the rest is its credit, once.
    assert (await world.credit(tenant_id)).totals == (Money(103174, CNY),)
    await verified(world, tenant_id)


async def test_credit_settles_the_next_invoice_by_itself(world: World, tenant_id):
    subscription = await world.subscribe(tenant_id)
    [first] = await world.invoices(tenant_id)
    await transfer(world, tenant_id, first, "1999.00", "ref-1")
    world.clock.set(datetime(2026, 1, 25, 6, tzinfo=UTC))

    await world.move(tenant_id, subscription, "scale")

    [note] = await world.notes(tenant_id)
    second = (await world.invoices(tenant_id))[-1]
    assert note.summary.carried == Money(103174, CNY)
    assert [(a["kind"], a["reference"], a["amount_minor"]) for a in second.content["applied"]] == [
        ("credit_note", note.summary.number, 103174)
    ]
    assert second.summary.due == Money(206400 - 103174, CNY)
    assert (await world.credit(tenant_id)).totals == ()
    await verified(world, tenant_id)


async def test_plan_change_then_renewal_bills_usage_once(world: World, tenant_id):
    subscription = await world.subscribe(tenant_id)
    await world.ship(tenant_id, at(1, 15), 3000)
    world.clock.set(datetime(2026, 1, 25, 6, tzinfo=UTC))
    await world.move(tenant_id, subscription, "scale")
    await world.ship(tenant_id, at(1, 30), 4000)
    world.clock.set(MARCH)
    await world.close_due(tenant_id)

    quantities = [
        line["quantity"]
        for invoice in await world.invoices(tenant_id)
        for line in invoice.content["lines"]
        if line["kind"] == "usage"
    ]
    assert quantities == ["3000", "4000", "0"]
    await verified(world, tenant_id)


async def test_a_yearly_free_allowance_with_monthly_invoices(late: World, tenant_id):
    await late.subscribe(tenant_id, "yearly_pool", Interval.MONTH)
    for month, lines in ((1, 600), (2, 600), (3, 100)):
        await late.ship(tenant_id, at(month, 20), lines)
    late.clock.set(datetime(2026, 4, 10, 2, tzinfo=UTC))
    await late.close_due(tenant_id)

    # The first 1,000 of the year are free: 200 of February's are not, and none of March's.
    amounts = [lines_of(i) for i in await late.invoices(tenant_id)]
    assert amounts == [[("lines", 0)], [("lines", 2000)], [("lines", 1000)]]
    await verified(late, tenant_id)


async def test_a_same_day_nothing_to_three_change_raises_no_false_alarm(late: World, tenant_id):
    subscription = await late.subscribe(tenant_id, "penny")
    late.clock.advance(hours=3)
    await late.move(tenant_id, subscription, "three")
    late.clock.set(FEBRUARY)
    await late.close_due(tenant_id)

    totals = [i.summary.total.minor for i in await late.invoices(tenant_id)]
    assert totals == [0, 300, 300]
    assert await late.notes(tenant_id) == []
    await verified(late, tenant_id)


@pytest.mark.parametrize(
    ("code", "amount", "minor"),
    [("KRW", "1300000", 1_300_000), ("CNY", "99999999.99", 9_999_999_999)],
)
async def test_1_300_000_won_and_99_999_999_99_yuan_are_exact(
    late: World, database, clock, admin, tenant_id, code, amount, minor
):
    price = f'currency: {code}, interval: month, charges: [{{code: base, amount: "{amount}"'
    rest = "kind: flat, timing: advance, name: {en: Base fee, zh: 基础费}}]"
    plan = (
        "\nplans:\n  - {code: dear, name: {en: Dear, zh: 昂贵版}, modules: [inbound],"
        f" prices: [{{{price}, {rest}}}]}}\n"
    )
    await ApplyCatalog(database, clock)(LATE_CATALOGUE.replace("\nplans:\n", plan, 1))
    admin.execute("UPDATE organisations SET currency = %s WHERE id = %s", [code, tenant_id])
    await late.subscribe(tenant_id, "dear")
    late.clock.set(FEBRUARY)
    await late.close_due(tenant_id)

    invoices = await late.invoices(tenant_id)
    assert [i.summary.total for i in invoices] == [Money(minor, currency(code))] * 2
    assert [lines_of(i) for i in invoices] == [[("base", minor)]] * 2
    await verified(late, tenant_id)
