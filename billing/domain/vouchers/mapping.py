"""How our accounts are called in the general ledger that vouchers go to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

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

    ``dimension_names`` are the headings of the dimension columns, in their order.
    """

    accounts: Mapping[Account, LedgerAccount]
    word: str = "记"
    grouping: Grouping = Grouping.DAY
    encoding: Encoding = Encoding.UTF_8
    dimension_names: Mapping[Dimension, str] = field(default_factory=dict)
