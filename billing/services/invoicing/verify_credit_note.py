"""Verify a credit note: compute it again from its manifest, and compare the bytes."""

from dataclasses import dataclass

from billing.domain.rating import RATING_VERSION
from billing.domain.records import NoteSummary
from billing.invoicing import Rater
from billing.repositories.notes import NoteRepository
from billing.services.verify_invoice import with_digest
from billing.verifying import Verifier
from control_plane.kernel.ids import CreditNoteId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class NoteVerdict:
    """What verification found. ``differences`` is empty when every byte is confirmed."""

    note: NoteSummary
    sha256: str
    version: str
    differences: tuple[str, ...]
    newest: tuple[str, ...] = ()
    newest_version: str = RATING_VERSION

    @property
    def confirmed(self) -> bool:
        """Tell whether the note is exactly what its inputs come to."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class VerifyCreditNote:
    """Re-rate what a credit note corrected, and take it off its invoice again."""

    work: UnitOfWork
    rater: Rater

    async def __call__(self, *, tenant_id: TenantId, note_id: CreditNoteId) -> NoteVerdict:
        """Return what, if anything, differs from the frozen bytes.

        Raises:
            CreditNoteNotFound: the tenant has none of that id.
        """
        async with self.work(tenant_id) as session:
            stored = await NoteRepository(session).get(note_id)
            found = await Verifier(self.rater).note(session, tenant_id, stored.inputs, stored.body)
        differences = with_digest(found, stored.body, stored.body_sha256)
        return NoteVerdict(
            stored.summary, stored.body_sha256, found.version, differences, found.newest
        )
