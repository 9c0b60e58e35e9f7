"""Show one credit note."""

from dataclasses import dataclass

from billing.domain.records import StoredNote
from billing.repositories.notes import NoteRepository
from control_plane.kernel.ids import CreditNoteId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class GetCreditNote:
    """One credit note of the tenant, as it was frozen."""

    work: UnitOfWork

    async def __call__(self, *, tenant_id: TenantId, note_id: CreditNoteId) -> StoredNote:
        """Return the note.

        Raises:
            CreditNoteNotFound: the tenant has none of that id.
        """
        async with self.work(tenant_id) as session:
            return await NoteRepository(session).get(note_id)
