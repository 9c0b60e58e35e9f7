"""Write an invoice off."""

from dataclasses import dataclass

from billing.domain.ledger import write_off_entries
from billing.domain.records import InvoiceState, InvoiceSummary
from billing.errors import (
    PaymentInProgress,
)
from billing.errors_documents import (
    NothingOpen,
)
from billing.reasons import readable_reason
from billing.repositories.invoices import InvoiceRepository
from billing.repositories.ledger import Kind, LedgerRepository, Posting
from billing.repositories.payments import PaymentRepository
from control_plane.audit.record import record
from control_plane.kernel.ids import InvoiceId, TenantId, format_id
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import INVOICE_ENDED
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class WriteOffInvoice:
    """Say that nobody expects what is open on an invoice any more; it stays owed by law.

    Should it be paid after all, the payment is recorded like any other.
    """

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self, *, tenant_id: TenantId, invoice_id: InvoiceId, reason: str, actor: str
    ) -> InvoiceSummary:
        """Mark the invoice uncollectible, and post the loss; again, nothing more happens.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
            NothingOpen: nothing is open on it.
            PaymentInProgress: a payment is under way.
            ReasonMissing: there is no reason.
        """
        reason = readable_reason(reason)
        async with self.work(tenant_id) as session:
            invoices = InvoiceRepository(session)
            invoice = await invoices.lock(tenant_id, invoice_id)
            if invoice.state is InvoiceState.UNCOLLECTIBLE:
                return invoice
            if not invoice.open.minor:
                raise NothingOpen(number=invoice.number)
            pending = await PaymentRepository(session).pending(tenant_id, invoice_id)
            if pending is not None:
                raise PaymentInProgress(number=invoice.number, provider=pending.provider)
            now = await self.tenant_clock.now(session, tenant_id)
            ended = await invoices.end(invoice, InvoiceState.UNCOLLECTIBLE, reason, now)
            await LedgerRepository(session).book(
                tenant_id,
                Posting(
                    kind=Kind.WRITE_OFF,
                    business_key=f"write_off:{invoice_id}",
                    entries=write_off_entries(invoice.open),
                    booked_at=now,
                    invoice_id=invoice_id,
                ),
            )
            await enqueue(session, tenant_id, INVOICE_ENDED, {"invoice_id": str(invoice_id)})
            await record(
                session,
                tenant_id,
                actor,
                "invoice.written_off",
                "invoice",
                format_id("inv", invoice_id),
                {"amount_minor": invoice.open.minor, "reason": reason},
            )
            return ended
