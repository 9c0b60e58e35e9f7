"""List credit notes."""

from dataclasses import dataclass, replace

from billing.domain.records import NoteSummary
from billing.repositories.invoices import InvoiceFilter
from billing.repositories.notes import NoteRepository
from billing.services.list_invoices import EVERYTHING
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import StaffWork, UnitOfWork


@dataclass(frozen=True, slots=True)
class ListCreditNotes:
    """The tenant's credit notes, the latest first."""

    work: UnitOfWork

    async def __call__(
        self, tenant_id: TenantId, wanted: InvoiceFilter = EVERYTHING
    ) -> list[NoteSummary]:
        """Return a page; pass its last (dated, number) as ``before`` to go on."""
        async with self.work(tenant_id) as session:
            return await NoteRepository(session).list(replace(wanted, tenant_id=tenant_id))


@dataclass(frozen=True, slots=True)
class ListAllCreditNotes:
    """The credit notes of every tenant, the latest first. Read-only, for the vendor's staff."""

    staff: StaffWork

    async def __call__(self, wanted: InvoiceFilter = EVERYTHING) -> list[NoteSummary]:
        """Return a page; pass its last (dated, number) as ``before`` to go on."""
        async with self.staff() as session:
            return await NoteRepository(session).list(wanted)
