"""What the books do by themselves: revenue posted by the month, rules checked by the day."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from billing.services.revenue.recognise_revenue import RecogniseRevenue
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork

_BATCH = 200
_DUE = text(
    """
    SELECT a.tenant_id FROM billing_accounts a LEFT JOIN test_clocks c USING (tenant_id)
    WHERE a.revenue_due_at IS NULL OR a.revenue_due_at <= coalesce(c.now_at, :now)
    ORDER BY a.revenue_due_at NULLS FIRST LIMIT :most
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
        """Post until nobody is due, and return the postings made; each tenant is tried once."""
        posted, tried = 0, set[TenantId]()
        while fresh := [t for t in await self._due() if t not in tried]:
            tried.update(fresh)
            for tenant_id in fresh:
                posted += await self.recognise(tenant_id)
        return posted

    async def _due(self) -> list[TenantId]:
        async with self.system() as session:
            rows = await session.scalars(_DUE, {"now": self.clock.now(), "most": _BATCH})
            return [TenantId(row) for row in rows]


@dataclass(frozen=True, slots=True)
class RevenueParticipant:
    """Lets a sandbox earn by its own clock: it stops where a month ends."""

    work: UnitOfWork
    recognise: RecogniseRevenue

    async def next_boundary(self, tenant_id: TenantId, after: datetime) -> datetime | None:
        """Name the end of the month under way; none where nothing was ever billed."""
        due = await self._due_at(tenant_id)
        return due if due is not None and due > after else None

    async def settle(self, tenant_id: TenantId) -> bool:
        """Post what is due; never busy, for nobody waits for postings."""
        async with self.work(tenant_id) as session:
            now = await self.recognise.tenant_clock.now(session, tenant_id)
            due = await session.scalar(_NEXT, {"tenant_id": tenant_id})
            if due is None or due <= now:
                await self.recognise(tenant_id)
        return False

    async def _due_at(self, tenant_id: TenantId) -> datetime | None:
        async with self.work(tenant_id) as session:
            due: datetime | None = await session.scalar(_NEXT, {"tenant_id": tenant_id})
            return due
