"""Revenue is posted by the month from what the days earned, whenever the run happens."""

from datetime import date, timedelta

import pytest

from billing.repositories.revenue import RevenueRepository, Scope
from billing.services.check_books import CheckBooks
from billing.services.revenue.recognise_revenue import RecogniseRevenue
from billing.services.revenue.reports.asked import Asked
from billing.services.revenue.run_report import RunReport
from control_plane.kernel.money import Money
from control_plane.tenancy.clocks import TenantClock
from tests.support.revenue_books import PaperBooks, Sold

OCT_1, OCT_31, NOV_1, NOV_30 = (
    date(2026, 10, 1),
    date(2026, 10, 31),
    date(2026, 11, 1),
    date(2026, 11, 30),
)
DEC_31 = date(2026, 12, 31)


@pytest.fixture
def books(admin, work, tenant_id) -> PaperBooks:
    return PaperBooks(admin, work, tenant_id).open()


@pytest.fixture
def recognise(work, clock) -> RecogniseRevenue:
    return RecogniseRevenue(work, TenantClock(clock))


@pytest.fixture
def report(staff) -> RunReport:
    return RunReport(staff)


def reach(clock, day: date) -> None:
    """Move the clock to the noon of a day in Shanghai."""
    clock.advance(days=(day - clock.now().date()).days)


async def test_a_fee_is_earned_by_the_day_and_a_month_is_posted_when_it_ended(
    books, recognise, clock
):
    await books.invoice(date(2026, 10, 15), Sold(3100, date(2026, 10, 15), date(2026, 11, 14)))

    reach(clock, date(2026, 10, 20))
    assert await recognise(books.tenant_id) == 0
    reach(clock, NOV_1)
    assert await recognise(books.tenant_id) == 1
    assert books.posted() == {("2026-10", "revenue_fees"): 1700}
    reach(clock, date(2026, 12, 2))
    assert await recognise(books.tenant_id) == 1
    assert books.posted() == {("2026-10", "revenue_fees"): 1700, ("2026-11", "revenue_fees"): 1400}


async def test_usage_invoiced_in_arrears_is_earned_on_the_invoices_day(books, recognise, clock):
    await books.invoice(NOV_1, Sold(500, OCT_1, OCT_31, kind="usage"))
    reach(clock, date(2026, 12, 2))
    await recognise(books.tenant_id)
    assert books.posted() == {("2026-11", "revenue_usage"): 500}


async def test_an_outage_of_a_year_is_caught_up_in_one_run(books, recognise, clock):
    await books.invoice(OCT_1, Sold(36500, OCT_1, date(2027, 9, 30)))
    reach(clock, date(2027, 10, 2))
    assert await recognise(books.tenant_id) == 12
    assert await recognise(books.tenant_id) == 0
    assert sum(books.posted().values()) == 36500
    assert books.posted()["2027-02", "revenue_fees"] == 2800


async def test_a_document_that_comes_late_brings_a_revision_of_its_month(
    books, recognise, clock, admin
):
    reach(clock, NOV_1)
    await books.invoice(OCT_1, Sold(3100, OCT_1, OCT_31))
    await recognise(books.tenant_id)
    await books.invoice(OCT_31, Sold(90, OCT_31, OCT_31))

    assert await recognise(books.tenant_id) == 1
    assert books.posted() == {("2026-10", "revenue_fees"): 3190}
    keys = admin.execute(
        "SELECT business_key FROM ledger_transactions WHERE kind = 'recognition' ORDER BY 1"
    ).fetchall()
    assert keys == [("recognition:CNY:2026-10:1",), ("recognition:CNY:2026-10:2",)]


async def test_a_credit_note_takes_back_what_is_not_earned_first(books, recognise, clock):
    invoice = await books.invoice(OCT_1, Sold(6100, OCT_1, NOV_30))
    await books.credit(invoice, date(2026, 11, 1), 3000)
    reach(clock, date(2026, 12, 2))
    await recognise(books.tenant_id)
    assert books.posted() == {("2026-10", "revenue_fees"): 3100}


async def test_a_voided_invoice_earned_nothing_in_the_end(books, recognise, clock):
    invoice = await books.invoice(OCT_1, Sold(3100, OCT_1, OCT_31))
    reach(clock, NOV_1)
    await recognise(books.tenant_id)
    await books.void(invoice, date(2026, 11, 3))
    reach(clock, date(2026, 12, 2))
    await recognise(books.tenant_id)
    assert books.posted() == {("2026-10", "revenue_fees"): 3100, ("2026-11", "revenue_fees"): -3100}


async def test_the_balance_of_any_day_is_exact_without_waiting_for_a_posting(books, report):
    await books.invoice(OCT_1, Sold(3101, OCT_1, OCT_31), tax=403)
    [sheet] = await report("trial-balance", Asked(OCT_1, date(2026, 10, 2), Scope(books.tenant_id)))
    held = {row[0]: row[1] or -row[2] for row in sheet.rows}
    unit = next(iter(held.values())).currency
    assert held == {
        "receivable": Money(3504, unit),
        "tax_payable": Money(-403, unit),
        "deferred_revenue": Money(-2900, unit),
        "revenue_fees": Money(-201, unit),
    }
    [sums] = sheet.sums
    assert sums[1] == sums[2]


