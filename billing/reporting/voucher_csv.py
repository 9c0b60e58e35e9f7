"""Vouchers (凭证) as the CSV that Chinese accounting software imports."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from billing.domain.vouchers.build import Voucher, VoucherLine
from billing.domain.vouchers.mapping import Dimension, Encoding, VoucherMapping
from billing.reporting.cells import safe
from control_plane.kernel.money import Money

HEADINGS = (
    "日期",
    "凭证字号",
    "摘要",
    "科目编码",
    "科目名称",
    "借方金额",
    "贷方金额",
    "币种",
)
SUMMARIES = {
    "invoice": "开具账单",
    "credit_note": "开具贷记单",
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

    Columns are 日期 (date), 凭证字号 (word and number), 摘要 (summary), 科目编码, 科目名称 (account
    code and name), 借方金额 and 贷方金额 (debit and credit, major units), 币种 (currency), then one
    for each dimension that any account has. Encoded as the mapping says; UTF-8 with a mark, by
    which spreadsheets know it.
    """
    used = [d for d in Dimension if any(d in a.dimensions for a in mapping.accounts.values())]
    names = [mapping.dimension_names.get(d, DIMENSION_HEADINGS[d]) for d in used]
    codec = "utf-8" if mapping.encoding is Encoding.UTF_8 else mapping.encoding.value
    yield (_MARKS[mapping.encoding] + _written([[*HEADINGS, *names]])).encode(codec)
    for voucher in found:
        rows = [_row(voucher, line, mapping.word, used) for line in voucher.lines]
        yield _written(rows).encode(codec)


def _row(
    voucher: Voucher, line: VoucherLine, word: str, used: Sequence[Dimension]
) -> Sequence[str]:
    return [
        voucher.dated.isoformat(),
        f"{word}-{voucher.number}",
        SUMMARIES[line.kind],
        safe(line.account.code),
        safe(line.account.name),
        _amount(line.debit),
        _amount(line.credit),
        voucher.currency,
        *(safe(line.dimensions.get(d, "")) for d in used),
    ]


def _amount(amount: Money) -> str:
    return amount.decimal_text() if amount.minor else ""


def _written(rows: Iterable[Sequence[str]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()
