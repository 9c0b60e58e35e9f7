"""A credit note as a file."""

import asyncio
from dataclasses import dataclass, field

from billing.documents.content import read_document
from billing.documents.exporting import DocumentForm, ExportedFile, Exporter, Frozen
from billing.repositories.notes import NoteRepository
from control_plane.kernel.ids import CreditNoteId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ExportCreditNote:
    """A credit note as PDF, HTML, CSV, UBL, CII or a hybrid, from its frozen body alone."""

    work: UnitOfWork
    exporter: Exporter = field(default_factory=Exporter)

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        note_id: CreditNoteId,
        form: DocumentForm,
        language: str = "en",
    ) -> ExportedFile:
        """Return the file; written in a thread, so that other requests go on.

        Raises:
            CreditNoteNotFound: the tenant has none of that id.
            EInvoiceImpossible: an e-invoice is asked for, and the document lacks something.
        """
        async with self.work(tenant_id) as session:
            stored = await NoteRepository(session).get(note_id)
        frozen = Frozen(read_document(stored.content), stored.body_sha256)
        return await asyncio.to_thread(self.exporter.export, frozen, form, language)
