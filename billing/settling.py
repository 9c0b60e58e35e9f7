"""Records how a payment ended: state, postings, invoice and audit entry in one transaction."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.ledger import payment_entries, recovery_entries
from billing.domain.records import InvoiceState, InvoiceSummary, Payment, PaymentState
from billing.ports import Collection, CollectionState
from billing.repositories.credit import CreditRepository
from billing.repositories.invoices import InvoiceRepository
from billing.repositories.ledger import Kind, LedgerRepository, Posting
from billing.repositories.payments import PaymentRepository
from control_plane.audit.record import record
from control_plane.kernel.ids import format_id
from control_plane.kernel.money import Money


class CollectedAmountDiffers(RuntimeError):
    """A provider took another amount than it was asked to."""


async def settle_collection(
    session: AsyncSession, payment: Payment, found: Collection, *, actor: str, now: datetime
) -> PaymentState:
    """Bring a locked attempt to the state the provider reports, and return it.

    An attempt that has ended stays as it is, whatever is reported again.

    Raises:
        CollectedAmountDiffers: the provider took something else than the attempt's amount.
    """
    if payment.state is not PaymentState.PENDING or found.state is CollectionState.PENDING:
        return payment.state
    if found.state is CollectionState.FAILED:
        await PaymentRepository(session).settle(payment, PaymentState.FAILED, found.failure, now)
        await _record(session, payment, actor, "payment.failed")
        return PaymentState.FAILED
    if found.amount != payment.amount:
        raise CollectedAmountDiffers(f"{found.amount} taken for {payment.amount}")
    await PaymentRepository(session).settle(payment, PaymentState.SUCCEEDED, None, now)
    await book_payment(session, payment, actor=actor, now=now)
    return PaymentState.SUCCEEDED


async def book_payment(
    session: AsyncSession, payment: Payment, *, actor: str, now: datetime
) -> None:
    """Post a successful payment under its unique key, and settle its invoice with it.

    A credit note may have lowered the invoice since the payment began: what then exceeds the open
    amount is kept to the customer's credit, and never paid out by itself.
    """
    invoices = InvoiceRepository(session)
    invoice = await invoices.lock(payment.tenant_id, payment.invoice_id)
    settled = min(payment.amount, invoice.unsettled)
    beyond = payment.amount - settled
    await book_settling(
        session,
        invoice,
        settled,
        Posting(
            kind=Kind.PAYMENT,
            business_key=f"payment:{payment.id}",
            entries=payment_entries(payment.amount, to_credit=beyond),
            booked_at=now,
            invoice_id=payment.invoice_id,
            payment_id=payment.id,
        ),
    )
    if settled.minor:
        nothing = Money.zero(settled.currency)
        await invoices.settle(invoice, paid=settled, credited=nothing, at=now)
    if beyond.minor:
        await CreditRepository(session).carry(
            payment.tenant_id,
            UUID(str(payment.id)),
            "overpayment",
            payment.reference or format_id("pay", payment.id),
            beyond,
            now,
        )
    await _record(session, payment, actor, "payment.succeeded")


async def book_settling(
    session: AsyncSession, invoice: InvoiceSummary, settled: Money, posting: Posting
) -> None:
    """Post a payment or a credit note that settles so much of a locked invoice.

    Of an invoice that was written off, so much is no loss any more: it is owed again first.
    """
    ledger = LedgerRepository(session)
    if invoice.state is InvoiceState.UNCOLLECTIBLE and settled.minor:
        _, _, settled_by = posting.business_key.partition(":")
        recovered = replace(
            posting,
            kind=Kind.RECOVERY,
            business_key=f"recovery:{settled_by}",
            entries=recovery_entries(settled),
        )
        await ledger.book(invoice.tenant_id, recovered)
    await ledger.book(invoice.tenant_id, posting)


async def _record(session: AsyncSession, payment: Payment, actor: str, action: str) -> None:
    await record(
        session,
        payment.tenant_id,
        actor,
        action,
        "payment",
        format_id("pay", payment.id),
        {
            "invoice": format_id("inv", payment.invoice_id),
            "provider": payment.provider,
            "amount_minor": payment.amount.minor,
            "currency": payment.amount.currency.code,
        },
    )
