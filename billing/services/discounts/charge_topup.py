"""Charge a requested top-up to the customer's card; without one, ask for a transfer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.discounts.records import Topup, TopupCharge, TopupState
from billing.domain.records import Account, PaymentState
from billing.errors import PaymentMethodRefused
from billing.ports import (
    Collection,
    CollectionRequest,
    CollectionState,
    PaymentNotice,
    PaymentProvider,
)
from billing.repositories.accounts import AccountRepository
from billing.repositories.topup_charges import TopupChargeRepository
from billing.repositories.wallets import WalletRepository
from billing.services.discounts.record_topup_payment import RecordTopupPayment
from billing.settling import CollectedAmountDiffers
from billing.topup_mail import TopupMail
from control_plane.audit.record import record
from control_plane.kernel.ids import PaymentId, TenantId, format_id, new_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock

RETRIES = (timedelta(days=1), timedelta(days=2), timedelta(days=4))
"""How long after each refusal an automatic top-up is tried again; then a transfer is asked for."""


def keeps_card(account: Account | None, providers: Mapping[str, PaymentProvider]) -> bool:
    """Tell whether an account pays by a card that is kept at a provider."""
    provider = None if account is None else providers.get(account.provider)
    return provider is not None and provider.automatic


@dataclass(frozen=True, slots=True)
class ChargeTopup:
    """Take a top-up's amount once, by three transactions with a crash allowed between any.

    As an invoice is collected (ADR 10): the attempt is kept, the provider's name for it is kept
    before any money moves, and only then is it collected. While an attempt is under way there is
    no other, and no transfer is recorded. Never call it inside an open unit of work.
    """

    work: UnitOfWork
    tenant_clock: TenantClock
    providers: Mapping[str, PaymentProvider]
    receive: RecordTopupPayment

    async def __call__(self, tenant_id: TenantId, topup_id: UUID) -> bool:
        """Go on with what is due of a top-up, and tell whether anything moved.

        Raises:
            ProviderUnavailable: there was no answer; whoever asks again goes on from there.
        """
        charge, moved = await self._attempt(tenant_id, topup_id)
        if charge is None:
            return moved
        if charge.reference is None and not await self._prepare(charge):
            return True
        async with self.work(tenant_id) as session:
            topup, charge = await self._locked(session, charge)
            if charge.state is not PaymentState.PENDING or charge.reference is None:
                return False
            found = await self.providers[charge.provider].collect(charge.reference)
            return await self._settle(session, topup, charge, found, charge.provider)

    async def notice(
        self, session: AsyncSession, notice: PaymentNotice, sender: PaymentProvider
    ) -> PaymentState | None:
        """Ask the provider how an attempt stands, because it said that it moved.

        Return its state; None where there is no attempt of this id.

        Raises:
            ProviderUnavailable: there was no answer.
        """
        charges = TopupChargeRepository(session)
        known = await charges.get(notice.tenant_id, notice.payment_id)
        if known is None:
            return None
        topup, charge = await self._locked(session, known)
        if charge.state is PaymentState.PENDING and charge.reference is not None:
            found = await sender.find(charge.reference)
            await self._settle(session, topup, charge, found, f"provider:{sender.name}")
        settled = await charges.get(notice.tenant_id, notice.payment_id)
        return None if settled is None else settled.state

    async def _attempt(
        self, tenant_id: TenantId, topup_id: UUID
    ) -> tuple[TopupCharge | None, bool]:
        """Keep an attempt, or return the one under way; without a card, ask for a transfer."""
        async with self.work(tenant_id) as session:
            charges = TopupChargeRepository(session)
            topup = await WalletRepository(session).lock(tenant_id, topup_id)
            if topup is None or topup.state is not TopupState.REQUESTED:
                return None, False
            under_way = await charges.pending(tenant_id, topup_id)
            now = await self.tenant_clock.now(session, tenant_id)
            if under_way is not None or topup.charge_due_at is None or topup.charge_due_at > now:
                return under_way, False
            account = await AccountRepository(session).get(tenant_id)
            if account is None or not keeps_card(account, self.providers):
                await charges.due_at(tenant_id, topup_id, None, topup.charge_failure)
                await self._mail(session).invite(tenant_id, topup)
                return None, True
            charge = TopupCharge(
                tenant_id=tenant_id,
                id=PaymentId(new_id()),
                topup_id=topup_id,
                attempt=len(await charges.of_topup(tenant_id, topup_id)) + 1,
                provider=account.provider,
                state=PaymentState.PENDING,
                amount=topup.amount,
                reference=None,
                failure=None,
                created_at=now,
            )
            await charges.add(charge)
            return charge, True

    async def _prepare(self, charge: TopupCharge) -> bool:
        """Have the provider name the attempt, and keep the name; False when it refused."""
        async with self.work(charge.tenant_id) as session:
            topup, charge = await self._locked(session, charge)
            if charge.reference is not None or charge.state is not PaymentState.PENDING:
                return charge.reference is not None
            account = await AccountRepository(session).get(charge.tenant_id)
            request = CollectionRequest(
                tenant_id=charge.tenant_id,
                payment_id=charge.id,
                amount=charge.amount,
                customer=(account and account.provider_customer) or "",
                method=(account and account.provider_method) or "",
                description=format_id("top", charge.topup_id),
            )
            try:
                reference = await self.providers[charge.provider].prepare(request)
            except PaymentMethodRefused as refusal:
                failed = Collection("", CollectionState.FAILED, charge.amount, str(refusal))
                await self._settle(session, topup, charge, failed, charge.provider)
                return False
            await TopupChargeRepository(session).refer(charge, reference)
            return True

    async def _locked(
        self, session: AsyncSession, charge: TopupCharge
    ) -> tuple[Topup, TopupCharge]:
        """Read both again behind the top-up's lock, by which all that happens to it queues up."""
        topup = await WalletRepository(session).lock(charge.tenant_id, charge.topup_id)
        again = await TopupChargeRepository(session).get(charge.tenant_id, charge.id)
        if topup is None or again is None:
            raise LookupError(f"charge {charge.id} is gone")
        return topup, again

    async def _settle(
        self,
        session: AsyncSession,
        topup: Topup,
        charge: TopupCharge,
        found: Collection,
        actor: str,
    ) -> bool:
        """Bring an attempt to the state that the provider reports; False while it is undecided."""
        if found.state is CollectionState.PENDING:
            return False
        charges, tenant_id = TopupChargeRepository(session), charge.tenant_id
        now = await self.tenant_clock.now(session, tenant_id)
        if found.state is CollectionState.FAILED:
            await charges.settle(charge, PaymentState.FAILED, found.failure, now)
            await self._failed(session, topup, charge, found.failure or "")
            return True
        if found.amount != charge.amount:
            raise CollectedAmountDiffers(f"{found.amount} taken for {charge.amount}")
        await charges.settle(charge, PaymentState.SUCCEEDED, None, now)
        await self.receive(
            tenant_id=tenant_id,
            topup_id=topup.id,
            amount=charge.amount,
            reference=charge.reference or str(charge.id),
            actor=actor,
        )
        return True

    async def _failed(
        self, session: AsyncSession, topup: Topup, charge: TopupCharge, reason: str
    ) -> None:
        """Say when it is tried again, and tell; who asked by hand is told by the page."""
        tenant_id = charge.tenant_id
        retries = RETRIES if topup.automatic else ()
        now = await self.tenant_clock.now(session, tenant_id)
        again = now + retries[charge.attempt - 1] if charge.attempt <= len(retries) else None
        await TopupChargeRepository(session).due_at(tenant_id, topup.id, again, reason)
        details = {"attempt": charge.attempt, "provider": charge.provider, "reason": reason[:200]}
        shown = format_id("top", topup.id)
        await record(session, tenant_id, "billing", "topup.refused", "topup", shown, details)
        if again is not None:
            await self._mail(session).failed(tenant_id, topup, reason, again)
        elif topup.automatic:
            await self._mail(session).invite(tenant_id, topup)

    def _mail(self, session: AsyncSession) -> TopupMail:
        return TopupMail(session, self.receive.tax_desk.vendor_name)
