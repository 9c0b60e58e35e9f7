"""Invoice usage before its period ends, once it passes the tenant's threshold."""

from collections import Counter
from dataclasses import dataclass, replace

from sqlalchemy import text

from billing.closing import Closing
from billing.domain.converge import Settled
from billing.domain.records import InvoiceSummary
from billing.each_tenant import each_tenant
from billing.parking import parked_on_failure
from billing.repositories.accounts import AccountRepository
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork

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
        """Issue the invoice if the threshold is passed; nothing otherwise, or while others bill.

        In each currency by itself, dated when it is seen. A failure that would repeat parks the
        tenant.
        """
        issued: list[InvoiceSummary] = []
        async with parked_on_failure(self.work, self.closing.tenant_clock, tenant_id):
            issued += await self._bill(tenant_id)
        return tuple(issued)

    async def _bill(self, tenant_id: TenantId) -> tuple[InvoiceSummary, ...]:
        async with self.work(tenant_id) as session:
            account = await AccountRepository(session).lock(tenant_id, wait=False)
            if account is None or account.parked_reason or account.threshold_minor is None:
                return ()
            books = await self.closing.open_books(session, account)
            # What has ended is billed first, or else it would be billed twice as open.
            if books.upcoming is not None and books.upcoming <= books.now:
                return ()
            found = await self.closing.rater.progress(session, books, books.now)
            settled = _passing(found.settled, account.threshold_minor)
            if not settled.lines:
                return ()
            found = replace(found, settled=settled)
            drafts = await self.closing.draft(session, books, found)
            issued = await self.closing.issue(session, books, drafts)
            # Whatever else is invoiced at this instant comes after it, as a part of its own.
            await self.closing.remember(session, books.closed_at(books.now))
            return issued.invoices


def _passing(settled: Settled, threshold_minor: int) -> Settled:
    """Leave only the lines of currencies in which they come to the threshold; nothing is cut.

    What usage so far is less than was billed of it (a peak may be, or a refund) may grow again:
    only the close gives it back.
    """
    sums: Counter[str] = Counter()
    for line in settled.lines:
        sums[line.amount.currency.code] += line.amount.minor
    lines = tuple(x for x in settled.lines if sums[x.amount.currency.code] >= threshold_minor)
    return replace(settled, lines=lines, cuts=())


@dataclass(frozen=True, slots=True)
class BillThresholds:
    """Looks at every tenant that has a threshold, again and again."""

    system: SystemWork
    bill: BillThreshold
    name: str = "bill-thresholds"
    every_seconds: float = 60.0

    async def run(self) -> int:
        """Return how many invoices were issued.

        Raises:
            TenantsFailed: the connection was lost for some tenants; the others were looked at.
        """
        async with self.system() as session:
            tenants = [TenantId(row) for row in await session.scalars(_WATCHED)]
        return await each_tenant(self.name, tenants, self._issued)

    async def _issued(self, tenant_id: TenantId) -> int:
        return len(await self.bill(tenant_id))
