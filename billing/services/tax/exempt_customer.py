"""Use case: record and revoke certificates of exemption."""

from dataclasses import dataclass
from uuid import UUID

from billing.domain.tax.sale import Exemption
from billing.errors_tax import BalanceNotFound, ExemptionInvalid, ExemptionKnown
from billing.repositories.tax import TaxRepository
from control_plane.audit.record import record
from control_plane.kernel.calendar import local_date
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.repository import OrganisationRepository

_CODES = {"E", "Z", "O", "G"}
"""What UNCL 5305 calls no tax at all: exempt, zero-rated, out of scope, exported."""
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class ExemptCustomer:
    """Keep what a customer's certificates exempt from tax."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(self, *, tenant_id: TenantId, exemption: Exemption, actor: str) -> UUID:
        """Record a certificate and return the exemption's id.

        Raises:
            ExemptionInvalid: a text, the code or the end is not one that can be kept.
            ExemptionKnown: the certificate is recorded already.
        """
        _check(exemption)
        async with self.work(tenant_id) as session:
            now = await self.tenant_clock.now(session, tenant_id)
            added = await TaxRepository(session).add_exemption(tenant_id, exemption, now)
            if added is None:
                raise ExemptionKnown(certificate=exemption.certificate, field="certificate")
            details = {"certificate": exemption.certificate, "code": exemption.code}
            shown = format_id("txe", added)
            await record(
                session, tenant_id, actor, "exemption.recorded", "exemption", shown, details
            )
        return added

    async def revoke(self, *, tenant_id: TenantId, exemption_id: UUID, actor: str) -> None:
        """End an exemption from today on, a day of the customer's own zone.

        Raises:
            BalanceNotFound: there is none to end.
        """
        async with self.work(tenant_id) as session:
            organisation = await OrganisationRepository(session).get(tenant_id)
            now = await self.tenant_clock.now(session, tenant_id)
            day = local_date(now, organisation.zone)
            if not await TaxRepository(session).revoke_exemption(tenant_id, exemption_id, day):
                raise BalanceNotFound(what="exemption")
            shown = format_id("txe", exemption_id)
            details = {"from": day.isoformat()}
            await record(
                session, tenant_id, actor, "exemption.revoked", "exemption", shown, details
            )

    async def list(self, tenant_id: TenantId) -> list[tuple[UUID, Exemption]]:
        """Return a customer's exemptions with their ids, the earliest first."""
        async with self.work(tenant_id) as session:
            return await TaxRepository(session).exemptions(tenant_id)


def _check(exemption: Exemption) -> None:
    texts = {
        "jurisdiction": exemption.jurisdiction,
        "certificate": exemption.certificate,
        "reason": exemption.reason.en,
        "reason.zh": exemption.reason.zh,
        "category": "all" if exemption.category is None else exemption.category,
    }
    for what, text in texts.items():
        if not 1 <= len(text.strip()) <= _LONGEST:
            _refuse(what, text)
    if exemption.code not in _CODES:
        _refuse("code", exemption.code)
    if exemption.valid_to is not None and exemption.valid_to <= exemption.valid_from:
        _refuse("valid_to", exemption.valid_to.isoformat())


def _refuse(what: str, value: str) -> None:
    raise ExemptionInvalid(what=what, value=value[:60], field=what)
