"""Revenue over real invoices: changes, credit notes and usage, and a sandbox's own clock."""

from datetime import date, timedelta

import pytest

from billing.bookkeeping import RevenueParticipant
from billing.domain.tax.sale import Exemption
from billing.repositories.revenue import Scope
from billing.repositories.tax import TaxRepository
from billing.services.revenue.audit_books import AuditBooks
from billing.services.revenue.recognise_revenue import RecogniseRevenue
from billing.services.revenue.reports.asked import Asked
from billing.services.revenue.run_report import RunReport
from billing.services.tax.apply_tax_sheet import ApplyTaxSheet
from control_plane.catalog.domain import Text
from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.runtime.unit_of_work import StaffWork
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.services.advance_test_clock import AdvanceTestClocks
from control_plane.tenancy.test_clocks import TestClockRepository
from tests.support.billing_world import ACTOR, CATALOGUE, build_world, organisation

TAXED = """
entities:
  - {code: live, prefix: TY, country: CN, tax: {}}
rates:
  - {jurisdiction: CN, category: standard, rate: "13", from: 2019-04-01}
  - {jurisdiction: CN, category: standard, rate: "6", from: 2026-03-01}
"""


@pytest.fixture
async def world(database, clock):
    return await build_world(database, clock)


@pytest.fixture
def recognise(world, clock):
    return RecogniseRevenue(world.work, TenantClock(clock))


@pytest.fixture
def report(database):
    return RunReport(StaffWork(database))


async def live_through(world, tenant_id) -> None:
    """Subscribe, use, upgrade in the middle of a period, cancel at the end of another."""
    subscription = await world.subscribe(tenant_id)
    world.clock.advance(days=5)
    await world.ship(tenant_id, world.clock.now() - timedelta(hours=1), 3000)
    await world.move(tenant_id, subscription, "scale")
    world.clock.advance(days=40)
    await world.close_due_periods.run()


async def test_what_was_earned_is_what_was_invoiced_and_the_books_agree(
    world, recognise, report, tenant_id, clock
):
    await live_through(world, tenant_id)
    clock.advance(days=60)
    await world.close_due_periods.run()
    audit = AuditBooks(world.work, recognise, world.check_books, clock)

    assert await audit(tenant_id) == []

    scope, last = Scope(tenant_id), date(2026, 4, 25)
    flow, _ = await report("deferred", Asked(date(2026, 1, 1), last, scope))
    assert flow.rows[0][1].minor == 0
    assert any(row[3].minor < 0 for row in flow.rows), "the upgrade brought a credit note"
    for before, after in zip(flow.rows, flow.rows[1:], strict=False):
        assert before[5] == after[1]


async def test_recurring_revenue_follows_the_plan(world, report, tenant_id, clock):
    await live_through(world, tenant_id)
    [sheet] = await report("mrr", Asked(date(2026, 1, 1), date(2026, 2, 28), Scope(tenant_id)))
    january, february = ([cell.minor for cell in row[1:8]] for row in sheet.rows)
    assert january == [0, 399_900, 0, 0, 0, 0, 399_900]
    assert february == [399_900, 0, 0, 0, 0, 0, 399_900]


async def test_recurring_revenue_is_net_of_tax_and_goes_by_the_tenants_policies(
    world, database, report, tenant_id, clock
):
    await ApplyTaxSheet(database, clock)(TAXED)
    inclusive = CATALOGUE.replace(
        "charges: &growth", "tax_inclusive: true\n        charges: &growth"
    )
    await ApplyCatalog(database, clock)(inclusive)
    await world.subscribe(tenant_id)
    await world.set_terms(
        tenant_id=tenant_id,
        policies={"pause": "holding_fee"},
        grace=timedelta(0),
        threshold_minor=None,
        actor=ACTOR,
    )
    [sheet] = await report("mrr", Asked(date(2026, 1, 1), date(2026, 3, 31), Scope(tenant_id)))
    # 1,999.00 holds 13 % tax until 1 March, 6 % from then on.
    assert [row[7].minor for row in sheet.rows] == [176_903, 176_903, 188_585]
    assert sheet.rows[2][3].minor == 188_585 - 176_903
    async with world.work(tenant_id) as session:
        exemption = Exemption("CN", None, "E", "2026-1", Text("Free", "免税"), date(2026, 2, 1))
        await TaxRepository(session).add_exemption(tenant_id, exemption, clock.now())
    [sheet] = await report("mrr", Asked(date(2026, 1, 1), date(2026, 2, 28), Scope(tenant_id)))
    assert [row[7].minor for row in sheet.rows] == [176_903, 199_900]


async def test_a_trial_balance_of_the_past_is_not_changed_by_what_came_later(
    world, report, tenant_id, clock
):
    await live_through(world, tenant_id)
    asked = Asked(date(2026, 1, 1), date(2026, 2, 10), Scope(tenant_id))
    [then] = await report("trial-balance", asked)
    clock.advance(days=90)
    await world.close_due_periods.run()
    [now] = await report("trial-balance", asked)
    assert now == then


async def postings(admin, tenant):
    return admin.execute(
        "SELECT t.booked_on, e.account, sum(e.amount_minor) FROM ledger_transactions t "
        "JOIN ledger_entries e ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id "
        "WHERE t.tenant_id = %s AND t.kind = 'recognition' GROUP BY 1, 2 ORDER BY 1, 2",
        [tenant],
    ).fetchall()


async def advance(world, recognise, tenant, days: list[int]) -> None:
    participants = (
        world.participant,
        RevenueParticipant(world.work, recognise),
    )

    async def no_pause(_seconds: float) -> None:
        """Nobody is waited for."""

    for step in days:
        async with world.work(tenant) as session:
            clocks = TestClockRepository(session)
            now = (await clocks.get(tenant)).now
            await clocks.aim(tenant, now + timedelta(days=step))
        await AdvanceTestClocks(world.system, participants, no_pause).run()


async def test_a_year_in_one_jump_earns_as_a_year_of_weeks(world, recognise, admin, clock):
    found = []
    for name, steps in (("jump", [365]), ("weeks", [5] * 73)):
        tenant = organisation(admin, name, sandbox=True)
        async with world.work(tenant) as session:
            await TestClockRepository(session).add(tenant, clock.now())
        await world.subscribe(tenant)
        await advance(world, recognise, tenant, steps)
        found.append(await postings(admin, tenant))
    jump, weeks = found
    assert len(jump) == 12 * 2
    assert jump == weeks
