"""What metering does by itself: rolling usage up."""

from dataclasses import dataclass

import structlog
from sqlalchemy import text

from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import SystemWork
from metering.services.roll_usage import RollUsage

log = structlog.get_logger()

_MOST_SECONDS = 20.0

_DUE = text(
    """
    SELECT tenant_id FROM usage_commits
    UNION
    SELECT tenant_id FROM usage_rolling
    WHERE unfinished OR revision <> (SELECT coalesce(max(revision), 0) FROM catalog_revisions)
    LIMIT 1000
    """
)


@dataclass(frozen=True, slots=True)
class RollDueUsage:
    """Finds tenants with usage that is in no rollup yet, and rolls it up."""

    system: SystemWork
    roll: RollUsage
    clock: Clock
    name: str = "roll-usage"
    every_seconds: float = 1.0

    async def run(self) -> int:
        """Roll until nobody is due, or for some seconds, and return how many times it did.

        Everybody has a turn before anybody has a second one; one's failure stops nobody else.

        Raises:
            RuntimeError: it failed for some, so that the job shows as failing; each is in the log.
        """
        started, rolled, failed = self.clock.monotonic(), 0, set[TenantId]()
        waiting = await self._due()
        while waiting and self.clock.monotonic() - started < _MOST_SECONDS:
            again = []
            for tenant_id in waiting:
                try:
                    if await self.roll(tenant_id):
                        again.append(tenant_id)
                    rolled += 1
                except Exception:
                    failed.add(tenant_id)
                    log.exception("rolling_failed", tenant_id=format_id("ten", tenant_id))
            waiting = again
        if failed:
            raise RuntimeError(f"{len(failed)} tenants' usage could not be rolled up; see the log")
        return rolled

    async def _due(self) -> list[TenantId]:
        async with self.system() as session:
            return [TenantId(row) for row in await session.scalars(_DUE)]
