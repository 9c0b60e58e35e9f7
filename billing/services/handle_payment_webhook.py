"""Take a payment provider's message."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.records import PaymentState
from billing.errors import PaymentNotFound, UnknownProvider
from billing.ports import PaymentNotice, PaymentProvider
from billing.repositories.payments import PaymentRepository
from billing.settling import settle_collection
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock


class OtherPayments(Protocol):
    """Payments that are of no single invoice, and know what follows from them."""

    async def notice(
        self, session: AsyncSession, notice: PaymentNotice, sender: PaymentProvider
    ) -> PaymentState | None:
        """Bring the attempt up to date and return its state; None where it is none of these."""


@dataclass(frozen=True, slots=True)
class HandlePaymentWebhook:
    """Bring an attempt up to date when its provider says that it moved.

    The message only names the attempt; its state is asked for. So messages may come twice, late
    and out of order.
    """

    work: UnitOfWork
    tenant_clock: TenantClock
    providers: Mapping[str, PaymentProvider]
    others: Sequence[OtherPayments] = ()

    async def __call__(
        self, *, provider: str, payload: bytes, signature: str
    ) -> PaymentState | None:
        """Return the attempt's state; None when the message is about nothing of ours.

        Raises:
            UnknownProvider: no such provider is set up.
            WebhookRejected: the signature does not prove the provider.
            PaymentNotFound: the attempt is not known here.
            ProviderUnavailable: the provider did not answer; it will send the message again.
        """
        sender = self.providers.get(provider)
        if sender is None:
            raise UnknownProvider(provider=provider, known=", ".join(sorted(self.providers)))
        notice = sender.read_webhook(payload, signature)
        if notice is None:
            return None
        async with self.work(notice.tenant_id) as session:
            try:
                payment = await PaymentRepository(session).lock(notice.tenant_id, notice.payment_id)
            except PaymentNotFound:
                for other in self.others:
                    state = await other.notice(session, notice, sender)
                    if state is not None:
                        return state
                raise
            if payment.state is not PaymentState.PENDING or payment.reference is None:
                return payment.state
            found = await sender.find(payment.reference)
            now = await self.tenant_clock.now(session, notice.tenant_id)
            return await settle_collection(
                session, payment, found, actor=f"provider:{provider}", now=now
            )
