"""Collect an invoice from the tenant's card."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from billing.domain.records import Payment, PaymentState
from billing.errors import PaymentMethodRefused
from billing.ports import Collection, CollectionRequest, CollectionState, PaymentProvider
from billing.repositories.accounts import AccountRepository
from billing.repositories.invoices import InvoiceRepository
from billing.repositories.payments import PaymentRepository
from billing.settling import settle_collection
from control_plane.kernel.ids import InvoiceId, OutboxId, PaymentId, TenantId, new_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class CollectInvoice:
    """Collect once, whatever is retried, by three transactions with a crash allowed between any.

    An attempt is kept under its request's key; the provider's reference is kept with it before any
    money moves; only then is that reference collected and the outcome recorded. Never call it
    inside an open unit of work, which would make one transaction of the three: `RequestCollection`
    is for that.
    """

    work: UnitOfWork
    tenant_clock: TenantClock
    providers: Mapping[str, PaymentProvider]

    async def __call__(
        self, *, tenant_id: TenantId, invoice_id: InvoiceId, request_key: str, actor: str
    ) -> Payment | None:
        """Return the attempt as it stands; None where nothing is to be collected by a card.

        ``request_key`` names the request: repeated, it goes on with the attempt it made. Another
        request makes a new attempt only when the last one failed.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
            ProviderUnavailable: the provider did not answer; repeat the request.
        """
        payment = await self._attempt(tenant_id, invoice_id, request_key)
        if payment is None or payment.state is not PaymentState.PENDING:
            return payment
        reference = payment.reference or await self._prepare(payment)
        if reference is None:
            return await self._read(payment)
        return await self._collect(payment, actor)

    async def _attempt(
        self, tenant_id: TenantId, invoice_id: InvoiceId, request_key: str
    ) -> Payment | None:
        """Keep an attempt, or return the one that stands."""
        async with self.work(tenant_id) as session:
            payments = PaymentRepository(session)
            invoice = await InvoiceRepository(session).lock(tenant_id, invoice_id)
            known = await payments.of_request(tenant_id, request_key)
            known = known or await payments.pending(tenant_id, invoice_id)
            account = await AccountRepository(session).get(tenant_id)
            if known is not None or account is None:
                return known
            if not invoice.open.minor:
                made = await payments.of_invoice(tenant_id, invoice_id)
                return next((p for p in reversed(made) if p.state is PaymentState.SUCCEEDED), None)
            if not self.providers[account.provider].automatic:
                return None
            payment = Payment(
                tenant_id=tenant_id,
                id=PaymentId(new_id()),
                invoice_id=invoice_id,
                provider=account.provider,
                state=PaymentState.PENDING,
                amount=invoice.open,
                reference=None,
                failure=None,
                created_at=await self.tenant_clock.now(session, tenant_id),
                settled_at=None,
            )
            await payments.add(payment, request_key)
            return payment

    async def _prepare(self, payment: Payment) -> str | None:
        """Have the provider name the attempt, and keep the name; None when it refused."""
        async with self.work(payment.tenant_id) as session:
            payments = PaymentRepository(session)
            payment = await payments.lock(payment.tenant_id, payment.id)
            if payment.reference is not None or payment.state is not PaymentState.PENDING:
                return payment.reference
            invoice = await InvoiceRepository(session).get(payment.invoice_id)
            account = await AccountRepository(session).get(payment.tenant_id)
            request = CollectionRequest(
                tenant_id=payment.tenant_id,
                payment_id=payment.id,
                amount=payment.amount,
                customer=(account and account.provider_customer) or "",
                method=(account and account.provider_method) or "",
                description=invoice.summary.number,
            )
            try:
                reference = await self.providers[payment.provider].prepare(request)
            except PaymentMethodRefused as refusal:
                failed = Collection("", CollectionState.FAILED, payment.amount, str(refusal))
                now = await self.tenant_clock.now(session, payment.tenant_id)
                await settle_collection(session, payment, failed, actor=payment.provider, now=now)
                return None
            await payments.refer(payment, reference)
            return reference

    async def _collect(self, payment: Payment, actor: str) -> Payment:
        """Collect the kept reference; the attempt stays locked, so that one worker does it."""
        async with self.work(payment.tenant_id) as session:
            locked = await PaymentRepository(session).lock(payment.tenant_id, payment.id)
            if locked.state is PaymentState.PENDING and locked.reference is not None:
                found = await self.providers[locked.provider].collect(locked.reference)
                now = await self.tenant_clock.now(session, payment.tenant_id)
                await settle_collection(session, locked, found, actor=actor, now=now)
        return await self._read(payment)

    async def _read(self, payment: Payment) -> Payment:
        async with self.work(payment.tenant_id) as session:
            return await PaymentRepository(session).lock(payment.tenant_id, payment.id)


@dataclass(frozen=True, slots=True)
class CollectIssuedInvoice:
    """The outbox's handler of ``invoice.issued``."""

    collect: CollectInvoice

    async def __call__(
        self, tenant_id: TenantId, payload: dict[str, object], delivery_id: OutboxId
    ) -> None:
        """Collect the invoice; raises, to be delivered again, while the provider is silent."""
        await self.collect(
            tenant_id=tenant_id,
            invoice_id=InvoiceId(UUID(str(payload["invoice_id"]))),
            request_key=f"outbox:{delivery_id}",
            actor="billing",
        )
