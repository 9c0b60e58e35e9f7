"""Takes away what inserts left that never came to their end."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import SystemWork, set_tenant
from metering.stores.clickhouse.client import ClickHouse
from metering.stores.clickhouse.schema import TABLES

GRACE = timedelta(days=1)
"""How long a failed insert stays registered: far longer than its last rows may be under way."""

# A transaction that is over and has not taken its entry along has failed. Both are read from one
# snapshot, so that one that commits meanwhile is seen whole or not at all.
_VOID = text(
    """
    UPDATE usage_inserts SET void_since = clock_timestamp()
    WHERE void_since IS NULL AND pg_visible_in_snapshot(recorded, pg_current_snapshot())
    RETURNING tenant_id, seq
    """
)
_OVER = text(
    """
    SELECT tenant_id, seq FROM usage_inserts
    WHERE void_since < clock_timestamp() - CAST(:grace AS interval) LIMIT 1000
    """
)
_FORGET = text("DELETE FROM usage_inserts WHERE tenant_id = :tenant_id AND seq = ANY(:numbers)")


@dataclass(frozen=True, slots=True)
class SweepInserts:
    """Marks failed inserts as void, removes their rows, and forgets them a day later.

    Their rows count for nobody from the start: this only tidies up, and may come at any time,
    twice, or never. Rows are removed again before an entry goes, should some have come late.
    """

    system: SystemWork
    clickhouse: ClickHouse
    grace: timedelta = GRACE
    name: str = "sweep-usage-inserts"
    every_seconds: float = 60.0

    async def run(self) -> int:
        """Return how many inserts were made void or forgotten."""
        async with self.system() as session:
            void = _by_tenant((await session.execute(_VOID)).all())
        for tenant_id, numbers in void.items():
            await self._remove(tenant_id, numbers)
        async with self.system() as session:
            over = _by_tenant((await session.execute(_OVER, {"grace": self.grace})).all())
        for tenant_id, numbers in over.items():
            await self._remove(tenant_id, numbers)
            async with self.system() as session:
                await set_tenant(session, tenant_id)
                await session.execute(_FORGET, {"tenant_id": tenant_id, "numbers": numbers})
        return sum(map(len, [*void.values(), *over.values()]))

    async def _remove(self, tenant_id: TenantId, numbers: Sequence[int]) -> None:
        for table in TABLES:
            await self.clickhouse.run(
                f"DELETE FROM {table} WHERE tenant_id = %(tenant_id)s "  # noqa: S608 - our names
                "AND insertion IN %(numbers)s",
                {"tenant_id": tenant_id, "numbers": list(numbers)},
            )


def _by_tenant(rows: Iterable[Any]) -> Mapping[TenantId, list[int]]:
    found: defaultdict[TenantId, list[int]] = defaultdict(list)
    for tenant_id, number in rows:
        found[tenant_id].append(number)
    return found
