"""A parent's payment reaches the books of its children: each invoice once, in a defined order."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.groups.consolidating import in_turn
from billing.domain.groups.records import ConsolidatedInvoice, GroupPayment, SharedInvoice
from billing.domain.ledger import payment_entries
from billing.domain.records import InvoiceState, InvoiceSummary, Payment, PaymentState
from billing.errors import PaymentInProgress
from billing.providers.manual import MANUAL
from billing.repositories.consolidated import ConsolidatedRepository
from billing.repositories.credit import CreditRepository
from billing.repositories.group_payments import GroupPaymentRepository
from billing.repositories.invoices import InvoiceRepository
from billing.repositories.ledger import Kind, LedgerRepository, Posting
from billing.repositories.payments import PaymentRepository
from billing.settling import book_payment
from control_plane.kernel.ids import ConsolidatedInvoiceId, OutboxId, PaymentId, TenantId, new_id
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock

ACTOR = "groups"


@dataclass(frozen=True, slots=True)
class SettleChildren:
    """The outbox's handler of ``consolidated_invoice.paid``.

    What came in settles the invoices by the day they are due, then by number, each as far as it is
    open by then. Every step is a transaction of its own, known by its key: cut short or repeated,
    by however many workers, it goes on where it was. What no invoice needs any more, because one
    was paid or credited meanwhile, is kept to the parent's credit.
    """

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self, tenant_id: TenantId, payload: dict[str, object], delivery_id: OutboxId
    ) -> None:
        """Spread whatever has come in and is not spread yet.

        Raises:
            PaymentInProgress: a child's own card payment is under way; to be delivered again.
        """
        del delivery_id
        wanted = ConsolidatedInvoiceId(UUID(str(payload["consolidated_id"])))
        async with self.work(tenant_id) as session:
            repository = ConsolidatedRepository(session)
            made = await repository.get(tenant_id, wanted)
            invoices = await repository.shared(tenant_id, consolidated_id=wanted)
            payments = await GroupPaymentRepository(session).of(tenant_id, wanted)
        for payment in payments:
            if payment.state is PaymentState.SUCCEEDED and payment.spread_at is None:
                await self._spread(made, payment, in_turn(invoices))

    async def _spread(
        self, made: ConsolidatedInvoice, payment: GroupPayment, invoices: list[SharedInvoice]
    ) -> None:
        async with self.work(payment.tenant_id) as session:
            settled = await GroupPaymentRepository(session).settlements(payment)
        left = payment.amount - Money.total(settled.values(), payment.amount.currency)
        for invoice in invoices:
            if left.minor and invoice.invoice_id not in settled:
                left -= await self._settle(made, payment, invoice, left)
        await self._keep(payment, left)

    async def _settle(
        self, made: ConsolidatedInvoice, payment: GroupPayment, invoice: SharedInvoice, most: Money
    ) -> Money:
        """Settle one invoice in its own books, then note it in the parent's."""
        reference = f"{made.number}/{invoice.number}/{payment.id.hex[-8:]}"
        async with self.work(invoice.child_id) as session:
            now = await self.tenant_clock.now(session, invoice.child_id)
            held = await InvoiceRepository(session).lock(invoice.child_id, invoice.invoice_id)
            known = await PaymentRepository(session).of_request(
                invoice.child_id, f"group:{payment.id}:{invoice.invoice_id}"
            )
            if known is None:
                known = await _own_payment(session, held, payment, reference, most, now)
            left = (await InvoiceRepository(session).summary(invoice.invoice_id)).open
        paid = Money.zero(most.currency) if known is None else known.amount
        async with self.work(payment.tenant_id) as session:
            now = await self.tenant_clock.now(session, payment.tenant_id)
            repository = ConsolidatedRepository(session)
            await repository.follow(payment.tenant_id, invoice.invoice_id, left)
            if paid.minor:
                payments = GroupPaymentRepository(session)
                await payments.settled(payment, invoice.invoice_id, paid, now)
        return paid

    async def _keep(self, payment: GroupPayment, left: Money) -> None:
        """End the spreading; what is left over stands to the parent's credit."""
        tenant_id = payment.tenant_id
        async with self.work(tenant_id) as session:
            payments = GroupPaymentRepository(session)
            if (await payments.lock(tenant_id, payment.id)).spread_at is not None:
                return
            now = await self.tenant_clock.now(session, tenant_id)
            await payments.update(payment, spread_at=now, kept_minor=left.minor)
            if not left.minor:
                return
            source = UUID(str(payment.id))
            reference = payment.reference or ""
            await CreditRepository(session).carry(
                tenant_id, source, "overpayment", reference, left, now
            )
            await LedgerRepository(session).book(
                tenant_id,
                Posting(
                    kind=Kind.PAYMENT,
                    business_key=f"group_payment:{payment.id}",
                    entries=payment_entries(left, to_credit=left),
                    booked_at=now,
                    source_id=source,
                ),
            )


async def _own_payment(
    session: AsyncSession,
    invoice: InvoiceSummary,
    of: GroupPayment,
    reference: str,
    most: Money,
    now: datetime,
) -> Payment | None:
    """Book the child's part as a payment of its own; None where nothing is to be settled."""
    amount = min(most, invoice.unsettled)
    if invoice.state is InvoiceState.VOIDED or not amount.minor:
        return None
    payments = PaymentRepository(session)
    pending = await payments.pending(invoice.tenant_id, invoice.id)
    if pending is not None:
        raise PaymentInProgress(number=invoice.number, provider=pending.provider)
    payment = Payment(
        tenant_id=invoice.tenant_id,
        id=PaymentId(new_id()),
        invoice_id=invoice.id,
        provider=MANUAL,
        state=PaymentState.SUCCEEDED,
        amount=amount,
        reference=reference,
        failure=None,
        created_at=now,
        settled_at=now,
    )
    await payments.add(payment, f"group:{of.id}:{invoice.id}")
    await book_payment(session, payment, actor=ACTOR, now=now)
    return payment
