"""Reports as files, held against plain SQL over the ledger and the documents."""

import csv
import io
from datetime import date, timedelta

import openpyxl
import pytest

from billing.reporting.sheet_csv import sheet_csv
from billing.reporting.sheet_excel import sheet_excel
from billing.repositories.revenue import Scope
from billing.services.revenue.export_vouchers import ExportVouchers
from billing.services.revenue.recognise_revenue import RecogniseRevenue
from billing.services.revenue.reports.asked import Asked, Grouping
from billing.services.revenue.run_report import RunReport
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import StaffWork
from control_plane.tenancy.clocks import TenantClock
from tests.support.billing_world import ACTOR, World, build_world, organisation
from web.reports.mapping import EXAMPLE

CNY = currency("CNY")
APRIL_30 = date(2026, 4, 30)
LEDGER = """
    SELECT e.account, sum(e.amount_minor)::bigint FROM ledger_entries e
    JOIN ledger_transactions t ON t.tenant_id = e.tenant_id AND t.id = e.transaction_id
    WHERE t.booked_on <= '2026-04-30' GROUP BY 1 HAVING sum(e.amount_minor) <> 0
"""


async def trade(world: World, tenant_id, name: str) -> None:
    """Four months with usage, an upgrade, and every end that an invoice can come to."""
    plan = await world.subscribe(tenant_id)
    world.clock.advance(days=9)
    await world.ship(tenant_id, world.clock.now() - timedelta(hours=1), 3_333)
    await world.move(tenant_id, plan, "scale")
    world.clock.advance(days=90)
    await world.close_due(tenant_id)
    await world.mark_overdue(tenant_id)
    ids = [i.summary for i in await world.invoices(tenant_id) if i.summary.open.minor]
    what = {"tenant_id": tenant_id, "actor": ACTOR}
    lost, partly, given, void = (summary.id for summary in ids[-4:])
    await world.write_off(**what, invoice_id=lost, reason="insolvent")
    for invoice_id, minor in ((lost, 1_00), (partly, 123_45)):
        reference = f"{name} {minor}"
        await world.record_payment(
            **what, invoice_id=invoice_id, amount=Money(minor, CNY), reference=reference
        )
    await world.give(**what, invoice_id=given, reason="an outage")
    await world.void(**what, invoice_id=void, reason="a mistake")


@pytest.fixture
async def traded(database, clock, admin):
    """Two organisations that traded until the end of April, revenue posted."""
    world, start = await build_world(database, clock), clock.now()
    recognise = RecogniseRevenue(world.work, TenantClock(clock))
    for name in ("one", "two"):
        clock.set(start)
        tenant_id = organisation(admin, name)
        await trade(world, tenant_id, name)
        clock.set(start + timedelta(days=112))
        await recognise(tenant_id)
        assert await world.check_books(tenant_id) == []
    return world


def minor(text: str) -> int:
    return Money.parse(text, CNY).minor if text else 0


def table(sheet) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(sheet_csv(sheet)).decode())))


async def test_files_of_reports_hold_what_plain_sql_finds(traded, admin):
    report = RunReport(StaffWork(traded.database))
    asked = Asked(date(2026, 1, 1), APRIL_30, by=Grouping.ACCOUNT)

    [balance] = await report("trial-balance", asked)
    held = {row["account"]: minor(row["debit"]) - minor(row["credit"]) for row in table(balance)}
    assert held == dict(admin.execute(LEDGER).fetchall())
    assert {"write_offs", "refunds", "customer_credit"} & held.keys() >= {"write_offs"}

    customers, invoices = await report("receivables", asked)
    [open_] = admin.execute(
        "SELECT sum(due_minor - paid_minor - credited_minor)::bigint FROM invoices "
        "WHERE state IN ('issued', 'overdue') AND dated <= '2026-04-30'"
    ).fetchone()
    assert sum(minor(row["total"]) for row in table(customers)) == open_ == held["receivable"]
    assert sum(minor(row["open"]) for row in table(invoices)) == open_

    [revenue] = await report("revenue", asked)
    earned = {
        account: sum(minor(r["recognised"]) for r in table(revenue) if r["account"] == account)
        for account in {r["account"] for r in table(revenue)}
    }
    assert earned == {a: -m for a, m in held.items() if a.startswith("revenue")}

    book = openpyxl.load_workbook(io.BytesIO(sheet_excel([balance], lambda key: key)))
    cells = [c.value for row in book.active.iter_rows() for c in row if c.value is not None]
    for amount in held.values():
        assert any(isinstance(c, int | float) and round(c * 100) == abs(amount) for c in cells)


async def test_vouchers_of_all_months_balance_and_leave_nothing_out(traded, admin):
    export = ExportVouchers(StaffWork(traded.database))

    content = b"".join(await export(EXAMPLE, date(2026, 1, 1), APRIL_30, Scope()))

    lines = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    sums: dict[tuple[str, str], int] = {}
    for line in lines:
        key = line["日期"][:7], line["凭证字号"]
        sums[key] = sums.get(key, 0) + minor(line["借方金额"]) - minor(line["贷方金额"])
    assert set(sums.values()) == {0}
    debits = sum(minor(line["借方金额"]) for line in lines if line["科目编码"] == "6701")
    lost = "SELECT sum(amount_minor)::bigint FROM ledger_entries WHERE account = 'write_offs' "
    assert (debits,) == admin.execute(f"{lost} AND amount_minor > 0").fetchone()
    kinds = {
        "开具账单",
        "开具贷项通知单",
        "收到付款",
        "核销坏账",
        "坏账收回",
        "作废账单",
        "确认收入",
    }
    assert kinds <= {line["摘要"] for line in lines}
