"""The months that events lie in, in ClickHouse, and how what is no longer kept goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from control_plane.kernel.ids import TenantId
from metering.domain.retention import UsageMonth, month_of
from metering.stores.clickhouse.client import ClickHouse
from metering.stores.clickhouse.schema import MONTH, make_tables, microseconds

_MONTHS = """
    SELECT toUInt32(partition), sum(bytes_on_disk) FROM system.parts
    WHERE database = currentDatabase() AND table = 'usage_events' AND active AND partition <> '0'
    GROUP BY 1 ORDER BY 1
"""
_HAS = """
    SELECT count() > 0 FROM (
        SELECT 1 FROM usage_events
        WHERE tenant_id = %(tenant_id)s AND time >= %(start)s AND time < %(end)s LIMIT 1
    )
"""
_KEPT = f"SELECT count() FROM usage_events WHERE {MONTH} = %(month)s AND type IN %(keep)s"  # noqa: S608
_DROP = "ALTER TABLE usage_events DROP PARTITION %(month)s"
_OLD = "time < %(until)s AND type NOT IN %(keep)s"
_COUNT = f"SELECT uniqExact(tenant_id, source, id) FROM usage_events WHERE {_OLD}"  # noqa: S608
_DELETE = f"ALTER TABLE usage_events DELETE WHERE {_OLD}"
_FORGOTTEN = "SELECT uniqExact(tenant_id, source, id) FROM usage_identities WHERE time < %(until)s"
_FORGET = "ALTER TABLE usage_identities DELETE WHERE time < %(until)s"
# Whoever asks next must not find what this said to be gone.
_AT_ONCE = "SETTINGS mutations_sync = 2"
_NO_TYPE = ""  # no event has it; ClickHouse wants no empty list


@dataclass(frozen=True, slots=True)
class ClickHouseMonths:
    """See `metering.ports.EventMonths`."""

    clickhouse: ClickHouse

    async def months(self) -> list[UsageMonth]:
        """Return the partitions; that of far-off times is no month."""
        await make_tables(self.clickhouse)
        rows = await self.clickhouse.ask(_MONTHS)
        return [_month(int(number), int(size)) for number, size in rows]

    async def has_events(self, tenant_id: TenantId, start: datetime, end: datetime) -> bool:
        """Look for one row; one that does not count, or not yet, is reason enough to keep all."""
        bound = {"start": microseconds(start), "end": microseconds(end)}
        [row] = await self.clickhouse.ask(_HAS, {"tenant_id": str(tenant_id), **bound})
        return bool(row[0])

    async def drop(self, until: datetime, keep: Sequence[str]) -> int:
        """Drop whole months as partitions; what is mixed with events to keep, row by row."""
        keeping = list(keep) or [_NO_TYPE]
        bound = {"until": microseconds(until), "keep": keeping}
        gone = await self._one(_COUNT, bound)
        for month in await self.months():
            number = month.start.year * 100 + month.start.month
            if month.end <= until and not await self._one(
                _KEPT, {"month": number, "keep": keeping}
            ):
                await self.clickhouse.run(_DROP, {"month": number})
        if await self._one(_COUNT, bound):
            await self.clickhouse.run(f"{_DELETE} {_AT_ONCE}", bound)
        return gone

    async def forget(self, until: datetime) -> int:
        """Forget identities before a time."""
        bound = {"until": microseconds(until)}
        gone = await self._one(_FORGOTTEN, bound)
        if gone:
            await self.clickhouse.run(f"{_FORGET} {_AT_ONCE}", bound)
        return gone

    async def _one(self, sql: str, bound: Mapping[str, object]) -> int:
        [row] = await self.clickhouse.ask(sql, bound)
        return int(row[0])


def _month(number: int, size: int) -> UsageMonth:
    return month_of(datetime(number // 100, number % 100, 1, tzinfo=UTC), size)
