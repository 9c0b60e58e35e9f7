"""Invoice usage before its period ends, once it passes the tenant's threshold."""

from dataclasses import dataclass

from sqlalchemy import text

from billing.closing import Closing
from billing.domain.records import InvoiceSummary
from billing.repositories.accounts import AccountRepository
from control_plane.kernel.ids import TenantId
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from control_plane.tenancy.repository import OrganisationRepository

_WATCHED = text(
    "SELECT tenant_id FROM billing_accounts "
    "WHERE threshold_minor IS NOT NULL AND parked_at IS NULL ORDER BY tenant_id"
)


@dataclass(frozen=True, slots=True)
class BillThreshold:
    """Progressive invoices: the usage of the open periods so far, less what was invoiced of it.

    The close of the period bills the rest, by the very same difference.
    """

    work: UnitOfWork
    closing: Closing

    async def __call__(self, tenant_id: TenantId) -> tuple[InvoiceSummary, ...]:
        """Issue the invoice if the threshold is passed; nothing otherwise, or while others bill."""
        async with self.work(tenant_id) as session:
            account = await AccountRepository(session).lock(tenant_id, wait=False)
            if account is None or account.parked_reason or account.threshold_minor is None:
                return ()
            organisation = await OrganisationRepository(session).get(tenant_id)
            books = await self.closing.open_books(session, account, organisation)
            # What has ended is billed first, or else it would be billed twice as open.
            if books.upcoming is not None and books.upcoming <= books.now:
                return ()
            found = await self.closing.rater.progress(session, books, books.now)
            lines = found.settled.lines
            if not lines:
                return ()
            total = Money.total((line.amount for line in lines), lines[0].amount.currency)
            if total.minor < account.threshold_minor:
                return ()
            drafts = await self.closing.draft(session, books, found)
            issued = await self.closing.issue(session, books, drafts)
            return issued.invoices


@dataclass(frozen=True, slots=True)
class BillThresholds:
    """Looks at every tenant that has a threshold, again and again."""

    system: SystemWork
    bill: BillThreshold
    name: str = "bill-thresholds"
    every_seconds: float = 60.0

    async def run(self) -> int:
        """Return how many invoices were issued."""
        async with self.system() as session:
            tenants = [TenantId(row) for row in await session.scalars(_WATCHED)]
        return sum([len(await self.bill(tenant_id)) for tenant_id in tenants])
