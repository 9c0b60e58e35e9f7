"""What a parent pays of a consolidated invoice: a transfer that finance records, or its card."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.groups.errors import ConsolidatedAlreadyPaid, ConsolidatedAmountMismatch
from billing.domain.groups.records import ConsolidatedInvoice, GroupPayment
from billing.domain.records import PaymentState
from billing.errors import PaymentInProgress, PaymentMethodRefused, PaymentReferenceUsed
from billing.ports import (
    Collection,
    CollectionRequest,
    CollectionState,
    PaymentNotice,
    PaymentProvider,
)
from billing.providers.manual import MANUAL
from billing.repositories.accounts import AccountRepository
from billing.repositories.consolidated import ConsolidatedRepository
from billing.repositories.group_payments import GroupPaymentRepository
from billing.services.groups.consolidate import record_fact
from billing.services.record_payment import readable_reference
from billing.settling import CollectedAmountDiffers
from control_plane.kernel.ids import ConsolidatedInvoiceId, OutboxId, PaymentId, TenantId, new_id
from control_plane.kernel.money import Money
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import CONSOLIDATED_ISSUED, CONSOLIDATED_PAID
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class RecordConsolidatedPayment:
    """Book a transfer by which a parent pays all or a part; its children's invoices follow."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        consolidated_id: ConsolidatedInvoiceId,
        amount: Money,
        reference: str,
        actor: str,
    ) -> ConsolidatedInvoice:
        """Keep the transfer, and return the document as it then stands; again, nothing changes.

        A transfer over what the document asked for is taken even where credit notes have lowered it
        since: what is too much is kept to the parent's credit.

        Raises:
            ConsolidatedInvoiceNotFound: the tenant has none of that id.
            ConsolidatedAlreadyPaid: nothing of it is left to be paid.
            ConsolidatedAmountMismatch: the transfer is of more than it asks for, or of nothing.
            PaymentInProgress: a card payment is under way.
            PaymentReferenceInvalid: the reference is empty, too long or not printable.
            PaymentReferenceUsed: the transfer was recorded for another one, or with another amount.
        """
        reference = readable_reference(reference)
        async with self.work(tenant_id) as session:
            repository, payments = ConsolidatedRepository(session), GroupPaymentRepository(session)
            made = await repository.get(tenant_id, consolidated_id, lock=True)
            request_key = f"transfer:{reference}"
            known = await payments.of_request(tenant_id, request_key)
            if known is not None:
                if (known.consolidated_id, known.amount) != (consolidated_id, amount):
                    raise PaymentReferenceUsed(reference=reference, field="reference")
                return made
            _require_asked(made, amount)
            pending = await payments.pending(made)
            if pending is not None:
                raise PaymentInProgress(number=made.number, provider=pending.provider)
            now = await self.tenant_clock.now(session, tenant_id)
            payment = replace(
                _attempt(made, MANUAL, amount, now),
                state=PaymentState.SUCCEEDED,
                reference=reference,
                settled_at=now,
            )
            await payments.add(payment, request_key)
            await _announce(session, made, payment, actor)
            return await repository.get(tenant_id, consolidated_id)


def _attempt(
    made: ConsolidatedInvoice, provider: str, amount: Money, now: datetime
) -> GroupPayment:
    return GroupPayment(
        tenant_id=made.tenant_id,
        id=PaymentId(new_id()),
        consolidated_id=made.id,
        provider=provider,
        state=PaymentState.PENDING,
        amount=amount,
        kept=Money.zero(amount.currency),
        reference=None,
        failure=None,
        created_at=now,
        settled_at=None,
        spread_at=None,
    )


def _require_asked(made: ConsolidatedInvoice, amount: Money) -> None:
    asked = made.total - made.paid
    if not made.open.minor:
        raise ConsolidatedAlreadyPaid(number=made.number)
    if amount.currency != asked.currency or not 0 < amount.minor <= asked.minor:
        raise ConsolidatedAmountMismatch(
            number=made.number, open=made.open, paid=amount, field="amount"
        )


async def _announce(
    session: AsyncSession, made: ConsolidatedInvoice, payment: GroupPayment, actor: str
) -> None:
    payload = {"consolidated_id": str(made.id)}
    await enqueue(session, made.tenant_id, CONSOLIDATED_PAID, payload)
    await record_fact(session, made, actor, "paid", payment.amount)


