"""How a tenant's usage enters ClickHouse from another store, and leaves it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId, new_id
from metering.domain.cloudevents import parse_data
from metering.domain.cutoff import parts
from metering.domain.events import TakesBack, TakingBack, UsageEvent
from metering.stores.clickhouse.client import ClickHouse, Row
from metering.stores.clickhouse.query_sql import KEPT
from metering.stores.clickhouse.registry import Registry
from metering.stores.clickhouse.schema import MONTH, NONE, TABLES, Stamped, blocks, instant
from metering.stores.moving import Chunk, Stage, Sums

_TABLES = {
    Stage.IDENTITIES: "usage_identities",
    Stage.EVENTS: "usage_events",
    Stage.RETRACTIONS: "usage_retractions",
}
_BELOW = "recorded < %(cutoff_below)s AND recorded NOT IN %(cutoff_running)s"
_SINCE = (
    "AND recorded >= %(since_first)s "
    "AND NOT (recorded < %(since_below)s AND recorded NOT IN %(since_running)s)"
)
_COLUMNS = {
    Stage.IDENTITIES: ("source, id", "hash, time, recorded"),
    Stage.EVENTS: ("type, time, source, id", "subject, data, hash, recorded, corrects"),
    Stage.RETRACTIONS: ("source, target_id", "by_id, kind, type, time, data, recorded"),
}
_NAMED = "SHA256(concat(source, '\\n', target_id, '\\n', by_id, kind))"


def _lanes(of: str) -> str:
    places = ", ".join(
        f"toString(sum(toInt256(reinterpretAsInt64(reverse(substring({of}, {at}, 8))))))"
        for at in (1, 9, 17, 25)
    )
    return f"toString(count()), {places}"


_RECORDED = "toString(sum(toUInt256(recorded)))"
_SUMS = (
    f"""
    SELECT 'events' AS stage, type, {MONTH} AS month, {_lanes("hash")}, {_RECORDED}
    FROM usage_events FINAL WHERE {{inside}} GROUP BY type, month
    """,  # noqa: S608 - built from our own text
    f"""
    SELECT 'retractions' AS stage, type, {MONTH} AS month, {_lanes("named")}, {_RECORDED}
    FROM (SELECT *, {_NAMED} AS named FROM usage_retractions FINAL WHERE {{inside}})
    GROUP BY type, month
    """,  # noqa: S608 - built from our own text
    # One that was copied and written is there twice, and is one.
    f"""
    SELECT 'identities', '', 0, {_lanes("hash")}, '0'
    FROM (SELECT DISTINCT source, id, hash FROM usage_identities WHERE {{inside}})
    """,  # noqa: S608 - built from our own text
)


@dataclass(frozen=True, slots=True)
class MovableClickHouse:
    """See `metering.stores.moving.MovableStore`."""

    clickhouse: ClickHouse
    registry: Registry

    async def chunk(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        stage: Stage,
        *,
        cutoff: str,
        mark: str | None,
        limit: int,
    ) -> Chunk:
        """Read by the key of each table."""
        bound = await self._bound(session, tenant_id, cutoff, None)
        key, rest = _COLUMNS[stage]
        names = key.split(", ")
        inside = "" if stage is Stage.IDENTITIES else f"AND {_BELOW}"
        beyond = ""
        if mark is not None:
            last = msgspec.json.decode(mark, type=list[Any])
            bound |= {f"last{n}": value for n, value in enumerate(last)}
            beyond = f"AND ({key}) > ({', '.join(f'%(last{n})s' for n in range(len(last)))})"
        rows = await self.clickhouse.ask(
            f"SELECT {key}, {rest} FROM {_TABLES[stage]} FINAL "  # noqa: S608 - our own text
            f"WHERE {KEPT} {inside} {beyond} ORDER BY {key} LIMIT %(limit)s",
            {**bound, "limit": limit},
        )
        if not rows:
            return Chunk((), None)
        after = msgspec.json.encode(list(rows[-1][: len(names)])).decode()
        return Chunk([_READ[stage](row) for row in rows], after)

    async def put(
        self, session: AsyncSession, tenant_id: TenantId, stage: Stage, stored: Sequence[Stamped]
    ) -> None:
        """Insert; what is there already is the same row, and merged with it."""
        del session  # what is copied was committed long ago
        for block in blocks(tenant_id, stored, [_TABLES[stage]]):
            await self.clickhouse.insert(block, str(new_id()))

    async def sums(
        self, session: AsyncSession, tenant_id: TenantId, *, cutoff: str, since: str | None
    ) -> Sums:
        """Add up in Int256."""
        bound = await self._bound(session, tenant_id, cutoff, since)
        inside = f"{KEPT} AND {_BELOW} {'' if since is None else _SINCE}"
        rows: list[Row] = []
        for sql in _SUMS if since is None else _SUMS[:2]:
            rows += await self.clickhouse.ask(sql.replace("{inside}", inside), bound)
        return {
            (str(row[0]), str(row[1]), int(row[2])): tuple(int(number) for number in row[3:])
            for row in rows
            if int(row[3])
        }

    async def clear(self, tenant_id: TenantId) -> None:
        """Remove all of the tenant's rows, and wait until that is done."""
        for table in TABLES:
            await self.clickhouse.run(
                f"DELETE FROM {table} WHERE tenant_id = %(tenant_id)s",  # noqa: S608 - our names
                {"tenant_id": tenant_id},
            )

    async def _bound(
        self, session: AsyncSession, tenant_id: TenantId, cutoff: str, since: str | None
    ) -> dict[str, Any]:
        seen = await self.registry.visible(session, tenant_id)
        bound: dict[str, Any] = {
            "tenant_id": tenant_id,
            "unfinished": [*seen.unfinished, NONE],
        }
        for name, snapshot in (("cutoff", cutoff), ("since", since)):
            if snapshot is not None:
                first, below, running = parts(snapshot)
                bound[f"{name}_first"] = first
                bound[f"{name}_below"] = below
                bound[f"{name}_running"] = [*sorted(running), NONE]
        return bound


def _identity(row: Row) -> Stamped:
    return Stamped(_event(row[0], row[1], row[3], row[2]), row[4])


def _stored(row: Row) -> Stamped:
    taken = None if row[8] is None else TakesBack(TakingBack.CORRECTS, row[8])
    event = _event(row[2], row[3], row[1], row[6], type_=row[0], data=row[5], taken=taken)
    return Stamped(msgspec.structs.replace(event, subject=row[4]), row[7])


def _retraction(row: Row) -> Stamped:
    taken = TakesBack(TakingBack(row[3]), row[1])
    event = _event(row[0], row[2], row[5], b"", type_=row[4], data=row[6], taken=taken)
    return Stamped(event, row[7])


def _event(
    source: str,
    id_: str,
    time: int,
    hash_: bytes,
    *,
    type_: str = "",
    data: str = "{}",
    taken: TakesBack | None = None,
) -> UsageEvent:
    return UsageEvent(
        source=source,
        id=id_,
        type=type_,
        subject=None,
        time=instant(time),
        data=parse_data(data.encode()),
        data_json=data.encode(),
        body_hash=bytes(hash_),
        takes_back=taken,
    )


_READ: Any = {
    Stage.IDENTITIES: _identity,
    Stage.EVENTS: _stored,
    Stage.RETRACTIONS: _retraction,
}
