"""What entitlements do by themselves: leases that ran out are taken back, old ones forgotten."""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import text

from control_plane.entitlements.lease_accounts import LeaseAccounts
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.reads import fetch
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork

log = structlog.get_logger()

REQUESTS_KEPT = timedelta(hours=1)
"""How long a repeated lease request is answered as it was."""

LEASES_KEPT = timedelta(days=40)
"""How long a lease that is over can be looked at, and after its period: settling adds them up."""

_MOST_BATCHES = 70

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
# What a holder's older leases reported says how much of its events is new: see lease_settle.
_LEASES = text(
    "DELETE FROM leases WHERE (tenant_id, id) IN (SELECT l.tenant_id, l.id FROM leases AS l "
    "WHERE l.closed_at < coalesce(CAST(:now AS timestamptz), clock_timestamp()) - :kept "
    "AND l.state IN ('closed', 'expired') AND NOT (l.kind = 'lease' AND EXISTS ("
    "SELECT FROM lease_accounts AS a "
    "WHERE (a.tenant_id, a.feature, a.period) = (l.tenant_id, l.feature, l.period) "
    "AND a.period_end >= coalesce(CAST(:now AS timestamptz), clock_timestamp()) - :kept)) "
    "LIMIT :most FOR UPDATE OF l SKIP LOCKED)"
)


@dataclass(frozen=True, slots=True)
class SweepLeases:
    """Takes back what expired on accounts that nobody asks of meanwhile; forgets old answers.

    Whoever does ask takes it back himself, so nothing waits for this.
    """

    work: UnitOfWork
    system: SystemWork
    accounts: LeaseAccounts
    batch: int = 5_000
    name: str = "sweep-leases"
    every_seconds: float = 5.0

    async def run(self) -> int:
        """Sweep, and return how many leases were taken back."""
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
        bound = {"now": self.accounts.now(), "kept": REQUESTS_KEPT, "most": self.batch}
        async with self.system() as session:
            await session.execute(_REQUESTS, bound)
        return swept


@dataclass(frozen=True, slots=True)
class ForgetLeases:
    """Forgets leases `LEASES_KEPT` after they were over, and after their period was.

    Of an account without an end the first alone counts: what a crashed holder lost of it stays
    spent once its older leases are gone. Not every few seconds: leases of a year that runs are
    looked at each time and stay.
    """

    system: SystemWork
    accounts: LeaseAccounts
    batch: int = 50_000
    name: str = "forget-leases"
    every_seconds: float = 3_600.0

    async def run(self) -> int:
        """Forget what may go, and return how many leases that were."""
        bound = {"now": self.accounts.now(), "kept": LEASES_KEPT, "most": self.batch}
        forgotten = 0
        for _ in range(_MOST_BATCHES):
            async with self.system() as session:
                result = await session.execute(_LEASES, bound)
            gone = int(result.rowcount)  # type: ignore[attr-defined] # a cursor's result has it
            forgotten += gone
            if gone < self.batch:
                break
        return forgotten
