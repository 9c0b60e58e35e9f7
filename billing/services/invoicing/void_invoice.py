"""Void an invoice."""

from dataclasses import dataclass

from billing.domain.ledger import void_entries
from billing.domain.records import InvoiceState, InvoiceSummary
from billing.errors import (
    PaymentInProgress,
)
from billing.errors_documents import (
    InvoiceEnded,
    InvoiceNotVoidable,
)
from billing.reasons import readable_reason
from billing.repositories.accounts import AccountRepository
from billing.repositories.billed import BilledRepository
from billing.repositories.invoices import InvoiceRepository
from billing.repositories.ledger import Kind, LedgerRepository, Posting
from billing.repositories.notes import NoteRepository
from billing.repositories.payments import PaymentRepository
from control_plane.audit.record import record
from control_plane.kernel.ids import InvoiceId, TenantId, format_id
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import INVOICE_ENDED
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class VoidInvoice:
    """Take a wrong invoice back whole, while nothing of it is settled.

    Its number stays used. What it billed counts as not billed, so the next close bills it again,
    by what is then right: prices cannot have changed, but names, taxes and addresses may have. To
    give something back that shall not be billed again, issue a credit note.
    """

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self, *, tenant_id: TenantId, invoice_id: InvoiceId, reason: str, actor: str
    ) -> InvoiceSummary:
        """Void the invoice; again, nothing more happens.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
            InvoiceNotVoidable: something of it is paid, credited or settled.
            InvoiceEnded: it was written off.
            PaymentInProgress: a payment is under way.
            ReasonMissing: there is no reason.
        """
        reason = readable_reason(reason)
        async with self.work(tenant_id) as session:
            accounts, invoices = AccountRepository(session), InvoiceRepository(session)
            await accounts.lock(tenant_id)
            invoice = await invoices.lock(tenant_id, invoice_id)
            if invoice.state is InvoiceState.VOIDED:
                return invoice
            await self._require_untouched(invoices, invoice)
            now = await self.tenant_clock.now(session, tenant_id)
            ended = await invoices.end(invoice, InvoiceState.VOIDED, reason, now)
            await LedgerRepository(session).book(
                tenant_id,
                Posting(
                    kind=Kind.VOID,
                    business_key=f"void:{invoice_id}",
                    entries=void_entries(invoice.net, invoice.tax, to_receivable=invoice.total),
                    booked_at=now,
                    invoice_id=invoice_id,
                ),
            )
            await enqueue(session, tenant_id, INVOICE_ENDED, {"invoice_id": str(invoice_id)})
            reach = await BilledRepository(session).first_service(tenant_id, invoice_id)
            await accounts.look_back(tenant_id, reach, now)
            await record(
                session,
                tenant_id,
                actor,
                "invoice.voided",
                "invoice",
                format_id("inv", invoice_id),
                {"total_minor": invoice.total.minor, "reason": reason},
            )
            return ended

    async def _require_untouched(
        self, invoices: InvoiceRepository, invoice: InvoiceSummary
    ) -> None:
        session, tenant_id = invoices.session, invoice.tenant_id
        if invoice.state is InvoiceState.UNCOLLECTIBLE:
            raise InvoiceEnded(number=invoice.number, state=invoice.state.value)
        # What coupons and credits took off is used up, and would not come back.
        settled = invoice.paid + invoice.credited + invoice.applied + invoice.discount
        noted = await NoteRepository(session).of_invoice(tenant_id, invoice.id)
        if settled.minor or noted or invoice.state is InvoiceState.PAID:
            raise InvoiceNotVoidable(number=invoice.number, settled=settled)
        pending = await PaymentRepository(session).pending(tenant_id, invoice.id)
        if pending is not None:
            raise PaymentInProgress(number=invoice.number, provider=pending.provider)
