"""What stands on a fapiao: lines with their tax, discounts as lines of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money

CNY: Final = currency("CNY")
UNTAXED: Final = "untaxed"
"""In place of a rate (不征税): a prepaid card's top-up, sold under code 601."""

EXEMPT: Final = "exempt"
"""In place of a rate (免税): goods that are relieved of the tax."""

SERVICE_CODE: Final = "3040203000000000000"
SERVICE_LABEL: Final = "信息技术服务"
"""Information system services, by the tax administration's classification (税收分类编码)."""


@dataclass(frozen=True, slots=True)
class GoodsClass:
    """A class of goods or services (税收分类编码): 19 digits, and its short name (简称)."""

    code: str
    label: str


SERVICE: Final = GoodsClass(SERVICE_CODE, SERVICE_LABEL)
"""What a tax category is sold under unless the seller's tax file says otherwise."""

PREPAID_CODE: Final = "6010000000000000000"
PREPAID_LABEL: Final = "预付卡销售"
"""Sale and top-up of prepaid cards, untaxed. Source: 国家税务总局公告 2016 年第 53 号."""

PREPAID_CATEGORY: Final = "prepaid_card"


@dataclass(frozen=True, slots=True)
class FapiaoLine:
    """One line. Amounts are fen, negative on discounts and on red fapiao.

    ``source`` and ``key`` name the invoice and its line; ``discount_of`` is the position of the
    line right before, which a discount line (折扣行) belongs to.
    """

    position: int
    name: str
    code: str
    unit: str | None
    quantity: str | None
    net_minor: int
    rate: str
    tax_minor: int
    source: str
    key: str
    discount_of: int | None = None


@dataclass(frozen=True, slots=True)
class FapiaoContent:
    """Everything that is printed between the buyer and the sums."""

    lines: tuple[FapiaoLine, ...]

    @property
    def net(self) -> Money:
        """合计金额, without tax."""
        return Money(sum(line.net_minor for line in self.lines), CNY)

    @property
    def tax(self) -> Money:
        """合计税额."""
        return Money(sum(line.tax_minor for line in self.lines), CNY)

    @property
    def total(self) -> Money:
        """价税合计, tax included."""
        return self.net + self.tax

    def body(self) -> list[dict[str, Any]]:
        """Return the lines as plain data."""
        return [
            {
                "position": line.position,
                "name": line.name,
                "code": line.code,
                "unit": line.unit,
                "quantity": line.quantity,
                "net_minor": line.net_minor,
                "rate": line.rate,
                "tax_minor": line.tax_minor,
                "source": line.source,
                "key": line.key,
                "discount_of": line.discount_of,
            }
            for line in self.lines
        ]

    @classmethod
    def from_body(cls, body: Sequence[Mapping[str, Any]]) -> "FapiaoContent":
        """Read back what `body` gave."""
        return cls(tuple(FapiaoLine(**line) for line in body))


def rate_of(text: str) -> Fraction:
    """Return a line's rate as a fraction of one: ``13`` is 13/100, a word nothing."""
    return Fraction(0) if text in {UNTAXED, EXEMPT} else Fraction(text) / 100
