"""Coupons, promotional credits and prepaid money of a customer's invoices.

The caller holds the tenant's account locked; the conditional statements behind `apply` hold even
where nobody does.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from billing.credits_desk import CreditDesk
from billing.domain.assembling import AppliedBalance, Assembled, Balance, Coupon, Credit, Used
from billing.domain.discounts.burning import grants_in_order, topups_in_order
from billing.domain.discounts.records import Grant, Topup, TopupState, Wallet
from billing.domain.tax.parties import LegalEntity
from billing.errors_tax import BalanceTooSmall
from billing.repositories.coupons import CouponRepository
from billing.repositories.credits import CreditRepository
from billing.repositories.holdings import Holdings, holdings
from billing.repositories.tax import TaxRepository
from billing.repositories.wallets import WalletRepository
from control_plane.audit.record import record
from control_plane.catalog.policies import Policies
from control_plane.kernel.currency import Currency
from control_plane.kernel.ids import InvoiceId, TenantId, format_id, new_id
from control_plane.kernel.money import Money

ACTOR = "billing"


@dataclass(frozen=True, slots=True)
class Held:
    """What `assemble` may use for one invoice, each in its order."""

    coupons: tuple[Coupon, ...] = ()
    credits: tuple[Credit, ...] = ()
    balances: tuple[Balance, ...] = ()


@dataclass(frozen=True, slots=True)
class Discounts:
    """Hands out what a customer holds, and writes down what was used of it."""

    async def locked(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        *,
        entity: str,
        currency: Currency,
        at: datetime,
        policies: Policies,
        there_is: Holdings,
    ) -> Held:
        """Return what can be used on an invoice due ``at``, held until the commit.

        ``there_is`` says what there is any of, read within this transaction.
        """
        return await self._held(
            session, tenant_id, entity, currency, at, policies, there_is, lock=True
        )

    async def peek(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        *,
        entity: str,
        currency: Currency,
        at: datetime,
        policies: Policies,
    ) -> Held:
        """Return the same without holding anything, for previews."""
        there_is = await holdings(session, tenant_id, at)
        return await self._held(
            session, tenant_id, entity, currency, at, policies, there_is, lock=False
        )

    async def corrected(
        self, session: AsyncSession, tenant_id: TenantId, invoice_id: InvoiceId, currency: Currency
    ) -> Held:
        """Return what a closed period is re-rated with: the percentage coupons of its invoice.

        Spent fixed coupons and credits are not opened again, and nothing settles it in advance.
        """
        used = await CouponRepository(session).used_on(tenant_id, invoice_id)
        coupons = [u.offer.coupon(u.id, currency) for u in used if u.offer.percent is not None]
        return Held(coupons=tuple(c for c in coupons if c is not None))

    async def apply(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        invoice_id: InvoiceId,
        assembled: Assembled,
        *,
        at: datetime,
        correction: bool = False,
    ) -> None:
        """Write down what an invoice used; a ``correction`` uses up no coupon.

        Raises:
            BalanceTooSmall: something was used by another meanwhile; nothing may be committed.
        """
        if any(used.kind == "credit" for used in assembled.used):
            await CreditDesk(session).bring_up(tenant_id, at)
        for used in assembled.used:
            await self._use(session, tenant_id, invoice_id, used, at, correction=correction)
        prepaid = [applied for applied in assembled.applied if applied.kind == "prepaid"]
        for applied in prepaid:
            await self._spend(session, tenant_id, invoice_id, applied, at)
        if prepaid:
            await self.top_up_where_low(session, tenant_id, at)

    async def top_up_where_low(
        self, session: AsyncSession, tenant_id: TenantId, at: datetime
    ) -> None:
        """Request a top-up of each wallet that fell below its threshold, unless one is open."""
        repository = WalletRepository(session)
        wallets = [w for w in await repository.all(tenant_id) if w.auto_below is not None]
        if not wallets:
            return
        topups = await repository.topups(tenant_id)
        entity = await _entity_of(session, tenant_id)
        for wallet in wallets:
            request = automatic_topup(wallet, topups, entity, at)
            if request is not None and await repository.request(tenant_id, request):
                topup_id, minor = format_id("top", request.id), request.amount.minor
                details = {"amount_minor": minor, "currency": wallet.currency.code}
                await record(
                    session, tenant_id, ACTOR, "topup.requested", "topup", topup_id, details
                )

    async def _held(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        entity: str,
        currency: Currency,
        at: datetime,
        policies: Policies,
        there_is: Holdings,
        *,
        lock: bool,
    ) -> Held:
        order, code = policies.burn_order, currency.code
        coupons: tuple[Coupon, ...] = ()
        if there_is.coupons:
            coupons = await _coupons(session, tenant_id, currency, at, lock=lock)
        grants: list[Grant] = []
        if there_is.credits or there_is.granting:
            grants = await CreditDesk(session).usable(tenant_id, code, at, lock=lock)
        topups: list[Topup] = []
        if there_is.prepaid:
            topups = await WalletRepository(session).usable(tenant_id, entity, code, at, lock=lock)
        return Held(
            coupons=coupons,
            credits=tuple(grant.credit for grant in grants_in_order(grants, order)),
            balances=tuple(balance_of(topup) for topup in topups_in_order(topups, order)),
        )

    async def _use(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        invoice_id: InvoiceId,
        used: Used,
        at: datetime,
        *,
        correction: bool,
    ) -> None:
        coupons = CouponRepository(session)
        if used.kind == "credit":
            done = await CreditRepository(session).spend(
                tenant_id, used.id, invoice_id, used.amount.minor, at
            )
        elif correction:
            await coupons.add_use(tenant_id, used.id, invoice_id, used.amount, at)
            done = True
        else:
            done = await coupons.use(tenant_id, used.id, invoice_id, used.amount, at)
        if not done:
            raise BalanceTooSmall(asked=used.amount)

    async def _spend(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        invoice_id: InvoiceId,
        applied: AppliedBalance,
        at: datetime,
    ) -> None:
        repository = WalletRepository(session)
        topup = await repository.lock(tenant_id, applied.id)
        if topup is None or not await repository.spend(
            tenant_id, topup, applied.amount, applied.taxes, at
        ):
            raise BalanceTooSmall(asked=applied.amount)
        tax = sum(row.tax.minor for row in applied.taxes)
        await repository.add_use(tenant_id, topup.id, invoice_id, applied.amount, tax, at)


def balance_of(topup: Topup) -> Balance:
    """Return a top-up as `assemble` takes it."""
    return Balance(
        id=topup.id,
        kind="prepaid",
        reference=topup.number or "",
        amount=topup.free,
        policy=topup.policy.value,
        taxes=topup.taxes,
    )


def automatic_topup(
    wallet: Wallet, topups: list[Topup], entity: LegalEntity, at: datetime
) -> Topup | None:
    """Return the top-up that a wallet asks for by itself; None while it holds enough."""
    nothing = Money.zero(wallet.currency)
    if wallet.auto_below is None or wallet.auto_amount is None:
        return None
    own = [topup for topup in topups if topup.wallet_id == wallet.id]
    free = [topup.free for topup in own if topup.expires_at is None or topup.expires_at > at]
    if Money.total(free, wallet.currency) >= wallet.auto_below:
        return None
    asked = new_topup(wallet, wallet.auto_amount, nothing, entity, at, automatic=True)
    return replace(asked, charge_due_at=at)


def new_topup(
    wallet: Wallet,
    amount: Money,
    bonus: Money,
    entity: LegalEntity,
    at: datetime,
    *,
    automatic: bool,
    expires_at: datetime | None = None,
) -> Topup:
    """Return a top-up that is asked for, and not paid."""
    nothing = Money.zero(wallet.currency)
    return Topup(
        id=new_id(),
        wallet_id=wallet.id,
        entity=entity.code,
        policy=entity.prepaid_policy,
        automatic=automatic,
        state=TopupState.REQUESTED,
        amount=amount,
        bonus=bonus,
        spent=nothing,
        expired=nothing,
        refunded=nothing,
        free=nothing,
        taxes=(),
        requested_at=at,
        ended_at=None,
        expires_at=expires_at,
        reference=None,
        number=None,
    )


async def _coupons(
    session: AsyncSession, tenant_id: TenantId, currency: Currency, at: datetime, *, lock: bool
) -> tuple[Coupon, ...]:
    repository = CouponRepository(session)
    if lock:
        await repository.lock(tenant_id)
    redeemed = await repository.usable(tenant_id, at)
    coupons = (r.offer.coupon(r.id, currency) for r in redeemed)
    return tuple(c for c in coupons if c is not None)


async def _entity_of(session: AsyncSession, tenant_id: TenantId) -> LegalEntity:
    repository = TaxRepository(session)
    return await repository.entity(await repository.entity_code(tenant_id))
