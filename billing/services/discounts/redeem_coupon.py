"""Use case: redeem a coupon by its code, or give it back."""

from dataclasses import dataclass
from uuid import UUID

from billing.errors_tax import BalanceNotFound, CouponNotFound, CouponRedeemed
from billing.repositories.accounts import AccountRepository
from billing.repositories.coupons import CouponRepository
from control_plane.audit.record import record
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class RedeemCoupon:
    """Give a customer what a coupon takes off; it applies from the next invoice on."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self, *, tenant_id: TenantId, code: str, actor: str, by_staff: bool = False
    ) -> UUID:
        """Return the redemption's id.

        Raises:
            CouponNotFound: no such code, one that staff alone gives, or all are taken.
            CouponRedeemed: the customer had it, and may have it once.
        """
        wanted = code.strip().upper()[:40]
        async with self.work(tenant_id) as session:
            repository = CouponRepository(session)
            offer = await repository.offer(wanted)
            if offer is None or not (offer.by_customer or by_staff):
                raise CouponNotFound(coupon=wanted, field="code")
            now = await self.tenant_clock.now(session, tenant_id)
            # Locked as every change of what the customer's next invoice is made of.
            await AccountRepository(session).lock(tenant_id)
            redeemed = await repository.redeem(tenant_id, offer, now)
            if redeemed is None:
                raise CouponRedeemed(coupon=wanted, field="code")
            if not await repository.count(offer, now):
                raise CouponNotFound(coupon=wanted, field="code")
            shown = format_id("cpr", redeemed)
            await record(
                session, tenant_id, actor, "coupon.redeemed", "coupon", shown, {"code": wanted}
            )
        return redeemed

    async def give_back(self, *, tenant_id: TenantId, redemption_id: UUID, actor: str) -> None:
        """End a redemption: nothing is taken off any more.

        Raises:
            BalanceNotFound: there is none that runs.
        """
        async with self.work(tenant_id) as session:
            now = await self.tenant_clock.now(session, tenant_id)
            if not await CouponRepository(session).give_back(tenant_id, redemption_id, now):
                raise BalanceNotFound(what="coupon")
            shown = format_id("cpr", redemption_id)
            await record(session, tenant_id, actor, "coupon.ended", "coupon", shown, {})
