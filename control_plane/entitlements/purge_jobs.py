"""Accounts of periods long over are forgotten, with what was leased of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import text

from control_plane.entitlements.domain.grants import CARRIED
from control_plane.entitlements.errors import SnapshotNotPublished
from control_plane.entitlements.grant_repository import GrantRepository
from control_plane.entitlements.lease_accounts import LeaseAccounts
from control_plane.entitlements.services.audit_leases import HELD_TO_LEASES
from control_plane.entitlements.services.take_usage import TRIED_FOR
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork

log = structlog.get_logger()

_SETTLED_FOR_SURE = TRIED_FOR + timedelta(hours=1)
"""Whoever read that a lease waits to be settled has settled it by then, or never will."""

_MOST_BATCHES = 20
"""Batches of one tenant in one run: a backlog delays nobody else."""

_NOW = text("SELECT coalesce(CAST(:now AS timestamptz), clock_timestamp())")
_DUE = text(
    "SELECT o.id FROM organisations AS o WHERE EXISTS ("
    "SELECT FROM lease_accounts AS a WHERE a.tenant_id = o.id AND a.period_end < :before)"
)
_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended('leases:' || :tenant_id, 0))")
# The foreign keys look when all of it is done.
_FORGET = text(
    f"""
    WITH over AS (
        SELECT a.tenant_id, a.feature, a.period FROM lease_accounts AS a {HELD_TO_LEASES}
        WHERE a.tenant_id = :tenant_id AND a.period_end < :before AND w.wrong IS NULL
          AND NOT EXISTS (
              SELECT FROM leases AS l
              WHERE (l.tenant_id, l.feature, l.period) = (a.tenant_id, a.feature, a.period)
                AND (l.state = 'open' OR l.state = 'lost' AND l.drained_at > :waiting)
          )
          AND (
              split_part(a.period, ':', 1) <> ALL(CAST(:carried AS text[]))
              OR NOT EXISTS (
                  SELECT FROM unnest(CAST(:granted AS text[]), CAST(:since AS timestamptz[]))
                      AS g (feature, since)
                  WHERE g.feature = a.feature AND g.since < a.period_end
              )
          )
        ORDER BY a.period_end LIMIT :most
    ),
    leased AS (
        DELETE FROM leases AS l USING over
        WHERE (l.tenant_id, l.feature, l.period) = (over.tenant_id, over.feature, over.period)
    )
    DELETE FROM lease_accounts AS a USING over
    WHERE (a.tenant_id, a.feature, a.period) = (over.tenant_id, over.feature, over.period)
    """  # noqa: S608 - built from our own text
)


@dataclass(frozen=True, slots=True)
class ForgetAccounts:
    """Forgets accounts some days after their period, judged by their tenant's own present.

    Kept is whatever anybody may still need: an account of which something is held, or waits to be
    settled by events; one that does not add up, which `AuditLeases` reports; and all of a feature
    since units were first granted of it that last until they are used, because what is left of them
    follows from what was used. Accounts without an end, such as a rolling window's, stay. An
    account goes in its tenant's turn, as all lease
    operations take turns; ``kept_days`` of 0 keeps everything.
    """

    work: UnitOfWork
    system: SystemWork
    accounts: LeaseAccounts
    kept_days: int
    batch: int = 500
    name: str = "forget-lease-accounts"
    every_seconds: float = 3_600.0

    async def run(self) -> int:
        """Forget what may go, and return how many accounts that were.

        Raises:
            RuntimeError: it failed for some, so that the job shows as failing; each is in the log.
        """
        if not self.kept_days:
            return 0
        async with self.system() as session:
            now = await session.scalar(_NOW, {"now": self.accounts.now()})
            bound = {"before": now - timedelta(days=self.kept_days)}
            due = [TenantId(row) for row in await session.scalars(_DUE, bound)]
        forgotten, failed = 0, 0
        for tenant_id in due:
            try:
                forgotten += await self._of(tenant_id, now)
            except Exception:
                failed += 1
                log.exception("forgetting_failed", tenant_id=format_id("ten", tenant_id))
        if failed:
            raise RuntimeError(f"accounts of {failed} tenants could not be forgotten; see the log")
        return forgotten

    async def _of(self, tenant_id: TenantId, now: datetime) -> int:
        try:
            held = await self.accounts.states.newest(tenant_id)
        except SnapshotNotPublished:
            return 0
        present = min(now, held.present(self.accounts.clock))
        since = await self._granted_since(tenant_id)
        bound = {
            "tenant_id": tenant_id,
            "before": present - timedelta(days=self.kept_days),
            "waiting": now - _SETTLED_FOR_SURE,
            "carried": sorted(CARRIED),
            "granted": list(since),
            "since": list(since.values()),
            "most": self.batch,
        }
        forgotten = 0
        for _ in range(_MOST_BATCHES):
            async with self.system() as session:
                await session.execute(_TURN, {"tenant_id": str(tenant_id)})
                result = await session.execute(_FORGET, bound)
            gone = int(result.rowcount)  # type: ignore[attr-defined] # a cursor's result has it
            forgotten += gone
            if gone < self.batch:
                break
        return forgotten

    async def _granted_since(self, tenant_id: TenantId) -> dict[str, datetime]:
        """Return from when on what was used of a feature is part of what is left of its grants.

        No grant is made that begins in the past, so none made meanwhile needs an older account.
        """
        async with self.work(tenant_id) as session:
            given = await GrantRepository(session).all(tenant_id)
        first: dict[str, datetime] = {}
        for grant in given.grants:
            first[grant.feature] = min(first.get(grant.feature, grant.starts_at), grant.starts_at)
        return first
