"""Use case: ask for a top-up of a wallet, or take the request back."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.discounts_desk import new_topup
from billing.domain.discounts.records import Topup
from billing.errors_tax import BalanceNotFound, DiscountInvalid, TopupChargePending, TopupNotOpen
from billing.repositories.tax import TaxRepository
from billing.repositories.topup_charges import TopupChargeRepository
from billing.repositories.wallets import WalletRepository
from billing.topup_mail import TopupMail
from control_plane.audit.record import record
from control_plane.kernel.calendar import instant_text
from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class RequestTopup:
    """Ask for money ahead. Nothing can be spent, and nothing is posted, before it is paid."""

    work: UnitOfWork
    tenant_clock: TenantClock
    vendor_name: str = "Tallyard"

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        wallet_id: UUID,
        amount: Money,
        actor: str,
        bonus: Money | None = None,
        expires_at: datetime | None = None,
        invite: bool = False,
    ) -> Topup:
        """Return the request; a ``bonus`` (staff's) becomes promotional credit once it is paid.

        With ``invite`` the customer is asked by mail, because somebody else requested it.

        Raises:
            BalanceNotFound: there is no such wallet.
            DiscountInvalid: an amount is not above zero or of another currency, or it ends at once.
        """
        given = bonus or Money.zero(amount.currency)
        async with self.work(tenant_id) as session:
            repository = WalletRepository(session)
            wallets = {wallet.id: wallet for wallet in await repository.all(tenant_id)}
            if wallet_id not in wallets:
                raise BalanceNotFound(what="wallet")
            wallet = wallets[wallet_id]
            if amount.minor <= 0 or given.minor < 0 or amount.currency != wallet.currency:
                raise DiscountInvalid(what="amount", value=str(amount), field="amount")
            now = await self.tenant_clock.now(session, tenant_id)
            if expires_at is not None and expires_at <= now:
                said = instant_text(expires_at)
                raise DiscountInvalid(what="expires_at", value=said, field="expires_at")
            taxes = TaxRepository(session)
            entity = await taxes.entity(await taxes.entity_code(tenant_id))
            topup = new_topup(
                wallet, amount, given, entity, now, automatic=False, expires_at=expires_at
            )
            await repository.request(tenant_id, topup)
            details = {"amount_minor": amount.minor, "currency": amount.currency.code}
            shown = format_id("top", topup.id)
            await record(session, tenant_id, actor, "topup.requested", "topup", shown, details)
            if invite:
                await TopupMail(session, self.vendor_name).invite(tenant_id, topup)
        return topup

    async def cancel(self, *, tenant_id: TenantId, topup_id: UUID, actor: str) -> None:
        """Take a request back that was not paid.

        Raises:
            BalanceNotFound: there is no such top-up.
            TopupNotOpen: it was paid or cancelled before.
            TopupChargePending: a card payment of it is under way.
        """
        async with self.work(tenant_id) as session:
            repository = WalletRepository(session)
            topup = await repository.lock(tenant_id, topup_id)
            if topup is None:
                raise BalanceNotFound(what="top-up")
            if await TopupChargeRepository(session).pending(tenant_id, topup_id) is not None:
                raise TopupChargePending
            now = await self.tenant_clock.now(session, tenant_id)
            if not await repository.cancel(tenant_id, topup_id, now):
                raise TopupNotOpen(state=topup.state.value)
            shown = format_id("top", topup_id)
            await record(session, tenant_id, actor, "topup.cancelled", "topup", shown, {})
