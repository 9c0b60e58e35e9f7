"""Publishing where balances of granted units turn: a period's end, an expiry, a recurrence."""

from dataclasses import dataclass

import structlog
from sqlalchemy import text

from control_plane.entitlements.services.publish_snapshot import PublishSnapshot
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import SystemWork

DUE = text(
    """
    (SELECT t.tenant_id, t.next_at FROM feature_turns t WHERE t.next_at <= :now
    AND NOT EXISTS (SELECT FROM test_clocks c WHERE c.tenant_id = t.tenant_id)
    ORDER BY t.next_at LIMIT :most)
    UNION ALL
    (SELECT t.tenant_id, t.next_at FROM test_clocks c CROSS JOIN LATERAL (
        SELECT tenant_id, next_at FROM feature_turns WHERE tenant_id = c.tenant_id
        AND next_at <= c.now_at OFFSET 0) AS t
    ORDER BY t.next_at LIMIT :most)
    ORDER BY next_at LIMIT :most
    """
)
"""Real time looks into the index of what is due, and each test clock at its own tenant: whoever
waits for a later instant is not read.
"""
_BATCH = 200

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TurnGrants:
    """Finds tenants whose balances have turned, and publishes what they may use from there on.

    Until then the last snapshot holds: ahead of a turn it says the least that will be there.
    """

    system: SystemWork
    publish: PublishSnapshot
    clock: Clock
    name: str = "turn-grants"
    every_seconds: float = 1.0

    async def run(self) -> int:
        """Publish until nothing is due, each tenant once a run; return how many that were."""
        tried = set[TenantId]()
        while fresh := [t for t in await self._due(len(tried)) if t not in tried]:
            tried.update(fresh)
            for tenant_id in fresh:
                await self._turn(tenant_id)
        return len(tried)

    async def _turn(self, tenant_id: TenantId) -> None:
        try:
            await self.publish(tenant_id)
        except Exception:
            log.exception("turn_grants_failed", tenant_id=format_id("ten", tenant_id))

    async def _due(self, tried: int) -> list[TenantId]:
        # Those that fail stay due: they must not hide who comes after them.
        async with self.system() as session:
            values = {"now": self.clock.now(), "most": _BATCH + tried}
            return [TenantId(one) for one in await session.scalars(DUE, values)]
