"""Ledger, revenue and reports."""

from web.parts.tax import TaxPart


class RevenuePart(TaxPart):
    """Use cases: ledger, revenue and reports."""
