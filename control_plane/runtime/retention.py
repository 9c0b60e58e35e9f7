"""What the runtime keeps, and for how long, in real time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import TextClause, text

from control_plane.kernel.clock import Clock
from control_plane.runtime.unit_of_work import SystemWork

DELIVERED_KEPT = timedelta(days=7)
"""Long enough to look back at a week's deliveries; messages given up are kept until looked at."""

KEYS_KEPT = timedelta(days=30)
"""How long a repeated write still gets its first answer."""

_DELIVERED = text(
    "DELETE FROM outbox WHERE (tenant_id, id) IN ("
    "SELECT tenant_id, id FROM outbox WHERE done_at < :before LIMIT :most FOR UPDATE SKIP LOCKED)"
)
_KEYS = text(
    "DELETE FROM idempotency_keys WHERE (tenant_id, key) IN (SELECT tenant_id, key "
    "FROM idempotency_keys WHERE created_at < :before LIMIT :most FOR UPDATE SKIP LOCKED)"
)


@dataclass(frozen=True, slots=True)
class PurgeDelivered:
    """Deletes delivered messages after seven days, and Idempotency-Keys after thirty.

    In batches, each a transaction of its own: nobody waits for it, and a run that is killed has
    done part of the work. Any number of workers may run it at once.
    """

    system: SystemWork
    clock: Clock
    batch: int = 2_000
    name: str = "purge-delivered"
    every_seconds: float = 3600.0

    async def run(self) -> int:
        """Delete what is over and return how many rows that were."""
        now = self.clock.now()
        delivered = await self._delete(_DELIVERED, now - DELIVERED_KEPT)
        return delivered + await self._delete(_KEYS, now - KEYS_KEPT)

    async def _delete(self, statement: TextClause, before: datetime) -> int:
        deleted, found = 0, self.batch
        while found == self.batch:
            async with self.system() as session:
                result = await session.execute(statement, {"before": before, "most": self.batch})
                found = result.rowcount  # type: ignore[attr-defined] # a cursor's result has it
            deleted += found
        return deleted
