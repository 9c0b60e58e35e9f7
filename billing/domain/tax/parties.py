"""The vendor's legal entities and the customers' billing profiles."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from billing.domain.fapiao.content import GoodsClass
from billing.domain.tax.sale import ExportCode, Seller


class PrepaidPolicy(StrEnum):
    """When prepaid money is taxed."""

    TAX_ON_USE = "tax_on_use"
    """The top-up gets a receipt; the invoice it settles is fully taxed (BT-113)."""
    TAX_ON_TOPUP = "tax_on_topup"
    """The top-up gets a prepayment invoice; its tax is later deducted, per rate."""
    CARD = "card"
    """China: a prepaid card, untaxed category 601 at top-up, and no fapiao on its use."""


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address; ``country`` is ISO 3166-1 alpha-2, what is unknown is empty."""

    line1: str
    city: str
    country: str
    line2: str = ""
    region: str = ""
    postcode: str = ""


@dataclass(frozen=True, slots=True)
class Bank:
    """An account to pay into; what is unknown is empty."""

    name: str
    account: str = ""
    iban: str = ""
    bic: str = ""


@dataclass(frozen=True, slots=True)
class EntityTax:
    """How a legal entity charges tax; see `Seller`.

    With ``en16931`` its invoices must follow EN 16931, and policies that break it are refused.
    ``goods_classes`` are the classes under which fapiao show its tax categories.
    """

    registrations: tuple[str, ...] = ()
    oss: bool = False
    export: ExportCode = ExportCode.FREE_EXPORT
    goods: tuple[str, ...] = ()
    en16931: bool = False
    goods_classes: tuple[tuple[str, GoodsClass], ...] = ()


@dataclass(frozen=True, slots=True)
class LegalEntity:
    """One of the vendor's companies. Without ``tax`` it charges none; ``prefix`` starts numbers.

    ``name`` None stands for the installation's vendor name.
    """

    code: str
    prefix: str
    name: str | None = None
    sandbox: bool = False
    country: str | None = None
    tax_id: str | None = None
    registration: str | None = None
    address: Address | None = None
    email: str | None = None
    phone: str | None = None
    bank: Bank | None = None
    currency: str | None = None
    prepaid_policy: PrepaidPolicy = PrepaidPolicy.TAX_ON_USE
    tax: EntityTax | None = None

    @property
    def seller(self) -> Seller | None:
        """What tax law asks of it; None where it charges no tax."""
        if self.tax is None or self.country is None:
            return None
        return Seller(
            country=self.country,
            registrations=frozenset(self.tax.registrations),
            oss=self.tax.oss,
            export=self.tax.export,
            goods=frozenset(self.tax.goods),
        )

    def party(self, vendor_name: str) -> dict[str, Any]:
        """Return it as a document's seller."""
        return {
            "name": self.name or vendor_name,
            "reference": self.code,
            "tax_id": self.tax_id,
            "registration": self.registration,
            "address": None if self.address is None else asdict(self.address),
            "email": self.email,
            "phone": self.phone,
            "bank": None if self.bank is None else asdict(self.bank),
        }


@dataclass(frozen=True, slots=True)
class BillingProfile:
    """Who a customer is on its invoices. ``business`` says that it buys as a taxable person."""

    legal_name: str
    address: Address
    business: bool = True
    tax_id: str | None = None
    registration: str | None = None
    email: str | None = None
    phone: str | None = None
    purchase_order: str | None = None

    def party(self, reference: str) -> dict[str, Any]:
        """Return it as a document's buyer."""
        return {
            "name": self.legal_name,
            "reference": reference,
            "tax_id": self.tax_id,
            "registration": self.registration,
            "address": asdict(self.address),
            "email": self.email,
            "phone": self.phone,
            "bank": None,
        }


def unnamed_party(name: str, reference: str) -> dict[str, Any]:
    """Return a customer of whom only the name is known."""
    unknown = ("tax_id", "registration", "address", "email", "phone", "bank")
    return {"name": name, "reference": reference, **dict.fromkeys(unknown)}
