"""Asks for the mails that tell of top-ups, in the transaction that brings them about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.discounts.records import Topup
from billing.domain.tax.parties import LegalEntity
from billing.mailing import readers_of
from billing.repositories.tax import TaxRepository
from billing.repositories.wallets import WalletRepository
from control_plane.kernel.calendar import local_date
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import MAIL_REQUESTED
from control_plane.tenancy.repository import OrganisationRepository


@dataclass(frozen=True, slots=True)
class TopupMail:
    """Writes to those who read the organisation's invoices, in its language."""

    session: AsyncSession
    vendor_name: str

    async def invite(self, tenant_id: TenantId, topup: Topup) -> None:
        """Ask for a bank transfer, and say where to."""
        entity = await TaxRepository(self.session).entity(topup.entity)
        told = {"bank": _bank(entity, self.vendor_name)}
        await self._send(tenant_id, topup, "topup_requested", told)

    async def failed(self, tenant_id: TenantId, topup: Topup, reason: str, again: datetime) -> None:
        """Tell that the card was refused, why, and when it is tried again."""
        organisation = await OrganisationRepository(self.session).get(tenant_id)
        day = local_date(again, organisation.zone).isoformat()
        await self._send(tenant_id, topup, "topup_failed", {"failure": reason, "day": day})

    async def paid(self, tenant_id: TenantId, topup: Topup) -> None:
        """Tell that the money arrived, and where its receipt is."""
        await self._send(tenant_id, topup, "topup_paid", {"number": topup.number or ""})

    async def _send(
        self, tenant_id: TenantId, topup: Topup, template: str, told: Mapping[str, str]
    ) -> None:
        organisation = await OrganisationRepository(self.session).get(tenant_id)
        readers = await readers_of(self.session, organisation)
        fields = {
            "topup_id": str(topup.id),
            "reference": format_id("top", topup.id),
            "wallet": await self._wallet(tenant_id, topup.wallet_id),
            "amount": topup.amount.decimal_text(),
            "currency": topup.amount.currency.code,
            "organisation": organisation.name,
            **told,
        }
        for reader in readers:
            payload = {
                "to": reader,
                "template": template,
                "fields": fields,
                "language": organisation.language,
            }
            await enqueue(self.session, tenant_id, MAIL_REQUESTED, payload)

    async def _wallet(self, tenant_id: TenantId, wallet_id: UUID) -> str:
        wallets = await WalletRepository(self.session).all(tenant_id)
        return next(wallet.name for wallet in wallets if wallet.id == wallet_id)


def _bank(entity: LegalEntity, vendor_name: str) -> str:
    """Return whom to pay and where, a line each; the name alone where no account is known."""
    lines = [entity.name or vendor_name]
    if entity.bank is not None:
        lines += [entity.bank.name, entity.bank.iban or entity.bank.account, entity.bank.bic]
    return "\n".join(line for line in lines if line)
