"""Real history under another catalogue: revenue before and after, customer by customer."""

from datetime import UTC, date, datetime

import pytest

from billing.domain.whatif.backtest import days_in
from billing.domain.whatif.errors import HistoryEmpty
from billing.reporting.backtest_chart import backtest_chart
from billing.services.whatif.backtest import RunBacktest
from control_plane.catalog.errors import CatalogInvalid
from control_plane.kernel.calendar import Period
from control_plane.kernel.currency import currency
from control_plane.runtime.unit_of_work import StaffWork
from tests.support.billing_world import CATALOGUE, World, build_world, organisation

QUARTER = days_in(date(2026, 1, 1), date(2026, 3, 31), "Asia/Shanghai")
DEARER = CATALOGUE.replace('amount: "1999.00"', 'amount: "2199.00"').replace(
    'unit_price: "0.05"', 'unit_price: "0.04"'
)


@pytest.fixture
async def world(database, clock) -> World:
    return await build_world(database, clock)


@pytest.fixture
def backtest(world) -> RunBacktest:
    return RunBacktest(StaffWork(world.database), world.work, world.usage)


async def lived(world: World, tenant_id, lines: int) -> None:
    """A quarter on the growth plan from 10 January on, with one shipment in its first month."""
    await world.subscribe(tenant_id)
    await world.ship(tenant_id, datetime(2026, 1, 20, 4, tzinfo=UTC), lines)
    world.clock.set(datetime(2026, 4, 20, tzinfo=UTC))
    await world.close_due(tenant_id)
    world.clock.set(datetime(2026, 1, 10, 2, tzinfo=UTC))


async def test_before_is_what_was_invoiced_and_after_is_the_other_prices(
    world, backtest, tenant_id
):
    await lived(world, tenant_id, 7_234)

    found = await backtest(DEARER, QUARTER)

    [outcome] = found.outcomes
    invoiced = sum(
        i.summary.total.minor
        for i in await world.invoices(tenant_id)
        if QUARTER.contains(i.summary.due_at)
    )
    # Three fees, and 5,000 * 0.05 + 234 * 0.03 = 257.02; then at 0.04: 207.02.
    assert outcome.before.minor == invoiced == 3 * 1999_00 + 257_02
    assert outcome.after.minor == 3 * 2199_00 + 207_02
    assert outcome.difference.minor == 550_00


async def test_it_says_who_would_pay_more_and_who_less(world, backtest, tenant_id, admin):
    heavy = organisation(admin, "heavy")
    await lived(world, tenant_id, 2_100)
    await lived(world, heavy, 190_000)

    found = await backtest(DEARER.replace('"0.03"', '"0.02"'), QUARTER)
    [summary] = found.summaries()

    assert (summary.dearer, summary.cheaper, summary.unchanged) == (1, 1, 0)
    assert [o.tenant_id for o in found.outcomes] == [heavy, tenant_id], "largest change first"
    assert summary.after - summary.before == sum(
        (o.difference for o in found.outcomes[1:]), found.outcomes[0].difference
    )


async def test_its_own_catalogue_changes_nothing(world, backtest, tenant_id):
    subscription_id = await world.subscribe(tenant_id)
    await world.book(tenant_id, subscription_id)
    world.clock.set(datetime(2026, 1, 25, 3, tzinfo=UTC))
    await world.move(tenant_id, subscription_id, "scale")

    [outcome] = (await backtest(CATALOGUE, QUARTER)).outcomes

    assert outcome.difference.minor == 0
    assert outcome.before.minor > 0
    assert outcome.kept == ()


async def test_a_plan_that_is_sold_no_more_stays_as_it_was_and_is_named(world, backtest, tenant_id):
    await lived(world, tenant_id, 7_234)
    without = CATALOGUE.replace("code: growth", "code: starter")

    [outcome] = (await backtest(without, QUARTER)).outcomes

    assert outcome.difference.minor == 0
    assert outcome.kept == ("growth@1",)


async def test_nothing_is_written(world, backtest, tenant_id, admin):
    await lived(world, tenant_id, 7_234)
    count = "SELECT count(*), max(number) FROM invoices"
    before = admin.execute(count).fetchone()

    await backtest(DEARER, QUARTER)

    assert admin.execute(count).fetchone() == before


async def test_sandboxes_count_only_when_asked(world, backtest, admin):
    sandbox = organisation(admin, "sandy", sandbox=True)
    await lived(world, sandbox, 7_234)

    assert (await backtest(DEARER, QUARTER)).outcomes == ()
    assert len((await backtest(DEARER, QUARTER, sandboxes=True)).outcomes) == 1


async def test_a_tenant_that_cannot_be_rated_is_named_and_stops_nobody(
    world, backtest, tenant_id, admin
):
    broken = organisation(admin, "broken")
    await lived(world, tenant_id, 7_234)
    await lived(world, broken, 7_234)
    admin.execute(
        'UPDATE billing_accounts SET policies = \'{"rounding": "sideways"}\' WHERE tenant_id = %s',
        [broken],
    )

    found = await backtest(DEARER, QUARTER)

    assert [o.tenant_id for o in found.outcomes] == [tenant_id]
    assert [f.tenant_id for f in found.failures] == [broken]
    assert "sideways" in found.failures[0].reason


async def test_a_bad_catalogue_and_an_empty_period_are_refused(backtest):
    with pytest.raises(CatalogInvalid):
        await backtest("plans: []", QUARTER)
    with pytest.raises(HistoryEmpty):
        await backtest(CATALOGUE, Period(QUARTER.start, QUARTER.start))


async def test_the_chart_names_customers_and_amounts(world, backtest, tenant_id):
    await lived(world, tenant_id, 7_234)

    drawn = backtest_chart(
        await backtest(DEARER, QUARTER), currency("CNY"), "More & less", "Quarter"
    )

    assert "+550.00" in drawn
    assert "More &amp; less" in drawn
    assert 'class="up"' in drawn
