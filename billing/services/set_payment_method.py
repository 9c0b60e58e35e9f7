"""Choose how a tenant pays."""

from collections.abc import Mapping
from dataclasses import dataclass

from billing.domain.records import Account
from billing.errors import SandboxPaysNoMoney, UnknownProvider
from billing.ports import PaymentProvider
from billing.repositories.accounts import AccountRepository
from control_plane.audit.record import record
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.repository import OrganisationRepository


@dataclass(frozen=True, slots=True)
class SetPaymentMethod:
    """Pay by a card kept at a provider, or by bank transfer; future invoices follow it."""

    work: UnitOfWork
    tenant_clock: TenantClock
    providers: Mapping[str, PaymentProvider]

    async def __call__(
        self, *, tenant_id: TenantId, provider: str, method: str, actor: str
    ) -> Account:
        """Keep the payment method at the provider, and return the account that pays by it.

        Args:
            tenant_id: who pays.
            provider: ``manual`` (bank transfer; ``method`` is empty) or a provider's name.
            method: what the provider's own form named the card, such as ``pm_…``.
            actor: who chose it.

        Raises:
            UnknownProvider: no such provider is set up.
            SandboxPaysNoMoney: a sandbox asks for a provider of real money.
            PaymentMethodRefused: the provider does not accept it.
            ProviderUnavailable: the provider did not answer; nothing has changed.
        """
        chosen = self.providers.get(provider)
        if chosen is None:
            known = ", ".join(sorted(self.providers))
            raise UnknownProvider(provider=provider, known=known, field="provider")
        async with self.work(tenant_id) as session:
            organisation = await OrganisationRepository(session).get(tenant_id)
            if organisation.sandbox and chosen.real_money:
                raise SandboxPaysNoMoney(provider=provider, field="provider")
            kept = await chosen.attach(tenant_id, organisation.name, method)
            accounts = AccountRepository(session)
            now = await self.tenant_clock.now(session, tenant_id)
            account = await accounts.open(
                tenant_id, "sandbox" if organisation.sandbox else "live", now
            )
            await accounts.pay_by(tenant_id, provider, kept.customer, kept.method, kept.label)
            await record(
                session,
                tenant_id,
                actor,
                "payment_method.changed",
                "billing_account",
                format_id("ten", tenant_id),
                {"provider": provider, "label": kept.label, "before": account.provider},
            )
            return await accounts.get(tenant_id) or account
