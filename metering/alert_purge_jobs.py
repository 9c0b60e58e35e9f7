"""What was told of usage long ago is forgotten."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import text

from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import SystemWork
from control_plane.tenancy.clocks import TenantClock

log = structlog.get_logger()

_MOST_BATCHES = 20

# A period ends at the latest so long after something was told of it; what counts for ever, never.
_OVER = """
    period <> 'ever' AND found_at < :before - CASE split_part(period, ':', 1)
        WHEN 'year' THEN interval '367 days'
        WHEN 'quarter' THEN interval '93 days'
        WHEN 'month' THEN interval '32 days'
        WHEN 'week' THEN interval '8 days'
        ELSE interval '2 days'
    END
"""
_DUE = text(
    "SELECT o.id FROM organisations AS o WHERE EXISTS ("
    "SELECT FROM usage_alerts AS u WHERE u.tenant_id = o.id AND u.found_at < :before)"
)
_FORGET = text(
    f"""
    DELETE FROM usage_alerts WHERE (tenant_id, feature, period, mark) IN (
        SELECT tenant_id, feature, period, mark FROM usage_alerts
        WHERE tenant_id = :tenant_id AND {_OVER} LIMIT :most FOR UPDATE SKIP LOCKED
    )
    """  # noqa: S608 - built from our own text
)


@dataclass(frozen=True, slots=True)
class ForgetAlerts:
    """Forgets what was told, some days after the period that it was told of, in the tenant's time.

    While a period runs, what was told of it stays: it is what keeps it from being told again.
    ``kept_days`` of 0 keeps everything.
    """

    system: SystemWork
    clock: TenantClock
    kept_days: int
    batch: int = 5_000
    name: str = "forget-usage-alerts"
    every_seconds: float = 3_600.0

    async def run(self) -> int:
        """Forget what may go, and return how many alerts that were.

        Raises:
            RuntimeError: it failed for some, so that the job shows as failing; each is in the log.
        """
        if not self.kept_days:
            return 0
        kept, forgotten, failed = timedelta(days=self.kept_days), 0, 0
        real = self.clock.clock.now()
        async with self.system() as session:
            due = [TenantId(row) for row in await session.scalars(_DUE, {"before": real - kept})]
        for tenant_id in due:
            try:
                forgotten += await self._of(tenant_id, real, kept)
            except Exception:
                failed += 1
                log.exception("forgetting_failed", tenant_id=format_id("ten", tenant_id))
        if failed:
            raise RuntimeError(f"alerts of {failed} tenants could not be forgotten; see the log")
        return forgotten

    async def _of(self, tenant_id: TenantId, real: datetime, kept: timedelta) -> int:
        forgotten = 0
        for _ in range(_MOST_BATCHES):
            async with self.system() as session:
                present = min(real, await self.clock.now(session, tenant_id))
                result = await session.execute(
                    _FORGET,
                    {"tenant_id": tenant_id, "before": present - kept, "most": self.batch},
                )
            gone = int(result.rowcount)  # type: ignore[attr-defined] # a cursor's result has it
            forgotten += gone
            if gone < self.batch:
                break
        return forgotten
