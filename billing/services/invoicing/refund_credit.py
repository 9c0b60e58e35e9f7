"""Pay a customer's credit out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from billing.domain.ledger import Account, refund_entries
from billing.errors import (
    PaymentReferenceInvalid,
)
from billing.errors_documents import (
    CreditBalanceTooLow,
    RefundReferenceUsed,
)
from billing.repositories.accounts import AccountRepository
from billing.repositories.credit import CreditRepository, CreditSource
from billing.repositories.ledger import Kind, LedgerRepository, Posting
from billing.services.record_payment import LONGEST_REFERENCE
from control_plane.audit.record import record
from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class RefundCredit:
    """Record a transfer back to the customer; the oldest credit goes first.

    Credit is only what was paid beyond what is owed, so a refund can never exceed what was paid.
    """

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self, *, tenant_id: TenantId, amount: Money, reference: str, actor: str
    ) -> Money:
        """Take the amount off the credit, and return it; the same reference again, it is done.

        Raises:
            CreditBalanceTooLow: there is less to the customer's credit, or nothing is asked.
            PaymentReferenceInvalid: the reference is empty, too long or not printable.
            RefundReferenceUsed: another amount was refunded under it.
        """
        reference = _reference(reference)
        key = f"refund:{reference}"
        async with self.work(tenant_id) as session:
            await AccountRepository(session).lock(tenant_id)
            credit, code = CreditRepository(session), amount.currency
            known = await credit.of_request(tenant_id, key)
            if known:
                refunded = (-entry.amount for entry in known)
                if Money.total(refunded, known[0].amount.currency) != amount:
                    raise RefundReferenceUsed(reference=reference, field="reference")
                return amount
            sources = await credit.left(tenant_id, code.code, lock=True)
            left = Money.total((source.left for source in sources), code)
            if amount.minor <= 0 or amount > left:
                raise CreditBalanceTooLow(left=left, asked=amount, field="amount")
            now = await self.tenant_clock.now(session, tenant_id)
            for source, taken in _shared_out(amount, sources):
                await credit.refund(tenant_id, source.id, taken, key, reference, now)
            await LedgerRepository(session).book(
                tenant_id,
                Posting(
                    kind=Kind.REFUND,
                    business_key=key,
                    entries=refund_entries(amount, Account.CUSTOMER_CREDIT),
                    booked_at=now,
                ),
            )
            await record(
                session,
                tenant_id,
                actor,
                "credit.refunded",
                "billing_account",
                format_id("ten", tenant_id),
                {"amount_minor": amount.minor, "currency": code.code, "reference": reference},
            )
            return amount


def _reference(text: str) -> str:
    """Return a reference without blanks around it, or refuse it."""
    reference = text.strip()
    if not 1 <= len(reference) <= LONGEST_REFERENCE or not reference.isprintable():
        raise PaymentReferenceInvalid(
            reference=reference, longest=LONGEST_REFERENCE, field="reference"
        )
    return reference


def _shared_out(
    amount: Money, sources: Sequence[CreditSource]
) -> Iterator[tuple[CreditSource, Money]]:
    """Take an amount off sources in their order; the sources hold enough."""
    still = amount
    for source in sources:
        taken = min(still, source.left)
        if taken.minor:
            yield source, taken
            still -= taken
