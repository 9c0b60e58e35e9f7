"""Vouchers (凭证) as the CSV that Chinese accounting software imports."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

from billing.domain.vouchers.build import Voucher, VoucherLine
from billing.domain.vouchers.mapping import Column, Dimension, Encoding, VoucherMapping
from billing.reporting.cells import safe
from control_plane.kernel.money import Money

SUMMARIES = {
    "invoice": "开具账单",
    "credit_note": "开具贷项通知单",
    "payment": "收到付款",
    "credit_applied": "余额抵扣账单",
    "refund": "退款",
    "prepaid_topup": "预付充值",
    "prepaid_used": "预付余额抵扣",
    "prepaid_expired": "预付余额到期",
    "write_off": "核销坏账",
    "recovery": "坏账收回",
    "void": "作废账单",
    "recognition": "确认收入",
}
DIMENSION_HEADINGS = {
    Dimension.CUSTOMER: "客户",
    Dimension.CUSTOMER_ID: "客户编号",
    Dimension.DOCUMENT: "单据号",
    Dimension.EVENT: "业务类型",
}
_MARKS = {Encoding.UTF_8: "\ufeff", Encoding.GB18030: ""}


def voucher_csv(found: Iterable[Voucher], mapping: VoucherMapping) -> Iterator[bytes]:
    """Yield the file piece by piece: its heading, then a voucher at a time.

    Its columns are those of the mapping, see `COLUMNS`, then one for each dimension that any
    account has. Encoded as the mapping says; UTF-8 with a mark, by which spreadsheets know it.
    """
    used = [d for d in Dimension if any(d in a.dimensions for a in mapping.accounts.values())]
    names = [mapping.dimension_names.get(d, DIMENSION_HEADINGS[d]) for d in used]
    codec = "utf-8" if mapping.encoding is Encoding.UTF_8 else mapping.encoding.value
    heading = [safe(name) for name in (*mapping.columns.values(), *names)]
    yield (_MARKS[mapping.encoding] + _written([heading])).encode(codec)
    for voucher in found:
        rows = [
            _row(_cells(voucher, line, place, mapping.word), line, mapping, used)
            for place, line in enumerate(voucher.lines, start=1)
        ]
        yield _written(rows).encode(codec)


def _row(
    cells: Mapping[Column, str],
    line: VoucherLine,
    mapping: VoucherMapping,
    used: Sequence[Dimension],
) -> Sequence[str]:
    told = [safe(line.dimensions.get(dimension, "")) for dimension in used]
    return [*(cells[column] for column in mapping.columns), *told]


def _cells(voucher: Voucher, line: VoucherLine, place: int, word: str) -> Mapping[Column, str]:
    return {
        Column.DATE: voucher.dated.isoformat(),
        Column.VOUCHER: safe(f"{word}-{voucher.number}"),
        Column.WORD: safe(word),
        Column.NUMBER: str(voucher.number),
        Column.LINE: str(place),
        Column.SUMMARY: SUMMARIES[line.kind],
        Column.ACCOUNT_CODE: safe(line.account.code),
        Column.ACCOUNT_NAME: safe(line.account.name),
        Column.DEBIT: _amount(line.debit),
        Column.CREDIT: _amount(line.credit),
        Column.CURRENCY: voucher.currency,
    }


def _amount(amount: Money) -> str:
    return amount.decimal_text() if amount.minor else ""


def _written(rows: Iterable[Sequence[str]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()
