"""Reasons that people give for what they do to a document."""

from billing.errors_documents import (
    ReasonMissing,
)

LONGEST_REASON = 500


def readable_reason(text: str) -> str:
    """Return a reason as it is kept.

    Raises:
        ReasonMissing: it is empty, too long, or not printable.
    """
    reason = text.strip()
    if not 1 <= len(reason) <= LONGEST_REASON or not reason.isprintable():
        raise ReasonMissing(longest=LONGEST_REASON, field="reason")
    return reason
