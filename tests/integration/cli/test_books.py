"""Books checked, reports and vouchers, in the shell."""

import csv

import openpyxl
import pytest

from tests.integration.cli.shell import CHINESE, Shell
from tests.support.api import open_site
from web.reports.mapping import EXAMPLE


@pytest.fixture
async def bella(settings, clock):
    """A month of Growth, invoiced in advance on 10 January."""
    async with open_site(settings, clock) as site:
        company = await site.company("Bella Pizza")
        started = await company.post("/v1/subscriptions", {"plan_code": "growth"})
        assert started.status_code == 201, started.text
        yield company


async def test_books_that_agree_say_so_and_others_end_with_status_1(tallyard: Shell, bella, admin):
    agreed = tallyard("books", "check")
    assert (agreed.status, agreed.lines) == (0, ["The books agree."]), agreed.err

    admin.execute("UPDATE invoices SET paid_minor = 1")
    broken = tallyard("books", "check", "--tenant", bella.tenant_id)

    assert broken.status == 1
    assert broken.lines[0] == (
        f"{bella.tenant_id}: receivable differs from what is open on an invoice"
    )


async def test_a_report_is_a_table_a_csv_or_a_workbook(tallyard: Shell, bella, tmp_path):
    span = ("--from", "2026-01-01", "--to", "2026-01-10")
    shown = tallyard("report", "trial-balance", *span, LC_ALL=CHINESE)
    assert shown.status == 0, shown.err
    assert "应收账款" in shown.out
    assert "1,999.00 CNY" in shown.out

    table = tmp_path / "receivables.csv"
    assert tallyard("report", "receivables", *span, "--out", str(table)).status == 0
    [_, row] = list(csv.reader(table.open(encoding="utf-8")))
    assert row[:3] == ["Bella Pizza", "1999.00", "CNY"]
    assert (tmp_path / "receivables-open_invoices.csv").exists()

    book = tmp_path / "mrr.xlsx"
    assert tallyard("report", "mrr", *span, "--out", str(book)).status == 0
    assert openpyxl.load_workbook(book)["Recurring revenue"]["L2"].value is not None


async def test_vouchers_of_a_month_balance(tallyard: Shell, bella, tmp_path):
    mapping, out = tmp_path / "accounts.yaml", tmp_path / "vouchers.csv"
    mapping.write_text(EXAMPLE, encoding="utf-8")
    done = tallyard("vouchers", str(mapping), "--from", "2026-01", "--out", str(out))
    assert done.status == 0, done.err
    rows = list(csv.DictReader(out.open(encoding="utf-8-sig")))
    assert {row["借方金额"] for row in rows} == {"1999.00", ""}
    assert {row["贷方金额"] for row in rows} == {"1999.00", ""}

    wrong = tallyard("vouchers", str(mapping), "--from", "October")
    assert wrong.status == 2


async def test_a_report_over_nonsense_is_refused_in_words(tallyard: Shell, bella):
    refused = tallyard("report", "revenue", "--from", "2026-02-01", "--to", "2026-01-01")
    assert refused.status == 1
    assert "A report cannot run from 2026-02-01 to 2026-01-01." in refused.err
