"""How our accounts are called in the general ledger that vouchers go to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from billing.domain.ledger import Account


class Grouping(StrEnum):
    """What one voucher covers."""

    DAY = "day"
    MONTH = "month"


class Dimension(StrEnum):
    """What an account may be told apart by, in columns of its own (辅助核算)."""

    CUSTOMER = "customer"
    CUSTOMER_ID = "customer_id"
    DOCUMENT = "document"
    EVENT = "event"


class Column(StrEnum):
    """What a file may have columns for; each software wants its own, under names of its own.

    ``voucher`` is word and number in one (记-1), ``word`` and ``number`` are apart, ``line`` counts
    the lines of a voucher from 1. Amounts are in major units.
    """

    DATE = "date"
    VOUCHER = "voucher"
    WORD = "word"
    NUMBER = "number"
    LINE = "line"
    SUMMARY = "summary"
    ACCOUNT_CODE = "account_code"
    ACCOUNT_NAME = "account_name"
    DEBIT = "debit"
    CREDIT = "credit"
    CURRENCY = "currency"


COLUMNS: Mapping[Column, str] = MappingProxyType(
    {
        Column.DATE: "日期",
        Column.VOUCHER: "凭证字号",
        Column.SUMMARY: "摘要",
        Column.ACCOUNT_CODE: "科目编码",
        Column.ACCOUNT_NAME: "科目名称",
        Column.DEBIT: "借方金额",
        Column.CREDIT: "贷方金额",
        Column.CURRENCY: "币种",
    }
)
"""The columns of a file whose mapping names none, in their order."""


class Encoding(StrEnum):
    """How the file is encoded. Spreadsheets in China open these two as they are."""

    UTF_8 = "utf-8-sig"
    GB18030 = "gb18030"


@dataclass(frozen=True, slots=True)
class LedgerAccount:
    """An account of the chart: 科目编码, 科目名称, and by what it is told apart."""

    code: str
    name: str
    dimensions: tuple[Dimension, ...] = ()


@dataclass(frozen=True, slots=True)
class VoucherMapping:
    """Every account of ours by one of the chart. ``word`` is the 凭证字, such as 记.

    ``columns`` are the headings of the columns, in their order; those of the dimensions follow,
    under ``dimension_names``.
    """

    accounts: Mapping[Account, LedgerAccount]
    word: str = "记"
    grouping: Grouping = Grouping.DAY
    encoding: Encoding = Encoding.UTF_8
    columns: Mapping[Column, str] = field(default_factory=lambda: COLUMNS)
    dimension_names: Mapping[Dimension, str] = field(default_factory=dict)
