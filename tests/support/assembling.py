"""Lines, coupons and treatments for tests of assembling, spelled short."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from billing.domain.assembling import Coupon, Credit, Scope, TaxTreatment
from control_plane.catalog.domain import Text
from control_plane.kernel.currency import CURRENCIES
from control_plane.kernel.money import Money

SUBSCRIPTION = UUID(int=1)
NAME = Text("A name", "名称")
STANDARD = TaxTreatment("standard", Decimal(13), "S", "CN")
SERVICE = TaxTreatment("service", Decimal(6), "S", "CN")
ZERO = TaxTreatment("books", Decimal(0), "Z", "CN")
CHINA = {t.category: t for t in (STANDARD, SERVICE, ZERO)}


@dataclass(frozen=True)
class Line:
    """A rated line, as far as assembling looks at it."""

    key: str
    amount: Money
    tax_category: str = "standard"
    tax_inclusive: bool = False
    discountable: bool = True
    item: str = "outbound-pro@1"
    charge_code: str = "base"
    subscription_id: UUID = SUBSCRIPTION


def money(minor: int, code: str = "CNY") -> Money:
    return Money(minor, CURRENCIES[code])


def line(minor: int, key: str = "a", code: str = "CNY", **more: object) -> Line:
    return Line(key, money(minor, code), **more)  # type: ignore[arg-type]


def coupon(
    percent: str | None = None, amount: int | None = None, code: str = "CNY", **scope: tuple[str]
) -> Coupon:
    return Coupon(
        id=UUID(int=7),
        code="WELCOME",
        name=NAME,
        percent=None if percent is None else Decimal(percent),
        amount=None if amount is None else money(amount, code),
        scope=Scope(**scope),
    )


def credit(amount: int, code: str = "CNY", **scope: tuple[str]) -> Credit:
    return Credit(UUID(int=8), "GIFT", NAME, money(amount, code), Scope(**scope))
