"""Use case: open a prepaid wallet, or change it."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from billing.discounts_desk import Discounts
from billing.domain.assembling import STANDARD
from billing.domain.discounts.records import HIGHEST_RANK, Wallet
from billing.errors_tax import BalanceNotFound, DiscountInvalid, TaxCategoryNotSold
from billing.repositories.tax import TaxRepository
from billing.repositories.wallets import WalletRepository
from control_plane.audit.record import record
from control_plane.kernel.currency import Currency
from control_plane.kernel.ids import TenantId, format_id, new_id
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.domain import normal_name

_LONGEST = 60


@dataclass(frozen=True, slots=True)
class OpenWallet:
    """Keep prepaid money of a customer: by purpose, each with its place in the burn order."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        name: str,
        currency: Currency,
        actor: str,
        priority: int = 0,
        tax_category: str = "standard",
    ) -> Wallet:
        """Return the new wallet, empty.

        Raises:
            NameInvalid: as named.
            DiscountInvalid: there is one of this name and currency, or its priority is out of
                bounds.
            TaxCategoryNotSold: the tax tables of the company that bills know no such category.
        """
        tidy = normal_name(name, most=_LONGEST)
        if abs(priority) > HIGHEST_RANK:
            raise DiscountInvalid(what="priority", value=str(priority), field="priority")
        async with self.work(tenant_id) as session:
            repository = WalletRepository(session)
            await _check_category(session, tenant_id, tax_category)
            taken = {(w.name, w.currency) for w in await repository.all(tenant_id)}
            if (tidy, currency) in taken:
                raise DiscountInvalid(what="name", value=tidy, field="name")
            wallet = Wallet(new_id(), tidy, currency, priority, tax_category)
            now = await self.tenant_clock.now(session, tenant_id)
            await repository.save(tenant_id, wallet, now)
            shown = format_id("wal", wallet.id)
            details = {"name": tidy, "currency": currency.code}
            await record(session, tenant_id, actor, "wallet.opened", "wallet", shown, details)
        return wallet

    async def automatic(
        self,
        *,
        tenant_id: TenantId,
        wallet_id: UUID,
        below: Money | None,
        amount: Money | None,
        actor: str,
    ) -> Wallet:
        """Have a wallet ask for ``amount`` when it holds less than ``below``; None for neither.

        One that holds less already asks at once.

        Raises:
            BalanceNotFound: there is no such wallet.
            DiscountInvalid: one of the two is missing, not above zero, or of another currency.
        """
        async with self.work(tenant_id) as session:
            repository = WalletRepository(session)
            known = {wallet.id: wallet for wallet in await repository.all(tenant_id)}
            if wallet_id not in known:
                raise BalanceNotFound(what="wallet")
            _check(below, amount, known[wallet_id].currency)
            wallet = replace(known[wallet_id], auto_below=below, auto_amount=amount)
            now = await self.tenant_clock.now(session, tenant_id)
            await repository.save(tenant_id, wallet, now)
            details = {
                "below_minor": None if below is None else below.minor,
                "amount_minor": None if amount is None else amount.minor,
            }
            shown = format_id("wal", wallet_id)
            await record(session, tenant_id, actor, "wallet.automatic", "wallet", shown, details)
            await Discounts().top_up_where_low(session, tenant_id, now)
        return wallet


async def _check_category(session: AsyncSession, tenant_id: TenantId, category: str) -> None:
    """Refuse a category that the entity's jurisdictions, or where it is untaxed any, do not tax."""
    tables = TaxRepository(session)
    entity = await tables.entity(await tables.entity_code(tenant_id))
    seller = entity.seller
    at = None if seller is None else [seller.country, *seller.registrations]
    known = {STANDARD} | {rate.category for rate in await tables.rates(at)}
    if category not in known:
        listed = ", ".join(sorted(known))
        raise TaxCategoryNotSold(
            category=category[:60], entity=entity.code, known=listed, field="tax_category"
        )


def _check(below: Money | None, amount: Money | None, currency: Currency) -> None:
    if (below is None) != (amount is None):
        raise DiscountInvalid(what="amount", value="", field="amount")
    for field, money in (("below", below), ("amount", amount)):
        if money is not None and (money.minor <= 0 or money.currency != currency):
            raise DiscountInvalid(what=field, value=str(money), field=field)
