"""Reports as CSV and Excel: exact amounts, and nothing that a spreadsheet would run."""

import csv
import io
from datetime import date
from fractions import Fraction
from zipfile import ZipFile

import openpyxl
import pytest

from billing.domain.reports.ageing import bucket
from billing.domain.reports.sheet import Sheet, code, count, day, money, month, ratio, summed, text
from billing.reporting.sheet_csv import sheet_csv
from billing.reporting.sheet_excel import sheet_excel
from control_plane.kernel.currency import CURRENCIES
from control_plane.kernel.money import Money

CNY, JPY = CURRENCIES["CNY"], CURRENCIES["JPY"]
COLUMNS = (
    text("customer"),
    code("account"),
    day("date"),
    month("month"),
    count("days_overdue"),
    ratio("net_retention"),
    money("open"),
)
ROWS = (
    ('=HYPERLINK("x")', "cash", date(2026, 10, 1), date(2026, 10, 31), 3, Fraction(2, 3),
     Money(9_999_999_999, CNY)),
    ("+1", "cash", date(2026, 10, 2), date(2026, 10, 31), 0, None, Money(-5, CNY)),
    ("好的公司", "cash", None, None, None, None, Money(1_300_000, JPY)),
)  # fmt: skip
SHEET = Sheet("receivables", COLUMNS, ROWS, summed(COLUMNS, ROWS))


def read_csv(sheet) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(sheet_csv(sheet)).decode())))


def test_csv_writes_amounts_exactly_with_their_currency():
    head, first, second, third = read_csv(SHEET)
    assert head[-2:] == ["open", "open_currency"]
    assert first[2:] == ["2026-10-01", "2026-10", "3", "66.7", "99999999.99", "CNY"]
    assert second[-2:] == ["-0.05", "CNY"]
    assert third[-2:] == ["1300000", "JPY"]


def test_csv_disarms_formulas():
    _, first, second, third = read_csv(SHEET)
    assert (first[0], second[0], third[0]) == ('\'=HYPERLINK("x")', "'+1", "好的公司")


def test_excel_holds_numbers_text_and_no_formula():
    words = {"receivables": "应收账龄", "cash": "现金"}
    content = sheet_excel([SHEET], lambda key: words.get(key, key))
    book = openpyxl.load_workbook(io.BytesIO(content))
    page = book["应收账龄"]
    assert page["A2"].value == '=HYPERLINK("x")'
    assert page["A2"].data_type == "s"
    assert page["B2"].value == "现金"
    assert page["G2"].value == 99999999.99
    assert page["G2"].number_format == "#,##0.00"
    assert page["G4"].value == 1300000
    assert page["H2"].value == "CNY"
    with ZipFile(io.BytesIO(content)) as files:
        assert not any(b"<f>" in files.read(n) for n in files.namelist() if "sheet" in n)


def test_excel_writes_what_a_spreadsheet_cannot_count_as_text():
    huge = Sheet("revenue", (money("open"),), ((Money(1234567890123456789, CNY),),))
    page = openpyxl.load_workbook(io.BytesIO(sheet_excel([huge], str)))["revenue"]
    assert page["A2"].value == "12345678901234567.89"


def test_sums_are_by_currency():
    assert [row[-1] for row in SHEET.sums] == [Money(9_999_999_994, CNY), Money(1_300_000, JPY)]


@pytest.mark.parametrize(
    ("days", "name"),
    [
        (-1, "not_due"),
        (0, "not_due"),
        (1, "days_0_30"),
        (30, "days_0_30"),
        (31, "days_31_60"),
        (60, "days_31_60"),
        (61, "days_61_90"),
        (90, "days_61_90"),
        (91, "days_over_90"),
    ],
)
def test_an_invoice_ages_from_the_day_after_it_was_payable(days, name):
    payable = date(2026, 10, 1)
    assert bucket(payable, date.fromordinal(payable.toordinal() + days)) == name
