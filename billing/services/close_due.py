"""Close what is due of one tenant."""

from dataclasses import dataclass

from billing.closing import Closing
from billing.domain.records import InvoiceSummary
from billing.issuing import NOTHING, Issued
from billing.parking import parked_on_failure
from billing.repositories.accounts import AccountRepository
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class CloseDue:
    """Issue everything of a tenant that is due, each instant in a transaction of its own.

    May run any number of times, at once or after any outage: a document comes once, dated by its
    due instant. Whoever comes second passes over a tenant that somebody else is closing.
    """

    work: UnitOfWork
    closing: Closing

    async def __call__(self, tenant_id: TenantId, *, wait: bool = False) -> list[InvoiceSummary]:
        """Return the invoices issued, the earliest first; ``wait`` for whoever is at it.

        Credit notes are issued alike.

        A failure that would repeat parks the tenant with its reason, so that it stops nobody
        else; a lost connection is raised, to be tried again.
        """
        issued: list[InvoiceSummary] = []
        more = True
        async with parked_on_failure(self.work, self.closing.tenant_clock, tenant_id):
            while more:
                step, more = await self._step(tenant_id, wait=wait)
                issued.extend(step.invoices)
        return issued

    async def _step(self, tenant_id: TenantId, *, wait: bool) -> tuple[Issued, bool]:
        """Close the earliest due instant, and tell whether more is due."""
        async with self.work(tenant_id) as session:
            account = await AccountRepository(session).lock(tenant_id, wait=wait)
            if account is None or account.parked_reason or account.next_due_at is None:
                return NOTHING, False
            books = await self.closing.open_books(session, account)
            if account.next_due_at > books.now:
                return NOTHING, False
            books, issued = await self.closing.close(session, books, most=1)
            upcoming = books.account.next_due_at
            return issued, upcoming is not None and upcoming <= books.now
