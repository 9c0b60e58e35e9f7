"""How a tenant's usage leaves PostgreSQL for another store, and enters it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from metering.domain.canonical import CANONICAL
from metering.domain.cloudevents import parse_data
from metering.domain.events import TakesBack, TakingBack, UsageEvent
from metering.stores.clickhouse.schema import Stamped
from metering.stores.moving import Chunk, Stage, Sums

COPIED = 1
"""The transaction of copied identities, which have none: older than all."""

_IDENTITIES = text(
    """
    SELECT source, id, hash, event_time FROM usage_identities
    WHERE tenant_id = :tenant_id AND (source, id) > (:source, :id)
    ORDER BY source, id LIMIT :limit
    """
)
_EVENTS = text(
    """
    SELECT type, time, seq, source, id, subject, CAST(data AS text), hash,
        CAST(CAST(recorded AS text) AS bigint),
        (SELECT target_id FROM usage_retractions AS taking
         WHERE taking.tenant_id = :tenant_id AND taking.source = usage_events.source
         AND taking.by_id = usage_events.id)
    FROM usage_events
    WHERE tenant_id = :tenant_id AND pg_visible_in_snapshot(recorded, CAST(:cutoff AS pg_snapshot))
    AND (type, time, seq) > (:type, CAST(:time AS timestamptz), :seq)
    AND time >= coalesce(CAST(:since AS timestamptz), '-infinity')
    AND time < coalesce(CAST(:until AS timestamptz), 'infinity')
    ORDER BY type, time, seq LIMIT :limit
    """
)
_RETRACTIONS = text(
    """
    SELECT source, target_id, by_id, kind, type, time, CAST(data AS text),
        CAST(CAST(recorded AS text) AS bigint)
    FROM usage_retractions
    WHERE tenant_id = :tenant_id AND pg_visible_in_snapshot(recorded, CAST(:cutoff AS pg_snapshot))
    AND (source, target_id) > (:source, :target_id)
    AND time >= coalesce(CAST(:since AS timestamptz), '-infinity')
    AND time < coalesce(CAST(:until AS timestamptz), 'infinity')
    ORDER BY source, target_id LIMIT :limit
    """
)
_ROWS = """
    json_to_recordset(CAST(:rows AS json)) AS copied (
        source text, id text, target_id text, kind text, type text, subject text,
        time timestamptz, data jsonb, hash text, recorded text
    )
"""
_PUT = {
    Stage.IDENTITIES: text(
        f"""
        INSERT INTO usage_identities (tenant_id, source, id, hash, event_time)
        SELECT :tenant_id, source, id, decode(hash, 'hex'), time FROM {_ROWS}
        ON CONFLICT DO NOTHING
        """  # noqa: S608 - built from our own text
    ),
    Stage.EVENTS: text(
        f"""
        INSERT INTO usage_events
            (tenant_id, type, time, source, id, subject, data, hash, recorded)
        SELECT :tenant_id, type, time, source, id, subject, data, decode(hash, 'hex'),
            CAST(recorded AS xid8)
        FROM {_ROWS} WHERE NOT EXISTS (
            SELECT FROM usage_events AS there WHERE there.tenant_id = :tenant_id
            AND there.type = copied.type AND there.time = copied.time
            AND there.source = copied.source AND there.id = copied.id
        )
        """  # noqa: S608 - built from our own text
    ),
    Stage.RETRACTIONS: text(
        f"""
        INSERT INTO usage_retractions
            (tenant_id, source, target_id, by_id, kind, type, time, data, recorded)
        SELECT :tenant_id, source, target_id, id, kind, type, time, data, CAST(recorded AS xid8)
        FROM {_ROWS} ON CONFLICT DO NOTHING
        """  # noqa: S608 - built from our own text
    ),
}

MONTH = """
    CASE WHEN time >= '2010-01-01Z' AND time < '2100-01-01Z'
    THEN CAST(to_char(time AT TIME ZONE 'UTC', 'YYYYMM') AS integer) ELSE 0 END
"""


def _lanes(of: str) -> str:
    places = ", ".join(
        f"sum(CAST(substring({of} FROM {at} FOR 8) AS bigint))" for at in (1, 9, 17, 25)
    )
    return f"count(*), {places}"


_NAMED = "sha256(convert_to(source || chr(10) || target_id || chr(10) || by_id || kind, 'UTF8'))"
_INSIDE = """
    pg_visible_in_snapshot(recorded, CAST(:cutoff AS pg_snapshot))
    AND (CAST(:since AS text) IS NULL
        OR recorded >= pg_snapshot_xmin(CAST(:since AS pg_snapshot))
        AND NOT pg_visible_in_snapshot(recorded, CAST(:since AS pg_snapshot)))