async def test_sql_and_python_earn_the_same(books, database, staff):
    await books.invoice(
        date(2026, 10, 7),
        Sold(1000, date(2026, 9, 20), date(2026, 11, 3)),
        Sold(7, date(2026, 10, 7), date(2026, 10, 20), kind="usage"),
        Sold(365, date(2026, 10, 7), date(2027, 10, 6), kind="addon"),
    )
    async with staff() as session:
        repository = RevenueRepository(session)
        lines = await repository.lines(Scope(books.tenant_id))
        for offset in range(0, 400, 9):
            day = date(2026, 9, 18) + timedelta(days=offset)
            by_python: dict[tuple[str, str], int] = {}
            from billing.domain.revenue.recognition import earned_by

            for sold in lines:
                key = (sold.currency, sold.account)
                by_python[key] = by_python.get(key, 0) + earned_by(sold.line, day)
            by_sql = await repository.earned(Scope(books.tenant_id), day)
            assert {k: v for k, v in by_sql.items() if v} == {
                k: v for k, v in by_python.items() if v
            }, day


async def test_months_add_up_to_what_was_earned(books, report):
    invoice = await books.invoice(
        OCT_1, Sold(6100, OCT_1, NOV_30), Sold(30, OCT_1, OCT_1, kind="usage", charge="lines")
    )
    await books.credit(invoice, date(2026, 11, 20), 2000, 10)
    [sheet] = await report("revenue", Asked(OCT_1, DEC_31, Scope(books.tenant_id)))
    assert [(str(r[0]), r[1], r[2].minor) for r in sheet.rows] == [
        ("2026-10-31", "growth", 3130),
        ("2026-11-30", "growth", 990),
    ]


async def test_deferred_revenue_flows_from_opening_to_closing(books, report):
    invoice = await books.invoice(OCT_1, Sold(6100, OCT_1, NOV_30))
    await books.credit(invoice, date(2026, 10, 15), 100)
    flow, ahead = await report("deferred", Asked(OCT_1, NOV_30, Scope(books.tenant_id)))
    for row in flow.rows:
        opening, invoiced, credited, earned, closing = (cell.minor for cell in row[1:])
        assert opening + invoiced + credited + earned == closing
    assert [row[5].minor for row in flow.rows] == [2934, 0]
    assert ahead.rows == ()

    flow, ahead = await report("deferred", Asked(OCT_1, date(2026, 10, 16), Scope(books.tenant_id)))
    [balance] = await report(
        "trial-balance", Asked(OCT_1, date(2026, 10, 16), Scope(books.tenant_id))
    )
    deferred = next(row[2] for row in balance.rows if row[0] == "deferred_revenue")
    assert sum(row[1].minor for row in ahead.rows) == deferred.minor
    assert flow.rows[-1][5] == deferred


async def test_receivables_age_by_their_due_date(books, report):
    old = await books.invoice(date(2026, 8, 1), Sold(1000, date(2026, 8, 1), date(2026, 8, 31)))
    await books.invoice(NOV_1, Sold(500, NOV_1, NOV_30))
    await books.pay(old, date(2026, 11, 5), 400)
    by_customer, invoices = await report("receivables", Asked(NOV_1, NOV_1, Scope(books.tenant_id)))
    [row] = by_customer.rows
    assert [cell.minor for cell in row[1:]] == [500, 0, 0, 1000, 0, 1500]
    assert len(invoices.rows) == 2

    later, _ = await report("receivables", Asked(NOV_1, NOV_30, Scope(books.tenant_id)))
    assert [cell.minor for cell in later.rows[0][1:]] == [0, 500, 0, 0, 600, 1100]


async def test_a_general_ledger_carries_its_balance_on(books, report):
    invoice = await books.invoice(OCT_1, Sold(1000, OCT_1, OCT_31))
    await books.pay(invoice, NOV_1, 300)
    [sheet] = await report("general-ledger", Asked(NOV_1, NOV_30, Scope(books.tenant_id)))
    assert [(row[1], row[6].minor) for row in sheet.rows] == [("opening", 1000), ("payment", 700)]


async def test_the_books_agree(books, recognise, work, clock):
    invoice = await books.invoice(OCT_1, Sold(6100, OCT_1, NOV_30), tax=793)
    await books.credit(invoice, date(2026, 10, 15), 100, tax=13)
    await books.pay(invoice, date(2026, 10, 20), 1000)
    voided = await books.invoice(OCT_31, Sold(50, OCT_31, OCT_31))
    await books.void(voided, NOV_1)
    reach(clock, date(2026, 12, 2))
    await recognise(books.tenant_id)
    assert await CheckBooks(work)(books.tenant_id) == []


async def test_a_month_under_way_shows_its_days_so_far(books, report):
    invoice = await books.invoice(OCT_1, Sold(3100, OCT_1, OCT_31), Sold(31, OCT_1, OCT_31))
    await books.credit(invoice, date(2026, 10, 2), 0, 1)
    [sheet] = await report("revenue", Asked(OCT_1, date(2026, 10, 10), Scope(books.tenant_id)))
    assert [row[2].minor for row in sheet.rows] == [1010]


async def test_taxes_are_those_of_the_documents_by_month_and_jurisdiction(books, report):
    invoice = await books.invoice(OCT_1, Sold(1000, OCT_1, OCT_31), tax=130)
    await books.credit(invoice, NOV_1, 100, tax=13)
    voided = await books.invoice(OCT_31, Sold(10, OCT_31, OCT_31), tax=1)
    await books.void(voided, NOV_1)
    [sheet] = await report("taxes", Asked(OCT_1, NOV_1, Scope(books.tenant_id)))
    assert [(str(r[0]), *r[1:5], r[5].minor, r[6].minor) for r in sheet.rows] == [
        ("2026-10-31", "CN", "S", "standard", "13", 1000, 130),
        ("2026-11-30", "CN", "S", "standard", "13", -100, -13),
    ]
