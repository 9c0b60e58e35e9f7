"""Record a bank transfer."""

from dataclasses import dataclass
from datetime import datetime

from billing.domain.records import InvoiceState, InvoiceSummary, Payment, PaymentState
from billing.errors import (
    InvoiceAlreadyPaid,
    PaymentAmountMismatch,
    PaymentInProgress,
    PaymentReferenceInvalid,
    PaymentReferenceUsed,
)
from billing.errors_documents import (
    InvoiceEnded,
)
from billing.providers.manual import MANUAL
from billing.repositories.invoices import InvoiceRepository
from billing.repositories.payments import PaymentRepository
from billing.settling import book_payment
from control_plane.kernel.ids import InvoiceId, PaymentId, TenantId, new_id
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock

LONGEST_REFERENCE = 140
"""As on a statement: ISO 20022 allows a transfer 140 characters of remittance information."""


@dataclass(frozen=True, slots=True)
class RecordPayment:
    """Book a transfer that arrived. Each is recorded once, by its reference on the statement."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        invoice_id: InvoiceId,
        amount: Money,
        reference: str,
        actor: str,
    ) -> Payment:
        """Pay the invoice or a part of it, and return the payment; again, it is the same one.

        A transfer over what the invoice asked for is taken even where a credit note has lowered it
        since: what is too much is kept to the customer's credit.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
            InvoiceAlreadyPaid: nothing of it is left to be paid.
            InvoiceEnded: it was voided.
            PaymentAmountMismatch: the transfer is of more than is left to be paid, or of nothing.
            PaymentInProgress: a card payment is under way.
            PaymentReferenceInvalid: the reference is empty, too long or not printable.
            PaymentReferenceUsed: the transfer was recorded for another invoice.
        """
        reference = readable_reference(reference)
        async with self.work(tenant_id) as session:
            invoice = await InvoiceRepository(session).lock(tenant_id, invoice_id)
            payments = PaymentRepository(session)
            request_key = f"transfer:{reference}"
            known = await payments.of_request(tenant_id, request_key)
            if known is not None:
                if (known.invoice_id, known.amount) != (invoice_id, amount):
                    raise PaymentReferenceUsed(reference=reference, field="reference")
                return known
            _require_open(invoice, amount)
            now = await self.tenant_clock.now(session, tenant_id)
            pending = await payments.pending(tenant_id, invoice_id)
            if pending is not None:
                raise PaymentInProgress(number=invoice.number, provider=pending.provider)
            payment = _transfer(invoice, amount, reference, now)
            if not await payments.add(payment, request_key):  # recorded elsewhere meanwhile
                raise PaymentReferenceUsed(reference=reference, field="reference")
            await book_payment(session, payment, actor=actor, now=now)
            return payment


def readable_reference(reference: str) -> str:
    """Return a transfer's reference as it is kept.

    Raises:
        PaymentReferenceInvalid: it is empty, too long or not printable.
    """
    text = reference.strip()
    if not 1 <= len(text) <= LONGEST_REFERENCE or not text.isprintable():
        raise PaymentReferenceInvalid(
            reference=reference, longest=LONGEST_REFERENCE, field="reference"
        )
    return text


def _require_open(invoice: InvoiceSummary, amount: Money) -> None:
    if invoice.state is InvoiceState.VOIDED:
        raise InvoiceEnded(number=invoice.number, state=invoice.state.value)
    asked = invoice.due - invoice.paid
    if not asked.minor:
        raise InvoiceAlreadyPaid(number=invoice.number)
    wrong = amount.currency != asked.currency or amount.minor <= 0
    if wrong or amount > asked:
        raise PaymentAmountMismatch(number=invoice.number, open=asked, paid=amount, field="amount")


def _transfer(invoice: InvoiceSummary, amount: Money, reference: str, now: datetime) -> Payment:
    return Payment(
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
