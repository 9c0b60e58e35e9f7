"""What entitlements do by themselves: leases that ran out are taken back."""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import TextClause, text

from control_plane.entitlements.lease_accounts import LeaseAccounts
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.reads import fetch
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork

log = structlog.get_logger()

REQUESTS_KEPT = timedelta(hours=1)
"""How long a repeated lease request is answered as it was."""

LEASES_KEPT = timedelta(days=40)
"""How long a lease that is over can be looked at: a month's are there when it is settled."""

_DUE = text(
    "SELECT DISTINCT tenant_id FROM leases WHERE state = 'open' "
    "AND expires_at <= coalesce(CAST(:now AS timestamptz), clock_timestamp()) "
    "- CASE kind WHEN 'lease' THEN interval '5 s' ELSE '0 s' END LIMIT 1000"
)
_SWEEP = text("SELECT lease_sweep(:tenant_id, :now)")
_REQUESTS = text(
    "DELETE FROM lease_requests WHERE (tenant_id, holder, request_id) IN ("
    "SELECT tenant_id, holder, request_id FROM lease_requests "
    "WHERE made_at < coalesce(CAST(:now AS timestamptz), clock_timestamp()) - :kept "
    "LIMIT :most FOR UPDATE SKIP LOCKED)"
)
_LEASES = text(
    "DELETE FROM leases WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM leases "
    "WHERE closed_at < coalesce(CAST(:now AS timestamptz), clock_timestamp()) - :kept "
    "AND state IN ('closed', 'expired') LIMIT :most FOR UPDATE SKIP LOCKED)"
)


@dataclass(frozen=True, slots=True)
class SweepLeases:
    """Takes back what expired on accounts that nobody asks of meanwhile, and forgets what is over.

    Whoever does ask takes it back himself, so nothing waits for this.
    """

    work: UnitOfWork
    system: SystemWork
    accounts: LeaseAccounts
    batch: int = 5_000
    name: str = "sweep-leases"
    every_seconds: float = 5.0

    async def run(self) -> int:
        """Sweep, and return how many leases were taken back or forgotten."""
        now = self.accounts.now()
        async with self.system() as session:
            due = [TenantId(row) for row in await session.scalars(_DUE, {"now": now})]
        swept = 0
        for tenant_id in due:
            try:
                async with self.work(tenant_id) as session:
                    [(count,)] = await fetch(session, _SWEEP, {"tenant_id": tenant_id, "now": now})
                swept += count
            except Exception:
                log.exception("sweeping_failed", tenant_id=format_id("ten", tenant_id))
        await self._forget(_REQUESTS, REQUESTS_KEPT)
        return swept + await self._forget(_LEASES, LEASES_KEPT)

    async def _forget(self, statement: TextClause, kept: timedelta) -> int:
        bound = {"now": self.accounts.now(), "kept": kept, "most": self.batch}
        async with self.system() as session:
            result = await session.execute(statement, bound)
        return int(result.rowcount)  # type: ignore[attr-defined] # a cursor's result has it
