"""Read how one tenant is billed."""

from dataclasses import dataclass

from billing.domain.records import Account
from billing.repositories.accounts import AccountRepository
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.repository import OrganisationRepository


@dataclass(frozen=True, slots=True)
class ReadBillingTerms:
    """The tenant's account, with its policies, grace period and threshold."""

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId) -> Account | None:
        """Return the account; None where nothing was ever billed.

        Raises:
            OrganisationNotFound: there is no such tenant.
        """
        async with self.work(tenant_id) as session:
            await OrganisationRepository(session).get(tenant_id)
            return await AccountRepository(session).get(tenant_id)