"""
_SUMS = text(
    f"""
    SELECT 'identities', '', 0, {_lanes("hash")}, 0 FROM usage_identities
    WHERE tenant_id = :tenant_id AND CAST(:since AS text) IS NULL
    UNION ALL
    SELECT 'events', type, {MONTH} AS month, {_lanes("hash")},
        sum(CAST(CAST(recorded AS text) AS bigint))
    FROM usage_events WHERE tenant_id = :tenant_id AND {_INSIDE} GROUP BY type, month
    UNION ALL
    SELECT 'retractions', type, {MONTH} AS month, {_lanes("named")},
        sum(CAST(CAST(recorded AS text) AS bigint))
    FROM (SELECT *, {_NAMED} AS named FROM usage_retractions
        WHERE tenant_id = :tenant_id AND {_INSIDE}) AS taking GROUP BY type, month
    """  # noqa: S608 - built from our own text
)


@dataclass(frozen=True, slots=True)
class MovablePostgres:
    """See `metering.stores.moving.MovableStore`. What was stored here stays: nothing deletes it."""

    async def chunk(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        stage: Stage,
        *,
        cutoff: str,
        mark: str | None,
        limit: int,
        period: Period | None = None,
    ) -> Chunk:
        """Read by the primary key of each table; events and retractions of a ``period`` only."""
        bound: dict[str, Any] = {"tenant_id": tenant_id, "cutoff": cutoff, "limit": limit}
        if stage is not Stage.IDENTITIES:
            bound |= {"since": period and period.start, "until": period and period.end}
        query, start, read = _READING[stage]
        place = start if mark is None else msgspec.json.decode(mark, type=dict[str, Any])
        rows = (await session.execute(query, {**bound, **place})).all()
        if not rows:
            return Chunk((), None)
        names = list(start)
        last = dict(zip(names, rows[-1], strict=False))
        return Chunk([read(row) for row in rows], msgspec.json.encode(last).decode())

    async def put(
        self, session: AsyncSession, tenant_id: TenantId, stage: Stage, stored: Sequence[Stamped]
    ) -> None:
        """Insert what is not there."""
        rows = [_row(one) for one in stored]
        bound = {"tenant_id": tenant_id, "rows": msgspec.json.encode(rows).decode()}
        await session.execute(_PUT[stage], bound)

    async def sums(
        self, session: AsyncSession, tenant_id: TenantId, *, cutoff: str, since: str | None
    ) -> Sums:
        """Add up in ``numeric``."""
        bound = {"tenant_id": tenant_id, "cutoff": cutoff, "since": since}
        rows = (await session.execute(_SUMS, bound)).all()
        return {
            (row[0], row[1], int(row[2])): tuple(int(number) for number in row[3:])
            for row in rows
            if row[3]
        }

    async def clear(self, tenant_id: TenantId) -> None:
        """Remove nothing: the tables take no deletions, and what they hold of the tenant is so."""


def _identity(row: Any) -> Stamped:
    return Stamped(_event(row[0], row[1], row[3], row[2]), COPIED)


def _stored(row: Any) -> Stamped:
    taken = None if row[9] is None else TakesBack(TakingBack.CORRECTS, row[9])
    data = CANONICAL.encode(parse_data(row[6].encode()))
    event = _event(row[3], row[4], row[1], row[7], type_=row[0], data=data, taken=taken)
    return Stamped(msgspec.structs.replace(event, subject=row[5]), row[8])


def _retraction(row: Any) -> Stamped:
    taken = TakesBack(TakingBack(row[3]), row[1])
    data = CANONICAL.encode(parse_data(row[6].encode()))
    event = _event(row[0], row[2], row[5], b"", type_=row[4], data=data, taken=taken)
    return Stamped(event, row[7])


def _event(
    source: str,
    id_: str,
    time: datetime,
    hash_: bytes,
    *,
    type_: str = "",
    data: bytes = b"{}",
    taken: TakesBack | None = None,
) -> UsageEvent:
    return UsageEvent(
        source=source,
        id=id_,
        type=type_,
        subject=None,
        time=time.astimezone(UTC),
        data=parse_data(data),
        data_json=data,
        body_hash=bytes(hash_),
        takes_back=taken,
    )


def _row(one: Stamped) -> dict[str, Any]:
    event, taken = one.event, one.event.takes_back
    return {
        "source": event.source,
        "id": event.id,
        "target_id": None if taken is None else taken.id,
        "kind": None if taken is None else taken.kind,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        "data": msgspec.Raw(event.data_json),
        "hash": event.body_hash.hex(),
        "recorded": str(one.recorded),
    }


_READING: Any = {
    Stage.IDENTITIES: (_IDENTITIES, {"source": "", "id": ""}, _identity),
    Stage.EVENTS: (_EVENTS, {"type": "", "time": "-infinity", "seq": 0}, _stored),
    Stage.RETRACTIONS: (_RETRACTIONS, {"source": "", "target_id": ""}, _retraction),
}
