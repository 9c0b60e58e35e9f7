"""Tax, discounts and prepaid balances."""

from web.parts.life import LifePart


class TaxPart(LifePart):
    """Use cases: tax, discounts and prepaid balances."""
