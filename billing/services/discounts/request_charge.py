"""Use case: have a requested top-up charged to the card that is kept, now."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from billing.domain.discounts.records import TopupState
from billing.errors_tax import BalanceNotFound, CardMissing, TopupChargePending, TopupNotOpen
from billing.ports import PaymentProvider
from billing.repositories.accounts import AccountRepository
from billing.repositories.topup_charges import TopupChargeRepository
from billing.repositories.wallets import WalletRepository
from billing.services.discounts.charge_topup import keeps_card
from control_plane.audit.record import record
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class RequestTopupCharge:
    """Soon, not at once: the card is charged after the commit, once whatever is retried."""

    work: UnitOfWork
    tenant_clock: TenantClock
    providers: Mapping[str, PaymentProvider]

    async def __call__(self, *, tenant_id: TenantId, topup_id: UUID, actor: str) -> None:
        """Have a top-up charged that is requested; also again, after a refusal.

        Raises:
            BalanceNotFound: there is no such top-up.
            TopupNotOpen: it was paid or cancelled before.
            TopupChargePending: a charge is under way.
            CardMissing: no card is kept.
        """
        async with self.work(tenant_id) as session:
            topup = await WalletRepository(session).lock(tenant_id, topup_id)
            if topup is None:
                raise BalanceNotFound(what="top-up")
            if topup.state is not TopupState.REQUESTED:
                raise TopupNotOpen(state=topup.state.value)
            charges = TopupChargeRepository(session)
            if await charges.pending(tenant_id, topup_id) is not None:
                raise TopupChargePending
            if not keeps_card(await AccountRepository(session).get(tenant_id), self.providers):
                raise CardMissing
            now = await self.tenant_clock.now(session, tenant_id)
            await charges.due_at(tenant_id, topup_id, now)
            shown = format_id("top", topup_id)
            await record(session, tenant_id, actor, "topup.charge_requested", "topup", shown, {})

    async def card(self, tenant_id: TenantId) -> str | None:
        """Return what people see of the card that is kept; None where there is none."""
        async with self.work(tenant_id) as session:
            account = await AccountRepository(session).get(tenant_id)
        if account is None or not keeps_card(account, self.providers):
            return None
        return account.method_label or account.provider
