"""Records how a payment ended: state, postings, invoice and audit entry in one transaction."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.ledger import payment_entries
from billing.domain.records import Payment, PaymentState
from billing.ports import Collection, CollectionState
from billing.repositories.invoices import InvoiceRepository
from billing.repositories.ledger import LedgerRepository
from billing.repositories.payments import PaymentRepository
from control_plane.audit.record import record
from control_plane.kernel.ids import format_id


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
    """Post a successful payment under its unique key, and mark its invoice paid."""
    await LedgerRepository(session).post(
        payment.tenant_id,
        "payment",
        f"payment:{payment.id}",
        payment.invoice_id,
        payment_entries(payment.amount),
        now,
    )
    await InvoiceRepository(session).mark_paid(payment.tenant_id, payment.invoice_id, now)
    await _record(session, payment, actor, "payment.succeeded")


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
