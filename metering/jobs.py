"""What metering does by itself: rolling usage up, and telling accounts what was used."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import text

from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import SystemWork
from metering.services.push_usage import PushUsage
from metering.services.roll_usage import RollUsage
from metering.services.settle_lost_leases import SettleLostLeases

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
    """Finds tenants with usage that is in no rollup yet, rolls it up, and pushes what was used."""

    system: SystemWork
    roll: RollUsage
    clock: Clock
    push: Callable[[TenantId], Awaitable[int]] | None = None
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
                    if self.push is not None:
                        await self.push(tenant_id)
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


_MOVED = text("SELECT tenant_id FROM usage_stores WHERE store <> 'postgres'")


@dataclass(frozen=True, slots=True)
class PushDueUsage:
    """Pushes what no rolling pushes: usage in another store, and lost leases to be settled."""

    system: SystemWork
    push: PushUsage
    settle: SettleLostLeases
    name: str = "push-usage"
    every_seconds: float = 5.0

    async def run(self) -> int:
        """Push and settle for whoever is due, and return how many accounts were told.

        Raises:
            RuntimeError: it failed for some, so that the job shows as failing; each is in the log.
        """
        async with self.system() as session:
            moved = [TenantId(row) for row in await session.scalars(_MOVED)]
        due: list[tuple[TenantId, PushUsage | SettleLostLeases]]
        due = [(tenant_id, self.push) for tenant_id in moved]
        due += [(tenant_id, self.settle) for tenant_id in await self.settle.sink.waiting()]
        told, failed = 0, set[TenantId]()
        for tenant_id, tell in due:
            try:
                told += await tell(tenant_id)
            except Exception:
                failed.add(tenant_id)
                log.exception("pushing_failed", tenant_id=format_id("ten", tenant_id))
        if failed:
            raise RuntimeError(f"{len(failed)} tenants' usage could not be pushed; see the log")
        return told
