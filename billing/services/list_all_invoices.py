"""List the invoices of all tenants, for finance."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import col

from billing.domain.records import InvoiceSummary
from billing.repositories.invoices import InvoiceFilter, InvoiceRepository
from billing.services.list_invoices import EVERYTHING
from control_plane.runtime.unit_of_work import StaffWork
from control_plane.tenancy.models import OrganisationRow


@dataclass(frozen=True, slots=True)
class CustomerInvoice:
    """An invoice and whose it is."""

    invoice: InvoiceSummary
    customer: str


@dataclass(frozen=True, slots=True)
class ListAllInvoices:
    """The invoices of every tenant, the latest first. Read-only, for the vendor's staff."""

    staff: StaffWork

    async def __call__(self, wanted: InvoiceFilter = EVERYTHING) -> list[CustomerInvoice]:
        """Return a page; pass its last (dated, number) as ``before`` to go on."""
        async with self.staff() as session:
            invoices = await InvoiceRepository(session).list(wanted)
            rows = await session.execute(
                select(col(OrganisationRow.id), col(OrganisationRow.name)).where(
                    col(OrganisationRow.id).in_({i.tenant_id for i in invoices})
                )
            )
            names = {row.id: row.name for row in rows}
        return [CustomerInvoice(i, names[i.tenant_id]) for i in invoices]
