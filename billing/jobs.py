"""What billing does by itself: closing periods, in real time and on test clocks."""

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

import structlog

from billing.domain.instants import next_instant
from billing.repositories.accounts import AccountRepository, due_tenants
from billing.repositories.invoices import InvoiceRepository, overdue_tenants
from billing.services.close_due import CloseDue
from billing.services.invoicing.bill_threshold import BillThreshold
from billing.services.invoicing.mark_overdue import MarkOverdue
from billing.shelf import Shelf
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from control_plane.subscriptions.repository import SubscriptionRepository

_BATCH = 200

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CloseDuePeriods:
    """Finds tenants with something due, by their own clocks, and closes it."""

    system: SystemWork
    close_due: CloseDue
    clock: Clock
    at_once: int = 3
    name: str = "close-due-periods"
    every_seconds: float = 5.0

    async def run(self) -> int:
        """Close until nothing is due, and return how many invoices were issued.

        A tenant is tried once a run, so that one which others hold, or which fails to move,
        keeps nobody waiting; ``at_once`` are closed side by side. Where one raises, as for a lost
        connection, that is raised when the others are through.
        """
        issued, tried = 0, set[TenantId]()
        while fresh := [t for t in await self._due() if t not in tried]:
            tried.update(fresh)
            waiting = iter(fresh)
            lanes = map(self._close, [waiting] * self.at_once)
            for done in await asyncio.gather(*lanes, return_exceptions=True):
                if isinstance(done, BaseException):
                    raise done
                issued += done
        return issued

    async def _close(self, waiting: Iterator[TenantId]) -> int:
        """Close one waiting tenant after the other, taking turns with others at the same."""
        return sum([len(await self.close_due(tenant_id)) for tenant_id in waiting])

    async def _due(self) -> list[TenantId]:
        async with self.system() as session:
            return await due_tenants(session, self.clock.now(), _BATCH)


@dataclass(frozen=True, slots=True)
class MarkOverdueInvoices:
    """Finds tenants with an invoice that was not paid in time, by their own clocks."""

    system: SystemWork
    mark: MarkOverdue
    clock: Clock
    name: str = "mark-overdue-invoices"
    every_seconds: float = 60.0

    async def run(self) -> int:
        """Mark until nothing is overdue, and return how many invoices were marked.

        Each tenant is tried once a run; one's failure keeps nobody else waiting.

        Raises:
            RuntimeError: it failed for some, so that the job shows as failing; each is in the log.
        """
        marked, failed, tried = 0, 0, set[TenantId]()
        while fresh := await self._due(tried):
            tried.update(fresh)
            for tenant_id in fresh:
                try:
                    marked += len(await self.mark(tenant_id))
                except Exception:
                    failed += 1
                    log.exception("overdue_not_marked", tenant_id=format_id("ten", tenant_id))
        if failed:
            raise RuntimeError(f"{failed} tenants' invoices could not be marked; see the log")
        return marked

    async def _due(self, tried: Collection[TenantId]) -> list[TenantId]:
        async with self.system() as session:
            return await overdue_tenants(session, self.clock.now(), _BATCH, tried)


@dataclass(frozen=True, slots=True)
class BillingParticipant:
    """Stops a test clock wherever an invoice falls due, is issued, or falls overdue.

    It leaves no stop before usage beyond a threshold is invoiced there.
    """

    work: UnitOfWork
    close_due: CloseDue
    mark: MarkOverdue
    threshold: BillThreshold

    @property
    def shelf(self) -> Shelf:
        """The catalogue's versions, kept at hand."""
        return self.close_due.closing.rater.shelf

    async def next_boundary(self, tenant_id: TenantId, after: datetime) -> datetime | None:
        """Name the next instant at which anything happens; only dues while billing is parked."""
        async with self.work(tenant_id) as session:
            overdue = await InvoiceRepository(session).next_overdue(tenant_id, after)
            account = await AccountRepository(session).get(tenant_id)
            found = [overdue]
            if account is not None and account.parked_reason is None:
                timelines = await SubscriptionRepository(session).timelines(tenant_id)
                versions = await self.shelf.versions(session, timelines)
                due = next_instant(timelines, after, versions)
                waiting = next_instant(timelines, after - account.grace, versions)
                found += [due, None if waiting is None else waiting + account.grace]
            return min((at for at in found if at is not None and at > after), default=None)

    async def settle(self, tenant_id: TenantId) -> bool:
        """Issue what is due, and mark what is overdue; busy while there was anything."""
        marked = await self.mark(tenant_id)
        closed = await self.close_due(tenant_id, wait=True)
        return bool(await self.threshold(tenant_id)) or bool(closed) or bool(marked)
