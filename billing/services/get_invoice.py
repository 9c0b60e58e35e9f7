"""Show one invoice."""

from dataclasses import dataclass

from billing.domain.records import NoteSummary, Payment, StoredInvoice
from billing.repositories.invoices import InvoiceRepository
from billing.repositories.notes import NoteRepository
from billing.repositories.payments import PaymentRepository
from control_plane.kernel.ids import InvoiceId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """An invoice as it was frozen, what was done to collect it, and what was credited of it."""

    invoice: StoredInvoice
    payments: tuple[Payment, ...]
    notes: tuple[NoteSummary, ...] = ()


@dataclass(frozen=True, slots=True)
class GetInvoice:
    """One invoice of the tenant."""

    work: UnitOfWork

    async def __call__(self, *, tenant_id: TenantId, invoice_id: InvoiceId) -> InvoiceView:
        """Return the invoice with its payments and credit notes.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
        """
        async with self.work(tenant_id) as session:
            invoice = await InvoiceRepository(session).get(invoice_id)
            payments = await PaymentRepository(session).of_invoice(tenant_id, invoice_id)
            notes = await NoteRepository(session).of_invoice(tenant_id, invoice_id)
            return InvoiceView(invoice, tuple(payments), tuple(notes))