@dataclass(frozen=True, slots=True)
class CollectConsolidated:
    """Collect what is open from the parent's card, once, whatever is retried.

    As an invoice is: an attempt is kept under its request's key, then the provider's name for it,
    and only then does money move; see `CollectInvoice`.
    """

    work: UnitOfWork
    tenant_clock: TenantClock
    providers: Mapping[str, PaymentProvider]

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        consolidated_id: ConsolidatedInvoiceId,
        request_key: str,
        actor: str,
    ) -> GroupPayment | None:
        """Return the attempt as it stands; None where nothing is to be collected by a card.

        Raises:
            ConsolidatedInvoiceNotFound: the tenant has none of that id.
            ProviderUnavailable: the provider did not answer; repeat the request.
        """
        payment = await self._attempt(tenant_id, consolidated_id, request_key)
        if payment is None or payment.state is not PaymentState.PENDING:
            return payment
        reference = payment.reference or await self._prepare(payment, actor)
        return None if reference is None else await self._collect(payment, actor)

    async def _attempt(
        self, tenant_id: TenantId, consolidated_id: ConsolidatedInvoiceId, request_key: str
    ) -> GroupPayment | None:
        async with self.work(tenant_id) as session:
            repository, payments = ConsolidatedRepository(session), GroupPaymentRepository(session)
            made = await repository.get(tenant_id, consolidated_id, lock=True)
            known = await payments.of_request(tenant_id, request_key)
            known = known or await payments.pending(made)
            account = await AccountRepository(session).get(tenant_id)
            if known is not None or account is None or not made.open.minor:
                return known
            if not self.providers[account.provider].automatic:
                return None
            now = await self.tenant_clock.now(session, tenant_id)
            payment = _attempt(made, account.provider, made.open, now)
            await payments.add(payment, request_key)
            return payment

    async def _prepare(self, payment: GroupPayment, actor: str) -> str | None:
        """Have the provider name the attempt, and keep the name; None when it refused."""
        async with self.work(payment.tenant_id) as session:
            payments = GroupPaymentRepository(session)
            payment = await payments.lock(payment.tenant_id, payment.id)
            if payment.reference is not None or payment.state is not PaymentState.PENDING:
                return payment.reference
            made = await ConsolidatedRepository(session).get(
                payment.tenant_id, payment.consolidated_id
            )
            account = await AccountRepository(session).get(payment.tenant_id)
            request = CollectionRequest(
                tenant_id=payment.tenant_id,
                payment_id=payment.id,
                amount=payment.amount,
                customer=(account and account.provider_customer) or "",
                method=(account and account.provider_method) or "",
                description=made.number,
            )
            try:
                reference = await self.providers[payment.provider].prepare(request)
            except PaymentMethodRefused as refusal:
                failed = Collection("", CollectionState.FAILED, payment.amount, str(refusal))
                await self.settle(session, payment, failed, actor)
                return None
            await payments.update(payment, reference=reference)
            return reference

    async def _collect(self, payment: GroupPayment, actor: str) -> GroupPayment:
        async with self.work(payment.tenant_id) as session:
            payments = GroupPaymentRepository(session)
            locked = await payments.lock(payment.tenant_id, payment.id)
            if locked.state is PaymentState.PENDING and locked.reference is not None:
                found = await self.providers[locked.provider].collect(locked.reference)
                await self.settle(session, locked, found, actor)
            return await payments.lock(payment.tenant_id, payment.id)

    async def notice(
        self, session: AsyncSession, notice: PaymentNotice, sender: PaymentProvider
    ) -> PaymentState | None:
        """Ask a provider how an attempt stands; None where the notice is about none of these.

        Raises:
            ProviderUnavailable: there was no answer.
        """
        payments = GroupPaymentRepository(session)
        payment = await payments.find(notice.tenant_id, notice.payment_id)
        if payment is None or payment.state is not PaymentState.PENDING:
            return None if payment is None else payment.state
        if payment.reference is None:
            return payment.state
        found = await sender.find(payment.reference)
        return await self.settle(session, payment, found, f"provider:{sender.name}")

    async def settle(
        self, session: AsyncSession, payment: GroupPayment, found: Collection, actor: str
    ) -> PaymentState:
        """Bring a locked attempt to the state the provider reports, and return it.

        Raises:
            CollectedAmountDiffers: the provider took something else than the attempt's amount.
        """
        if payment.state is not PaymentState.PENDING or found.state is CollectionState.PENDING:
            return payment.state
        repository, payments = ConsolidatedRepository(session), GroupPaymentRepository(session)
        made = await repository.get(payment.tenant_id, payment.consolidated_id, lock=True)
        now = await self.tenant_clock.now(session, payment.tenant_id)
        if found.state is CollectionState.FAILED:
            failed = {"state": PaymentState.FAILED.value, "failure": found.failure}
            await payments.update(payment, **failed, settled_at=now)
            await record_fact(session, made, actor, "payment_failed", payment.amount)
            return PaymentState.FAILED
        if found.amount != payment.amount:
            raise CollectedAmountDiffers(f"{found.amount} taken for {payment.amount}")
        await payments.update(payment, state=PaymentState.SUCCEEDED.value, settled_at=now)
        await _announce(session, made, payment, actor)
        return PaymentState.SUCCEEDED


@dataclass(frozen=True, slots=True)
class RequestGroupCollection:
    """Try the parent's card, again after a failure or with another card; soon, not at once."""

    work: UnitOfWork

    async def __call__(
        self, *, tenant_id: TenantId, consolidated_id: ConsolidatedInvoiceId, actor: str
    ) -> None:
        """Have the outbox collect it; a payment under way is not doubled.

        Raises:
            ConsolidatedInvoiceNotFound: the tenant has none of that id.
            ConsolidatedAlreadyPaid: nothing is open on it.
        """
        async with self.work(tenant_id) as session:
            made = await ConsolidatedRepository(session).get(tenant_id, consolidated_id, lock=True)
            if not made.open.minor:
                raise ConsolidatedAlreadyPaid(number=made.number)
            payload = {"consolidated_id": str(consolidated_id)}
            await enqueue(session, tenant_id, CONSOLIDATED_ISSUED, payload)
            await record_fact(session, made, actor, "payment_requested", made.open)


@dataclass(frozen=True, slots=True)
class CollectIssuedConsolidated:
    """The outbox's handler of ``consolidated_invoice.issued``."""

    collect: CollectConsolidated

    async def __call__(
        self, tenant_id: TenantId, payload: dict[str, object], delivery_id: OutboxId
    ) -> None:
        """Collect it; raises, to be delivered again, while the provider is silent."""
        await self.collect(
            tenant_id=tenant_id,
            consolidated_id=ConsolidatedInvoiceId(UUID(str(payload["consolidated_id"]))),
            request_key=f"outbox:{delivery_id}",
            actor="billing",
        )
