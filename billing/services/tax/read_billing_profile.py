"""Use case: show who a customer is on its invoices."""

from dataclasses import dataclass

from billing.domain.tax.parties import BillingProfile
from billing.repositories.tax import TaxRepository
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ReadBillingProfile:
    """Read a customer's billing profile."""

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId) -> BillingProfile | None:
        """Return the profile; None before it was filled in."""
        async with self.work(tenant_id) as session:
            return await TaxRepository(session).profile(tenant_id)
