"""Ask for an invoice to be collected, again."""

from dataclasses import dataclass

from billing.errors import InvoiceAlreadyPaid
from billing.repositories.invoices import InvoiceRepository
from control_plane.audit.record import record
from control_plane.kernel.ids import InvoiceId, TenantId, format_id
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import INVOICE_ISSUED
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RequestCollection:
    """Try the tenant's card once more, after a failure or another card; soon, not at once."""

    work: UnitOfWork

    async def __call__(self, *, tenant_id: TenantId, invoice_id: InvoiceId, actor: str) -> None:
        """Have the outbox collect the invoice; a payment under way is not doubled.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
            InvoiceAlreadyPaid: nothing is open on it.
        """
        async with self.work(tenant_id) as session:
            invoice = await InvoiceRepository(session).lock(tenant_id, invoice_id)
            if not invoice.open.minor:
                raise InvoiceAlreadyPaid(number=invoice.number)
            await enqueue(session, tenant_id, INVOICE_ISSUED, {"invoice_id": str(invoice_id)})
            await record(
                session,
                tenant_id,
                actor,
                "payment.requested",
                "invoice",
                format_id("inv", invoice_id),
            )
