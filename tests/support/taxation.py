"""Rates and sales for tests of tax."""

from datetime import date
from decimal import Decimal

from billing.domain.tax.rates import TaxRate
from billing.domain.tax.sale import Buyer, Sale, Seller

DAY = date(2026, 1, 10)
VAT_IDS = {"DE": "DE136695976", "FR": "FR40303265045", "AT": "ATU13585627"}


def rate(jurisdiction: str, percent: str, category: str = "standard", **more: object) -> TaxRate:
    code = "S" if Decimal(percent) else "E"
    values = {"code": code, "valid_from": date(2020, 1, 1), **more}
    return TaxRate(
        jurisdiction=jurisdiction,
        category=category,
        rate=Decimal(percent),
        **values,  # type: ignore[arg-type]
    )


RATES = (
    rate("CN", "13"),
    rate("CN", "6", "service"),
    rate("DE", "19"),
    rate("DE", "7", "books"),
    rate("FR", "20"),
    rate("US-CA", "8.25"),
    rate("JP", "10", valid_to=date(2025, 1, 1)),
)


def sale(
    seller: Seller | str, buyer: Buyer | str, day: date = DAY, *, business: bool = False
) -> Sale:
    """A sale between countries; a business has its country's VAT number."""
    if isinstance(seller, str):
        seller = Seller(seller)
    if isinstance(buyer, str):
        buyer = Buyer(buyer, business, VAT_IDS.get(buyer) if business else None)
    return Sale(seller, buyer, day)
