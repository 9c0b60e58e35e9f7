"""Vouchers balance, count from 1 in each month, and are read by Chinese accounting software."""

import csv
import io
from collections import defaultdict
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.ledger import Account, invoice_entries, payment_entries
from billing.domain.vouchers.build import PostedEntry, vouchers
from billing.domain.vouchers.mapping import COLUMNS, Dimension
from billing.errors import VoucherMappingInvalid
from billing.reporting.voucher_csv import SUMMARIES, voucher_csv
from billing.reporting.voucher_mapping import read_voucher_mapping
from billing.repositories.ledger import Kind
from control_plane.kernel.currency import CURRENCIES
from control_plane.kernel.money import Money
from web.reports.mapping import EXAMPLE

MAPPING = read_voucher_mapping(EXAMPLE)


def posted(entries, on: date, kind: str, customer: str = "好的公司") -> list[PostedEntry]:
    return [
        PostedEntry(
            on,
            kind,
            e.account,
            e.amount.currency.code,
            e.amount.minor,
            {Dimension.CUSTOMER: customer},
        )
        for e in entries
    ]


def cny(minor: int) -> Money:
    return Money(minor, CURRENCIES["CNY"])


def rows(entries, mapping=MAPPING) -> list[list[str]]:
    content = b"".join(voucher_csv(vouchers(entries, mapping), mapping))
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_a_day_is_a_voucher_with_a_line_for_each_account():
    on = date(2026, 10, 3)
    entries = posted(invoice_entries(cny(10000), cny(600)), on, "invoice")
    entries += posted(invoice_entries(cny(20000), cny(1200)), on, "invoice")
    entries += posted(payment_entries(cny(10600)), date(2026, 10, 9), "payment")
    assert rows(entries) == [
        [*COLUMNS.values(), "客户"],
        ["2026-10-03", "记-1", "开具账单", "1122", "应收账款", "318.00", "", "CNY", "好的公司"],
        ["2026-10-03", "记-1", "开具账单", "2205", "合同负债", "", "300.00", "CNY", ""],
        ["2026-10-03", "记-1", "开具账单", "22210106", "应交税费-应交增值税(销项税额)", "", "18.00",
         "CNY", ""],
        ["2026-10-09", "记-2", "收到付款", "1002", "银行存款", "106.00", "", "CNY", ""],
        ["2026-10-09", "记-2", "收到付款", "1122", "应收账款", "", "106.00", "CNY", "好的公司"],
    ]  # fmt: skip


def test_numbers_begin_again_with_each_month_and_vouchers_may_be_a_month_each():
    entries = posted(invoice_entries(cny(100), cny(0)), date(2026, 10, 3), "invoice")
    entries += posted(invoice_entries(cny(100), cny(0)), date(2026, 10, 9), "invoice")
    entries += posted(invoice_entries(cny(100), cny(0)), date(2026, 11, 1), "invoice")
    numbers = [(v.dated, v.number) for v in vouchers(entries, MAPPING)]
    assert numbers == [(date(2026, 10, 3), 1), (date(2026, 10, 9), 2), (date(2026, 11, 1), 1)]
    monthly = read_voucher_mapping(EXAMPLE.replace("grouping: day", "grouping: month"))
    numbers = [(v.dated, v.number) for v in vouchers(entries, monthly)]
    assert numbers == [(date(2026, 10, 31), 1), (date(2026, 11, 30), 1)]


@given(
    st.lists(
        st.tuples(st.integers(1, 40), st.integers(0, 10**9), st.sampled_from(["甲", "乙", "=丙"])),
        max_size=12,
    )
)
def test_every_voucher_balances_and_loses_nothing(events):
    entries = []
    for day, minor, customer in events:
        on = date.fromordinal(date(2026, 10, 1).toordinal() + day)
        entries += posted(invoice_entries(cny(minor), cny(minor // 10)), on, "invoice", customer)
    debits: defaultdict[object, int] = defaultdict(int)
    for voucher in vouchers(entries, MAPPING):
        assert sum(li.debit.minor for li in voucher.lines) == sum(
            li.credit.minor for li in voucher.lines
        )
        for line in voucher.lines:
            debits["all"] += line.debit.minor
    assert debits["all"] == sum(e.minor for e in entries if e.minor > 0)
    assert not any(cell.startswith("=") for row in rows(entries) for cell in row)


def test_the_file_may_be_in_the_encoding_of_older_software():
    mapping = read_voucher_mapping(EXAMPLE.replace("utf-8-sig", "gb18030"))
    content = b"".join(voucher_csv([], mapping))
    assert content.decode("gb18030").startswith("日期,凭证字号")


def test_the_columns_are_those_that_the_software_asks_for():
    ours = """columns:
  date: 制单日期
  word: 凭证类别
  number: 凭证号
  line: 分录号
  debit: 借方
  credit: =贷方
accounts:
"""
    mapping = read_voucher_mapping(EXAMPLE.replace("accounts:\n", ours))
    entries = posted(invoice_entries(cny(100), cny(6)), date(2026, 10, 3), "invoice")
    heading, *found = rows(entries, mapping)
    assert heading == ["制单日期", "凭证类别", "凭证号", "分录号", "借方", "'=贷方", "客户"]
    assert [row[:6] for row in found] == [
        ["2026-10-03", "记", "1", "1", "1.06", ""],
        ["2026-10-03", "记", "1", "2", "", "1.00"],
        ["2026-10-03", "记", "1", "3", "", "0.06"],
    ]


def test_a_wrong_mapping_is_told_by_line_and_column():
    source = EXAMPLE.replace("  cash:", "  cashh:").replace("[customer]", "[colour]", 1)
    with pytest.raises(VoucherMappingInvalid) as refusal:
        read_voucher_mapping(source)
    places = [(p.line, p.code) for p in refusal.value.problems]
    assert (5, "unknown_key") in places
    assert (5, "missing_key") in places
    assert (6, "unknown_choice") in places


def test_every_kind_of_event_has_a_summary():
    assert set(SUMMARIES) == {kind.value for kind in Kind}
    assert set(MAPPING.accounts) == set(Account)
