"""Explain a credit note, line by line."""

from dataclasses import dataclass

from billing.domain.explain import ExplainedLine, explain_lines
from billing.domain.records import NoteSummary
from billing.messages import translator
from billing.repositories.notes import NoteRepository
from control_plane.kernel.ids import CreditNoteId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class NoteExplanation:
    """A credit note, and how each of its lines came about."""

    note: NoteSummary
    lines: tuple[ExplainedLine, ...]


@dataclass(frozen=True, slots=True)
class ExplainCreditNote:
    """Say what each line was billed as, and what is owed of it since."""

    work: UnitOfWork

    async def __call__(
        self, *, tenant_id: TenantId, note_id: CreditNoteId, language: str = "en"
    ) -> NoteExplanation:
        """Explain from the frozen body and manifest alone, in English or Chinese.

        Raises:
            CreditNoteNotFound: the tenant has none of that id.
        """
        async with self.work(tenant_id) as session:
            stored = await NoteRepository(session).get(note_id)
        lines = explain_lines(stored.content, language, translator(language))
        return NoteExplanation(stored.summary, lines)
