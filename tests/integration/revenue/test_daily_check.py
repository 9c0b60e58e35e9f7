"""The books are checked every day, and whoever breaks a rule is found out."""

from datetime import date

import psycopg
import pytest

from billing.bookkeeping import CheckBooksDaily, CheckNumbersHourly, RecogniseDueRevenue
from billing.domain.ledger import Account
from billing.repositories.ledger import Kind
from billing.services.check_books import CheckBooks
from billing.services.revenue.alarm import Alarm
from billing.services.revenue.audit_books import POSTED_WRONGLY, AuditBooks
from billing.services.revenue.audit_numbers import AuditNumbers
from billing.services.revenue.list_findings import ListFindings
from billing.services.revenue.recognise_revenue import RecogniseRevenue
from control_plane.kernel.ids import new_id
from control_plane.tenancy.clocks import TenantClock
from tests.support.group_rows import keep_group
from tests.support.revenue_books import PaperBooks, Sold

OCT_1, OCT_31, NOV_30 = date(2026, 10, 1), date(2026, 10, 31), date(2026, 11, 30)


@pytest.fixture
def books(admin, work, tenant_id) -> PaperBooks:
    return PaperBooks(admin, work, tenant_id).open()


@pytest.fixture
def audit(work, clock) -> AuditBooks:
    recognise = RecogniseRevenue(work, TenantClock(clock))
    alarm = Alarm("books@vendor.example", "zh_CN")
    return AuditBooks(work, recognise, CheckBooks(work), clock, alarm)


@pytest.fixture
def check(work) -> CheckBooks:
    return CheckBooks(work)


async def rules(check, tenant_id) -> set[str]:
    return {finding.rule for finding in await check(tenant_id)}


def unguarded(admin: psycopg.Connection, statement: str, values: list[object]) -> None:
    """Do what no role may: change rows that are append-only."""
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute(statement, values)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (
            "UPDATE invoice_lines SET net_minor = net_minor - 1",
            "invoice differs from the sum of its lines",
        ),
        (
            "UPDATE credit_note_lines SET net_minor = net_minor - 1",
            "credit note differs from the sum of its lines",
        ),
        (
            "UPDATE invoices SET body = convert_to('{\"total_minor\": 1}', 'UTF8')",
            "document's body differs from its row",
        ),
        (
            "UPDATE credit_notes SET net_minor = 9999, total_minor = 10012, lowered_minor = 10012",
            "invoice is credited beyond its total",
        ),
        (
            "UPDATE credit_note_lines SET net_minor = 999999",
            "line is credited beyond its amount",
        ),
        (
            "UPDATE invoices SET credited_minor = credited_minor + 1",
            "invoice's settlement differs from what settled it",
        ),
        (
            "UPDATE ledger_entries SET amount_minor = amount_minor + 1 WHERE account = 'cash'",
            "ledger transaction does not add up to zero",
        ),
        (
            "DELETE FROM ledger_entries WHERE account = 'deferred_revenue'",
            "invoice was not posted as issued",
        ),
        (
            "UPDATE ledger_transactions SET kind = 'void' WHERE kind = 'credit_note'",
            "credit note was not posted as issued",
        ),
        (
            "UPDATE invoices SET paid_minor = paid_minor - 1",
            "receivable differs from what is open on an invoice",
        ),
        (
            "UPDATE ledger_transactions SET invoice_id = NULL WHERE kind = 'payment'",
            "receivable is of no invoice",
        ),
        (
            "DELETE FROM ledger_entries WHERE account = 'deferred_revenue'",
            "deferred and recognised revenue differ from what was invoiced",
        ),
        (
            (
                "UPDATE ledger_entries SET amount_minor = -amount_minor "
                "WHERE account = 'deferred_revenue'"
            ),
            "deferred revenue is less than nothing",
        ),
        (
            (
                "INSERT INTO credit_sources SELECT tenant_id, id, 'overpayment', 'x', 'CNY', 5, "
                "now() FROM invoices LIMIT 1"
            ),
            "customer credit differs from its sources",
        ),
        (
            (
                "INSERT INTO credit_sources SELECT tenant_id, id, 'overpayment', 'x', 'CNY', 5, "
                "now() FROM invoices LIMIT 1"
            ),
            "credit source differs from its entries",
        ),
        (
            "UPDATE invoices SET tax_minor = 794, total_minor = 6894, due_minor = 6894",
            "tax payable differs from the taxes of documents",
        ),
        (
            "UPDATE payments SET state = 'failed'",
            "successful payment was not posted once",
        ),
        (
            "UPDATE wallet_topups SET free_minor = 499, expired_minor = 1",
            "prepaid liability differs from the balances",
        ),
        (
            "UPDATE wallet_topups SET free_minor = 499, spent_minor = 1",
            "prepaid balance differs from its uses",
        ),
        (
            "UPDATE credit_grants SET free_minor = 49, spent_minor = 1",
            "promotional credit is not conserved",
        ),
        (
            "UPDATE wallet_topups SET free_minor = 499, refunded_minor = 1",
            "cash differs from what came in and went out",
        ),
        (
            "UPDATE billing_accounts SET parked_at = now(), parked_reason = 'broken'",
            "billing is halted",
        ),
    ],
)
async def test_each_rule_finds_what_breaks_it(books, check, admin, change, rule):
    invoice = await books.invoice(OCT_1, Sold(6100, OCT_1, NOV_30), tax=793)
    await books.credit(invoice, date(2026, 10, 15), 100, tax=13)
    await books.pay(invoice, date(2026, 10, 20), 1000)
    await books.top_up(OCT_1, 500)
    assert await rules(check, books.tenant_id) == set()

    unguarded(admin, change, [])

    assert rule in await rules(check, books.tenant_id)


