"""Check a tenant's books, and raise the alarm over what is found."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.ledger import Account
from billing.repositories.revenue import RevenueRepository, Scope
from billing.services.check_books import MOST_PLACES, CheckBooks, Finding
from billing.services.revenue.alarm import Alarm
from billing.services.revenue.recognise_revenue import RecogniseRevenue, posted_revenue
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from metering.stores.rollups.checking import Difference

EVERY = timedelta(days=1)
POSTED_WRONGLY = "posted revenue differs from what the days earned"
ROLLED_WRONGLY = "usage rolled up differs from what its events add up to"
_NEXT = text("UPDATE billing_accounts SET books_due_at = :at WHERE tenant_id = :tenant_id")


@dataclass(frozen=True, slots=True)
class AuditBooks:
    """The daily check of one tenant; what it finds raises the `Alarm`."""

    work: UnitOfWork
    recognise: RecogniseRevenue
    check: CheckBooks
    clock: Clock
    alarm: Alarm = field(default_factory=Alarm)
    check_usage: Callable[[TenantId], Awaitable[Sequence[Difference]]] | None = None

    async def __call__(self, tenant_id: TenantId) -> list[Finding]:
        """Post what is missing of the ended months, check every rule, and return what is broken."""
        async with self.work(tenant_id) as session:
            await self.recognise(tenant_id)
            findings = [*await self.check(tenant_id), *await _misposted(session, tenant_id)]
            findings += await self._misrolled(tenant_id)
            now = self.clock.now()
            await self.alarm(session, tenant_id, findings, now)
            await _later(session, tenant_id, now + EVERY)
            return findings

    async def _misrolled(self, tenant_id: TenantId) -> list[Finding]:
        """Add some of the usage that is rolled up again from its events, other days every time."""
        found = [] if self.check_usage is None else await self.check_usage(tenant_id)
        places = [f"{d.meter} {d.level} {d.start:%Y-%m-%d %H:%M}" for d in found[:MOST_PLACES]]
        return [Finding(ROLLED_WRONGLY, tuple(dict.fromkeys(places)))] if places else []


async def _misposted(session: AsyncSession, tenant_id: TenantId) -> list[Finding]:
    """Hold what was just posted to the other way of reckoning it: in SQL, from the same lines."""
    posted = await posted_revenue(session, tenant_id)
    last = max((month for _, month in posted), default=None)
    if last is None:
        return []
    sums: Counter[tuple[str, Account]] = Counter()
    for (code, _), accounts in posted.items():
        for account, minor in accounts.items():
            sums[code, account] += minor
    earned = await RevenueRepository(session).earned(Scope(tenant_id), last)
    places = [
        f"{last:%Y-%m} {code} {account}"
        for code, account in sorted({*sums, *earned})
        if sums[code, account] != earned.get((code, account), 0)
    ]
    return [Finding(POSTED_WRONGLY, tuple(places))] if places else []


async def _later(session: AsyncSession, tenant_id: TenantId, at: datetime) -> None:
    await session.execute(_NEXT, {"tenant_id": tenant_id, "at": at})
