"""What the books do by themselves: revenue posted by the month, rules checked by the day."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import TextClause, text

from billing.services.revenue.audit_books import AuditBooks
from billing.services.revenue.audit_numbers import AuditNumbers
from billing.services.revenue.recognise_revenue import RecogniseRevenue
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork

log = structlog.get_logger()

_BATCH = 200
REVENUE_DUE = text(
    """
    (SELECT tenant_id, revenue_due_at FROM billing_accounts WHERE revenue_due_at IS NULL
    LIMIT :most)
    UNION ALL
    (SELECT a.tenant_id, a.revenue_due_at FROM billing_accounts a
    WHERE a.revenue_due_at <= :now
    AND NOT EXISTS (SELECT FROM test_clocks c WHERE c.tenant_id = a.tenant_id)
    ORDER BY a.revenue_due_at NULLS FIRST LIMIT :most)
    UNION ALL
    (SELECT a.tenant_id, a.revenue_due_at FROM test_clocks c CROSS JOIN LATERAL (
        SELECT tenant_id, revenue_due_at FROM billing_accounts WHERE tenant_id = c.tenant_id
        AND revenue_due_at <= c.now_at OFFSET 0) AS a
    ORDER BY a.revenue_due_at LIMIT :most)
    ORDER BY revenue_due_at NULLS FIRST LIMIT :most
    """
)
"""As `billing.repositories.accounts.DUE`; whoever was never looked at comes first."""
_UNCHECKED = text(
    """
    SELECT tenant_id FROM billing_accounts WHERE books_due_at IS NULL OR books_due_at <= :now
    ORDER BY books_due_at NULLS FIRST LIMIT :most
    """
)
_NEXT = text("SELECT revenue_due_at FROM billing_accounts WHERE tenant_id = :tenant_id")


@dataclass(frozen=True, slots=True)
class RecogniseDueRevenue:
    """Finds the tenants for whom a month has ended, by their own clocks, and posts it."""

    system: SystemWork
    recognise: RecogniseRevenue
    clock: Clock
    name: str = "recognise-revenue"
    every_seconds: float = 60.0

    async def run(self) -> int:
        """Post until nobody is due, and return for how many tenants; each is tried once."""
        return await _each(self.system, REVENUE_DUE, self.clock, self.recognise)


@dataclass(frozen=True, slots=True)
class CheckBooksDaily:
    """Checks every tenant's books once a day, in real time."""

    system: SystemWork
    audit: AuditBooks
    clock: Clock
    name: str = "check-books"
    every_seconds: float = 60.0

    async def run(self) -> int:
        """Check whoever is due, and return how many were."""
        return await _each(self.system, _UNCHECKED, self.clock, self.audit)


@dataclass(frozen=True, slots=True)
class CheckNumbersHourly:
    """Looks for gaps in the numbers of documents, over all tenants."""

    audit: AuditNumbers
    name: str = "check-numbers"
    every_seconds: float = 3_600.0

    async def run(self) -> int:
        """Look, and return how many rules are broken."""
        return await self.audit()


async def _each(
    system: SystemWork,
    due: TextClause,
    clock: Clock,
    use: Callable[[TenantId], Awaitable[object]],
) -> int:
    """Use something on every tenant that a query finds due; one's failure stops nobody else.

    Raises:
        RuntimeError: it failed for some, so that the job shows as failing; each is in the log.
    """
    done, failed, tried = 0, 0, set[TenantId]()
    while fresh := [t for t in await _found(system, due, clock) if t not in tried]:
        tried.update(fresh)
        for tenant_id in fresh:
            try:
                await use(tenant_id)
                done += 1
            except Exception:
                failed += 1
                log.exception("bookkeeping_failed", tenant_id=format_id("ten", tenant_id))
    if failed:
        raise RuntimeError(f"{failed} tenants' books could not be kept; see the log")
    return done


async def _found(system: SystemWork, due: TextClause, clock: Clock) -> list[TenantId]:
    async with system() as session:
        rows = await session.scalars(due, {"now": clock.now(), "most": _BATCH})
        return [TenantId(row) for row in rows]


@dataclass(frozen=True, slots=True)
class RevenueParticipant:
    """Lets a sandbox earn by its own clock: it stops where a month ends."""

    work: UnitOfWork
    recognise: RecogniseRevenue

    async def next_boundary(self, tenant_id: TenantId, after: datetime) -> datetime | None:
        """Name the end of the month under way; none where nothing was ever billed."""
        async with self.work(tenant_id) as session:
            due: datetime | None = await session.scalar(_NEXT, {"tenant_id": tenant_id})
        return due if due is not None and due > after else None

    async def settle(self, tenant_id: TenantId) -> bool:
        """Post what is due; never busy, for nobody waits for postings."""
        async with self.work(tenant_id) as session:
            now = await self.recognise.tenant_clock.now(session, tenant_id)
            account = (await session.execute(_NEXT, {"tenant_id": tenant_id})).one_or_none()
            if account is not None and (account[0] is None or account[0] <= now):
                await self.recognise(tenant_id)
        return False
