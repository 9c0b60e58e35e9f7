"""List a tenant's invoices."""

from dataclasses import dataclass, replace

from billing.domain.records import InvoiceSummary
from billing.repositories.invoices import InvoiceFilter, InvoiceRepository
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork

EVERYTHING = InvoiceFilter()


@dataclass(frozen=True, slots=True)
class ListInvoices:
    """The tenant's invoices, the latest first."""

    work: UnitOfWork

    async def __call__(
        self, tenant_id: TenantId, wanted: InvoiceFilter = EVERYTHING
    ) -> list[InvoiceSummary]:
        """Return a page; pass its last (dated, number) as ``before`` to go on."""
        async with self.work(tenant_id) as session:
            return await InvoiceRepository(session).list(replace(wanted, tenant_id=tenant_id))
