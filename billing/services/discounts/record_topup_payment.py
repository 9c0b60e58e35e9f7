"""Use case: a top-up's money arrived, or is paid back."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from billing.discounts_desk import Discounts
from billing.domain.assembling import Assembled
from billing.domain.discounts.receipt import (
    document_number,
    prepayment,
    receipt_body,
    series_of,
    taxes_paid,
)
from billing.domain.discounts.records import BONUS, Topup, TopupState, Wallet, granted
from billing.domain.ledger import (
    Account,
    Entry,
    merged,
    payment_entries,
    prepaid_topup_entries,
    prepayment_invoice_entries,
    refund_entries,
)
from billing.domain.tax.parties import PrepaidPolicy
from billing.errors_tax import (
    BalanceNotFound,
    BalanceTooSmall,
    DiscountInvalid,
    TopupAmountDiffers,
    TopupChargePending,
    TopupNotOpen,
    TopupTaxed,
)
from billing.repositories.credits import CreditRepository
from billing.repositories.ledger import Kind, LedgerRepository, Posting
from billing.repositories.topup_charges import TopupChargeRepository
from billing.repositories.wallets import WalletRepository
from billing.tax_desk import TaxDesk
from billing.topup_mail import TopupMail
from control_plane.audit.record import record
from control_plane.kernel.calendar import local_date
from control_plane.kernel.canonical import canonical_json, sha256_hex
from control_plane.kernel.ids import TenantId, format_id, new_id
from control_plane.kernel.money import Money
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import TOPUP_REFUNDED
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.repository import OrganisationRepository

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class RecordTopupPayment:
    """Turn a requested top-up into a balance, with its document, its postings and its bonus."""

    work: UnitOfWork
    tenant_clock: TenantClock
    tax_desk: TaxDesk

    async def __call__(
        self, *, tenant_id: TenantId, topup_id: UUID, amount: Money, reference: str, actor: str
    ) -> Topup:
        """Return the top-up as it is paid. The same reference again changes nothing.

        Raises:
            BalanceNotFound: there is no such top-up.
            TopupAmountDiffers: another amount than was asked for.
            TopupNotOpen: it was paid by another payment, or cancelled.
            TopupChargePending: a card payment of it is under way.
            DiscountInvalid: the reference is empty, or another top-up's.
            TaxRateMissing: it is taxed at once, and no rate is known.
        """
        said = " ".join(reference.split())
        async with self.work(tenant_id) as session:
            repository = WalletRepository(session)
            topup = await repository.lock(tenant_id, topup_id)
            if topup is None:
                raise BalanceNotFound(what="top-up")
            known = await repository.paid_by(tenant_id, said)
            if known == topup_id:
                return topup
            if known is not None or not 1 <= len(said) <= _LONGEST:
                raise DiscountInvalid(what="reference", value=said[:60], field="reference")
            if await TopupChargeRepository(session).pending(tenant_id, topup_id) is not None:
                raise TopupChargePending
            _check(topup, amount)
            return await self._pay(session, tenant_id, topup, said, actor)

    async def refund(
        self, *, tenant_id: TenantId, topup_id: UUID, amount: Money, actor: str
    ) -> None:
        """Pay back what is free of a top-up that no tax was paid with.

        Raises:
            BalanceNotFound: there is no such top-up.
            TopupTaxed: tax was charged with what is left of it.
            BalanceTooSmall: so much is not free.
        """
        async with self.work(tenant_id) as session:
            repository = WalletRepository(session)
            topup = await repository.lock(tenant_id, topup_id)
            if topup is None or amount.currency != topup.amount.currency:
                raise BalanceNotFound(what="top-up")
            if topup.taxes:
                tax = Money.total((row.tax for row in topup.taxes), amount.currency)
                raise TopupTaxed(tax=tax)
            enough = amount.minor > 0
            if not enough or not await repository.refund(tenant_id, topup_id, amount.minor):
                raise BalanceTooSmall(asked=amount, field="amount")
            now = await self.tenant_clock.now(session, tenant_id)
            posting = Posting(
                Kind.REFUND,
                f"topup-refund:{new_id()}",
                refund_entries(amount, Account.PREPAID_LIABILITY),
                now,
                source_id=topup_id,
            )
            await LedgerRepository(session).book(tenant_id, posting)
            await enqueue(session, tenant_id, TOPUP_REFUNDED, {"topup_id": str(topup_id)})
            details = {"amount_minor": amount.minor, "currency": amount.currency.code}
            shown = format_id("top", topup_id)
            await record(session, tenant_id, actor, "topup.refunded", "topup", shown, details)
            await Discounts().top_up_where_low(session, tenant_id, now)

    async def _pay(
        self, session: AsyncSession, tenant_id: TenantId, topup: Topup, reference: str, actor: str
    ) -> Topup:
        now = await self.tenant_clock.now(session, tenant_id)
        organisation = await OrganisationRepository(session).get(tenant_id)
        dated = local_date(now, organisation.zone)
        wallets = await WalletRepository(session).all(tenant_id)
        [wallet] = [wallet for wallet in wallets if wallet.id == topup.wallet_id]
        treatments = await self.tax_desk.treatments(
            session, tenant_id, topup.entity, dated, [wallet.tax_category]
        )
        amounts = prepayment(topup, wallet.tax_category, treatments.get(wallet.tax_category))
        paid = replace(
            topup,
            state=TopupState.PAID,
            reference=reference,
            ended_at=now,
            free=topup.amount,
            taxes=taxes_paid(amounts),
        )
        await self._book(session, tenant_id, paid, amounts, now)
        if paid.bonus.minor:
            await _grant_bonus(session, tenant_id, paid, wallet, now)
        shown = format_id("top", topup.id)
        details = {"amount_minor": topup.amount.minor, "currency": topup.amount.currency.code}
        await record(session, tenant_id, actor, "topup.paid", "topup", shown, details)
        parties = await self.tax_desk.parties(session, tenant_id, topup.entity)
        # The number last: from here to the commit nobody else draws one.
        entity = await self.tax_desk.entity(session, topup.entity)
        series, repository = series_of(topup.policy), WalletRepository(session)
        place = await repository.draw_place(entity.code, series, dated.year)
        paid = replace(paid, number=document_number(entity.prefix, series, dated.year, place))
        body = canonical_json(receipt_body(tenant_id, paid, amounts, parties, dated))
        if not await repository.pay(tenant_id, paid, body=body, sha256=sha256_hex(body)):
            raise TopupNotOpen(state=topup.state.value)
        await TopupMail(session, self.tax_desk.vendor_name).paid(tenant_id, paid)
        return paid

    async def _book(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        topup: Topup,
        amounts: Assembled,
        now: datetime,
    ) -> None:
        posting = Posting(
            Kind.PREPAID_TOPUP,
            f"topup:{topup.id}",
            _entries(topup, amounts),
            now,
            source_id=topup.id,
        )
        await LedgerRepository(session).book(tenant_id, posting)


def _entries(topup: Topup, amounts: Assembled) -> tuple[Entry, ...]:
    if topup.policy is not PrepaidPolicy.TAX_ON_TOPUP:
        return prepaid_topup_entries(topup.amount)
    invoiced = prepayment_invoice_entries(amounts.net, amounts.tax)
    return merged(invoiced, payment_entries(topup.amount))


async def _grant_bonus(
    session: AsyncSession, tenant_id: TenantId, topup: Topup, wallet: Wallet, now: datetime
) -> None:
    grant = granted(
        BONUS,
        f"{BONUS.en}: {wallet.name}",
        topup.bonus,
        now,
        grant_id=new_id(),
        priority=wallet.priority,
        expires_at=topup.expires_at,
        topup_id=topup.id,
    )
    await CreditRepository(session).add(tenant_id, grant)


def _check(topup: Topup, amount: Money) -> None:
    if topup.state is not TopupState.REQUESTED:
        raise TopupNotOpen(state=topup.state.value)
    if amount != topup.amount:
        raise TopupAmountDiffers(amount=topup.amount, paid=amount, field="amount")
