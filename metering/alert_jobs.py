"""Looks for usage that somebody wants to be told of."""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import text

from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import SystemWork
from metering.services.find_usage_alerts import FindUsageAlerts

log = structlog.get_logger()

AT_MOST_EVERY = timedelta(seconds=30)
"""A tenant whose usage never stops is looked at so often and no more."""

AT_LEAST_EVERY = timedelta(hours=1)
"""A limit may fall without any usage."""

_DUE = text(
    "SELECT tenant_id FROM usage_alert_checks WHERE due AND checked_at <= :busy "
    "OR checked_at <= :quiet ORDER BY checked_at LIMIT 200"
)
_PUT_BACK = text("UPDATE usage_alert_checks SET checked_at = :now WHERE tenant_id = :tenant_id")


@dataclass(frozen=True, slots=True)
class FindDueAlerts:
    """Finds tenants with usage that nobody looked at, and tells them what is to be told.

    Rolling usage up marks its tenant in its own transaction, so none is forgotten.
    """

    system: SystemWork
    find: FindUsageAlerts
    clock: Clock
    name: str = "find-usage-alerts"
    every_seconds: float = 5.0

    async def run(self) -> int:
        """Look at everybody who is due, and return how many alerts were told.

        Raises:
            RuntimeError: it failed for some, so that the job shows as failing; each is in the log.
        """
        now, told, failed = self.clock.now(), 0, 0
        bound = {"busy": now - AT_MOST_EVERY, "quiet": now - AT_LEAST_EVERY}
        async with self.system() as session:
            waiting = [TenantId(row) for row in await session.scalars(_DUE, bound)]
        for tenant_id in waiting:
            try:
                told += await self.find(tenant_id)
            except Exception:
                failed += 1
                log.exception("usage_alerts_failed", tenant_id=format_id("ten", tenant_id))
                async with self.system() as session:  # behind everybody else
                    await session.execute(_PUT_BACK, {"tenant_id": tenant_id, "now": now})
        if failed:
            raise RuntimeError(f"usage of {failed} tenants could not be looked at; see the log")
        return told
