"""Use case: show what a customer holds."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.domain.discounts.records import Grant, Redemption, Topup, TopupState, Wallet
from billing.domain.discounts.recurring import Schedule
from billing.errors_tax import BalanceNotFound
from billing.repositories.coupons import CouponRepository
from billing.repositories.credit_schedules import CreditScheduleRepository
from billing.repositories.credits import CreditRepository
from billing.repositories.wallets import WalletRepository
from control_plane.kernel.ids import TenantId
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class Holdings:
    """Coupons, promotional credits, wallets and their top-ups of one customer.

    ``schedules`` are the credits that come again, ended ones included.
    """

    coupons: tuple[Redemption, ...]
    grants: tuple[Grant, ...]
    wallets: tuple[Wallet, ...]
    topups: tuple[Topup, ...]
    now: datetime
    schedules: tuple[Schedule, ...] = ()

    def free_of(self, wallet: Wallet) -> Money:
        """What a wallet holds now."""
        own = (t for t in self.topups if t.wallet_id == wallet.id and self._lasts(t.expires_at))
        return Money.total((topup.free for topup in own), wallet.currency)

    def requested_of(self, wallet: Wallet) -> tuple[Topup, ...]:
        """The wallet's top-ups that wait for their payment."""
        asked = TopupState.REQUESTED
        return tuple(t for t in self.topups if t.wallet_id == wallet.id and t.state is asked)

    def usable(self, grant: Grant) -> bool:
        """Whether something of a grant can be used now."""
        return bool(grant.free.minor) and self._lasts(grant.expires_at)

    def _lasts(self, expires_at: datetime | None) -> bool:
        return expires_at is None or expires_at > self.now


@dataclass(frozen=True, slots=True)
class ListDiscounts:
    """Read everything that lowers or settles a customer's invoices."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(self, tenant_id: TenantId) -> Holdings:
        """Return it as it is now, by the customer's clock."""
        async with self.work(tenant_id) as session:
            wallets = WalletRepository(session)
            return Holdings(
                coupons=tuple(await CouponRepository(session).held(tenant_id)),
                grants=tuple(await CreditRepository(session).all(tenant_id)),
                wallets=tuple(await wallets.all(tenant_id)),
                topups=tuple(await wallets.topups(tenant_id)),
                schedules=tuple(await CreditScheduleRepository(session).all(tenant_id)),
                now=await self.tenant_clock.now(session, tenant_id),
            )

    async def document(self, tenant_id: TenantId, topup_id: UUID) -> bytes:
        """Return the frozen bytes of a top-up's receipt, or prepayment invoice.

        Raises:
            BalanceNotFound: there is none: the top-up is not paid.
        """
        async with self.work(tenant_id) as session:
            body = await WalletRepository(session).body(tenant_id, topup_id)
        if body is None:
            raise BalanceNotFound(what="top-up")
        return body
