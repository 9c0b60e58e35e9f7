"""Find an invoice or a credit note by its number, whoever's it is."""

from dataclasses import dataclass

from billing.errors import InvoiceNotFound
from billing.repositories.invoices import InvoiceFilter, InvoiceRepository
from billing.repositories.notes import NoteRepository
from control_plane.kernel.ids import CreditNoteId, InvoiceId, TenantId
from control_plane.runtime.unit_of_work import StaffWork


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """Whose it is, and which of the two it is."""

    tenant_id: TenantId
    invoice_id: InvoiceId | None = None
    note_id: CreditNoteId | None = None


@dataclass(frozen=True, slots=True)
class FindDocument:
    """Looks through all tenants, as staff; numbers are unique over all of them."""

    staff: StaffWork

    async def __call__(self, number: str) -> FoundDocument:
        """Return what has the number.

        Raises:
            InvoiceNotFound: nothing has.
        """
        wanted = InvoiceFilter(number=number, limit=1)
        async with self.staff() as session:
            invoices = await InvoiceRepository(session).list(wanted)
            if invoices:
                return FoundDocument(invoices[0].tenant_id, invoice_id=invoices[0].id)
            notes = await NoteRepository(session).list(wanted)
        if not notes:
            raise InvoiceNotFound(invoice_id=number)
        return FoundDocument(notes[0].tenant_id, note_id=notes[0].id)
