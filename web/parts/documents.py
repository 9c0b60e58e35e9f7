"""Invoices as files."""

from web.parts.revenue import RevenuePart


class DocumentsPart(RevenuePart):
    """Use cases: invoices as files."""
