"""Chinese VAT invoices."""

from web.parts.documents import DocumentsPart


class FapiaoPart(DocumentsPart):
    """Use cases: chinese VAT invoices."""
