"""The semantic model of EN 16931, as far as Tallyard's documents use it."""

from dataclasses import dataclass
from datetime import date

from billing.documents.parties import Address
from control_plane.kernel.money import Money

SPECIFICATION = "urn:cen.eu:en16931:2017"
"""BT-24: the core invoice, with no national extension."""
INVOICE, CREDIT_NOTE = "380", "381"
"""BT-3, of UNTDID 1001."""
NOT_SUBJECT = "O"
"""UNCL 5305: outside the scope of tax; such a category has no rate."""
SEPA, TRANSFER = "58", "30"
"""BT-81, of UNTDID 4461."""
DISCOUNT = "95"
"""BT-140, of UNTDID 5189."""
EMAIL_SCHEME = "EM"


@dataclass(frozen=True, slots=True)
class TradeParty:
    """BG-4 or BG-7; empty texts are left out.

    ``vat_id`` (BT-31, BT-48) starts with its country; any other is a ``tax_number`` (BT-32).
    """

    name: str
    identifier: str
    legal_id: str
    vat_id: str
    tax_number: str
    address: Address
    email: str
    phone: str


@dataclass(frozen=True, slots=True)
class Category:
    """A VAT category with its rate as text; `NOT_SUBJECT` has none."""

    code: str
    rate: str | None


@dataclass(frozen=True, slots=True)
class Allowance:
    """BG-27: what a discount took off a line, net of tax."""

    amount: Money
    reason: str


@dataclass(frozen=True, slots=True)
class TradeLine:
    """BG-25. ``price`` (BT-146) is that of ``quantity`` units, which are also its base (BT-149).

    A tiered price has no single unit price; the price of the whole quantity is exact.
    Quantity by price by base, less the allowances, is therefore the net without rounding.
    """

    id: str
    name: str
    description: str
    item: str
    quantity: str
    unit_code: str
    price: Money
    allowances: tuple[Allowance, ...]
    net: Money
    category: Category
    first_day: date
    last_day: date
    cost_centre: str
    attributes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TradeTax:
    """BG-23: one for each category and rate."""

    category: Category
    base: Money
    tax: Money
    reason: str
    reason_code: str


@dataclass(frozen=True, slots=True)
class Account:
    """BG-17: where to pay; ``id`` is an IBAN or an account number."""

    means: str
    id: str
    name: str
    bic: str


@dataclass(frozen=True, slots=True)
class Totals:
    """BG-22, all in the document's currency."""

    lines: Money
    net: Money
    tax: Money
    total: Money
    paid: Money
    due: Money


@dataclass(frozen=True, slots=True)
class EInvoice:
    """A document ready to be written in either syntax."""

    type_code: str
    number: str
    dated: date
    due: date | None
    terms: str
    note: str
    currency: str
    purchase_order: str
    corrects: tuple[str, date] | None
    service: tuple[date, date]
    seller: TradeParty
    buyer: TradeParty
    account: Account | None
    lines: tuple[TradeLine, ...]
    taxes: tuple[TradeTax, ...]
    totals: Totals

    @property
    def is_credit_note(self) -> bool:
        """Whether BT-3 says so."""
        return self.type_code == CREDIT_NOTE