NEXT_NUMBER = {
    "invoices": "UPDATE invoices SET place = place + 1",
    "credit_notes": "UPDATE credit_notes SET place = place + 1",
    "wallet_topups": "UPDATE wallet_topups SET number = 'TY-RC-2026-000002'",
    "consolidated_invoices": "UPDATE consolidated_invoices SET place = place + 1",
}


@pytest.mark.parametrize("table", NEXT_NUMBER)
async def test_a_number_left_out_is_found_told_and_stands_until_it_is_mended(
    books, audit, work, staff, admin, clock, table
):
    invoice = await books.invoice(OCT_1, Sold(6100, OCT_1, NOV_30), tax=793)
    await books.credit(invoice, date(2026, 10, 15), 100, tax=13)
    await books.top_up(OCT_1, 500)
    keep_group(admin, books.tenant_id, "acme")
    for made in ("invoices", "credit_notes"):
        unguarded(admin, f"UPDATE {made} SET place = 1", [])
    unguarded(admin, "UPDATE wallet_topups SET number = 'TY-RC-2026-000001'", [])
    hourly = CheckNumbersHourly(AuditNumbers(staff, work, clock, audit.alarm))
    assert await hourly.run() == 0
    unguarded(admin, NEXT_NUMBER[table], [])

    assert [await hourly.run(), await hourly.run()] == [1, 1]
    await audit(books.tenant_id)

    [kept] = await ListFindings(staff)()
    assert kept.tenant_id == books.tenant_id
    assert kept.rule.endswith("numbers have gaps")
    told = "SELECT count(*) FROM outbox WHERE payload ->> 'template' = 'books_disagree'"
    assert admin.execute(told).fetchone() == (1,)

    back = NEXT_NUMBER[table].replace("+ 1", "- 1").replace("000002", "000001")
    unguarded(admin, back, [])
    assert await hourly.run() == 0
    assert await ListFindings(staff)() == []


async def test_wrongly_posted_revenue_is_found(books, audit, clock, admin):
    await books.invoice(OCT_1, Sold(3100, OCT_1, OCT_31))
    clock.advance(days=340)
    assert await audit(books.tenant_id) == []
    unguarded(
        admin,
        "UPDATE ledger_entries SET account = 'revenue_usage' WHERE account = 'revenue_fees'",
        [],
    )
    # The run before the check puts it right by a further posting; a wrong reckoning stays wrong.
    assert await audit(books.tenant_id) == []
    admin.execute(
        "CREATE OR REPLACE FUNCTION earned_by(net bigint, first_day date, last_day date, "
        "dated date, on_day date) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT net - 1'"
    )
    [finding] = await audit(books.tenant_id)
    assert (finding.rule, finding.where) == (POSTED_WRONGLY, ("2026-10 CNY revenue_fees",))


async def test_a_finding_is_told_once_and_stands_until_it_is_mended(
    books, audit, staff, admin, clock
):
    await books.invoice(OCT_1, Sold(6100, OCT_1, NOV_30))
    unguarded(admin, "UPDATE invoices SET paid_minor = 1", [])

    await audit(books.tenant_id)
    await audit(books.tenant_id)

    mails = admin.execute(
        "SELECT payload ->> 'to', payload ->> 'language' FROM outbox "
        "WHERE payload ->> 'template' = 'books_disagree'"
    ).fetchall()
    assert mails == [("books@vendor.example", "zh_CN")]
    [kept] = await ListFindings(staff)()
    assert kept.tenant_id == books.tenant_id
    assert kept.rule == "receivable differs from what is open on an invoice"
    assert await ListFindings(staff).count() == 1

    unguarded(admin, "UPDATE invoices SET paid_minor = 0", [])
    await audit(books.tenant_id)
    assert await ListFindings(staff)() == []


async def test_the_jobs_take_every_tenant_once_and_again_when_due(
    books, audit, system, clock, admin
):
    await books.invoice(OCT_1, Sold(3100, OCT_1, OCT_31))
    clock.advance(days=340)
    revenue = RecogniseDueRevenue(system, audit.recognise, clock)
    daily = CheckBooksDaily(system, audit, clock)

    assert [await revenue.run(), await revenue.run()] == [1, 0]
    assert [await daily.run(), await daily.run()] == [1, 0]
    clock.advance(days=1)
    assert await daily.run() == 1
    clock.advance(days=31)
    assert await revenue.run() == 1
    assert books.posted() == {("2026-10", "revenue_fees"): 3100}


async def test_one_tenants_failure_stops_nobody_else(books, audit, system, clock, admin, work):
    other = PaperBooks(admin, work, books.tenant_id)
    tenant = new_id()
    admin.execute(
        "INSERT INTO organisations (id, slug, name, zone, language, currency, sandbox, created_at, "
        "state) VALUES (%s, 'bad', 'Bad', 'No/Where', 'en', 'CNY', false, now(), 'active')",
        [tenant],
    )
    other.tenant_id, other.subscription = tenant, new_id()
    other.open()
    await books.invoice(OCT_1, Sold(3100, OCT_1, OCT_31))
    clock.advance(days=340)

    with pytest.raises(RuntimeError, match="1 tenants' books"):
        await RecogniseDueRevenue(system, audit.recognise, clock).run()

    assert books.posted() == {("2026-10", "revenue_fees"): 3100}


async def test_a_refund_and_a_write_off_are_accounts_that_exist(books, admin):
    accounts = {account.value for account in Account}
    allowed = admin.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conname = 'ledger_entries_account'"
    ).fetchone()
    assert all(f"'{account}'" in allowed[0] for account in accounts)
    kinds = admin.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conname = 'ledger_transactions_kind_check'"
    ).fetchone()
    assert all(f"'{kind.value}'" in kinds[0] for kind in Kind)
