"""Mark what was not paid in time."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.records import InvoiceSummary
from billing.events import overdue_event
from billing.mailing import readers_of, reminders
from billing.repositories.invoices import InvoiceRepository
from control_plane.audit.record import record
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.runtime.writes import send
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.repository import OrganisationRepository


@dataclass(frozen=True, slots=True)
class MarkOverdue:
    """An invoice is overdue from the local day after the one it is payable by.

    Whoever is told of a live organisation's invoices is reminded once, as it falls overdue.
    """

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(self, tenant_id: TenantId) -> list[InvoiceSummary]:
        """Mark the tenant's invoices by its own clock, and return those newly marked."""
        async with self.work(tenant_id) as session:
            now = await self.tenant_clock.now(session, tenant_id)
            marked = await InvoiceRepository(session).mark_overdue(tenant_id, now)
            for invoice in marked:
                await record(
                    session,
                    tenant_id,
                    "billing",
                    "invoice.overdue",
                    "invoice",
                    format_id("inv", invoice.id),
                    {"open_minor": invoice.open.minor, "payable_by": str(invoice.payable_by)},
                )
            if marked:
                await _remind(session, tenant_id, marked)
                await send(session, [overdue_event(invoice, now) for invoice in marked])
            return marked


async def _remind(
    session: AsyncSession, tenant_id: TenantId, marked: Sequence[InvoiceSummary]
) -> None:
    organisation = await OrganisationRepository(session).get(tenant_id)
    readers = await readers_of(session, organisation)
    await send(
        session,
        [mail for invoice in marked for mail in reminders(organisation, readers, invoice)],
    )
