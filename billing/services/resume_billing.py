"""Let a tenant's halted billing go on."""

from dataclasses import dataclass

from billing.repositories.accounts import AccountRepository
from control_plane.audit.record import record
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.repository import OrganisationRepository


@dataclass(frozen=True, slots=True)
class ResumeBilling:
    """Take the park mark away, after a person has looked at its reason."""

    work: UnitOfWork

    async def __call__(self, *, tenant_id: TenantId, actor: str) -> None:
        """Resume; what fell due meanwhile is closed by the next run, dated right.

        Raises:
            OrganisationNotFound: there is no such tenant.
        """
        async with self.work(tenant_id) as session:
            await OrganisationRepository(session).get(tenant_id)
            await AccountRepository(session).resume(tenant_id)
            await record(
                session,
                tenant_id,
                actor,
                "billing.resumed",
                "billing_account",
                format_id("ten", tenant_id),
            )
