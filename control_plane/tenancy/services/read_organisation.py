"""Read one's own organisation."""

from dataclasses import dataclass

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.domain import Organisation
from control_plane.tenancy.repository import OrganisationRepository


@dataclass(frozen=True, slots=True)
class ReadOrganisation:
    """Read the tenant's name, zone, language, currency and kind."""

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId) -> Organisation:
        """Read the tenant.

        Raises:
            OrganisationNotFound: it does not exist.
        """
        async with self.work(tenant_id) as session:
            return await OrganisationRepository(session).get(tenant_id)
