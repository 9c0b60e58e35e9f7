"""How explanations and verifications of documents are shown."""

import msgspec

from billing.domain.explain import ExplainedLine
from billing.services.invoicing.verify_credit_note import NoteVerdict
from billing.services.verify_invoice import Verdict
from web.i18n import told


class ExplainedLineView(msgspec.Struct):
    """One line and how it came about."""

    key: str
    title: str
    first_day: str
    last_day: str
    amount_minor: int
    steps: list[str]

    @classmethod
    def of(cls, line: ExplainedLine) -> "ExplainedLineView":
        """Show a line's explanation."""
        return cls(
            key=line.key,
            title=line.title,
            first_day=line.first_day,
            last_day=line.last_day,
            amount_minor=line.amount_minor,
            steps=[step.text for step in line.steps],
        )


class VerificationView(msgspec.Struct):
    """Whether the document, made again from its manifest, has the same bytes.

    ``newest`` says where the newest rating version, ``newest_version``, comes to other amounts.
    """

    confirmed: bool
    sha256: str
    rating_version: str
    differences: list[str]
    newest_version: str
    newest: list[str]

    @classmethod
    def of(cls, verdict: Verdict | NoteVerdict, language: str) -> "VerificationView":
        """Show what verification found, in a reader's language."""
        return cls(
            confirmed=verdict.confirmed,
            sha256=verdict.sha256,
            rating_version=verdict.version,
            differences=[told(language, found) for found in verdict.differences],
            newest_version=verdict.newest_version,
            newest=[told(language, found) for found in verdict.newest],
        )
