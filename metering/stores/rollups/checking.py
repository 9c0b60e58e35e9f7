"""Comparing rollups with the events they claim to hold, bucket by bucket."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.catalog.domain import Aggregation
from control_plane.kernel.ids import TenantId
from metering.stores.horizon_sql import KEPT_FROM
from metering.stores.rollups.making import (
    LEVELS,
    PLACE,
    Shape,
    bucketed_sql,
    hashed_sql,
    within_sql,
)
from metering.stores.rollups.sets import RollupSet
from metering.stores.rollups.texts import STATE, state_sql

MOST_DIFFERENCES = 100
"""How many differences of a day are told; more would say no more."""

_ZERO = dict.fromkeys(("events", "stated", "total", "money"), "0")
_ZERO |= {f"lane_{n}": "0" for n in range(1, 5)}

_NEXT_DAYS = text(
    f"""
    SELECT DISTINCT CAST(start AT TIME ZONE 'UTC' AS date) AS day FROM usage_rollups
    WHERE tenant_id = :tenant_id AND rollup = :rollup AND level = 2
    AND (CAST(:after AS date) IS NULL OR start > CAST(:after AS date) AT TIME ZONE 'UTC')
    AND start >= coalesce({KEPT_FROM}, '-infinity')
    ORDER BY day LIMIT :most
    """  # noqa: S608 - built from our own text
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A bucket whose rollup is not what its events add up to.

    ``level`` is "quarter" or "day"; ``dimensions`` is None where the bucket is of everything.
    """

    meter: str
    level: str
    start: datetime
    dimensions: tuple[str | None, ...] | None
    rolled: int
    events: int


async def rolled_days(
    session: AsyncSession, tenant_id: TenantId, rollup: int, after: date | None, most: int
) -> list[date]:
    """Return the UTC days of which a set holds anything, in order, after one of them.

    Without those whose events were dropped.
    """
    bound = {"tenant_id": tenant_id, "rollup": rollup, "after": after, "most": most}
    return list(await session.scalars(_NEXT_DAYS, bound))


async def differences(
    session: AsyncSession, tenant_id: TenantId, one: RollupSet, day: date
) -> list[Difference]:
    """Add a day's events up again, those inside the set's snapshot, and compare."""
    start = datetime.combine(day, time(), UTC)
    bound = {
        "tenant_id": tenant_id,
        **one.bound,
        "since": one.snapshot,
        "until": one.snapshot,
        "starts": [start],
        "ends": [start + timedelta(days=1)],
        "most": MOST_DIFFERENCES,
    }
    rows: Sequence[tuple[int, datetime, list[str | None], int, int]]
    rows = (await session.execute(_states_sql(one.shape), bound)).tuples().all()
    if not rows and one.definition.aggregation is Aggregation.UNIQUE:
        rows = (await session.execute(_values_sql(one.shape), bound)).tuples().all()
    return [
        Difference(
            meter=one.definition.event_type,
            level="quarter" if level in {1, 3} else "day",
            start=at.astimezone(UTC),
            dimensions=tuple(dims) if level in {3, 4} else None,
            rolled=int(rolled),
            events=int(events),
        )
        for level, at, dims, rolled, events in rows
    ]


_HELD = """
    SELECT * FROM {table} WHERE tenant_id = :tenant_id AND rollup = :rollup
    AND start = ANY(
        SELECT generate_series(part.s, part.e - interval '15 minutes', '15 minutes')
        FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[])) AS part (s, e)
    )
"""


@cache
def _states_sql(shape: Shape) -> TextClause:
    def columns(table: str) -> str:
        return ", ".join(
            f"coalesce({table}.{c}, {_ZERO[c]})" if c in _ZERO else f"{table}.{c}" for c in STATE
        )

    return text(
        f"""
        {bucketed_sql(shape, within_sql(filtered=shape.filtered))}
        SELECT level, start, coalesce(rolled.dims, added.dims),
            coalesce(rolled.events, 0), coalesce(added.events, 0)
        FROM (
            SELECT {PLACE}, {state_sql(f"'{shape.aggregation.value}'")}
            FROM judged GROUP BY GROUPING SETS ({LEVELS})
        ) AS added
        FULL JOIN ({_HELD.format(table="usage_rollups")}) AS rolled USING (level, start, key)
        WHERE ({columns("added")}) IS DISTINCT FROM ({columns("rolled")})
        ORDER BY level, start LIMIT :most
        """  # noqa: S608 - built from our own text
    )


@cache
def _values_sql(shape: Shape) -> TextClause:
    return text(
        f"""
        {bucketed_sql(shape, within_sql(filtered=shape.filtered))}
        SELECT level, start, coalesce(rolled.dims, added.dims),
            sum(coalesce(rolled.events, 0)), sum(coalesce(added.events, 0))
        FROM (
            SELECT {PLACE}, {hashed_sql("value")} AS value, count(*) AS events
            FROM judged WHERE judged.value IS NOT NULL
            GROUP BY judged.value, GROUPING SETS ({LEVELS})
        ) AS added
        FULL JOIN ({_HELD.format(table="usage_rollup_values")}) AS rolled
            USING (level, start, key, value)
        WHERE coalesce(rolled.events, 0) <> coalesce(added.events, 0)
        GROUP BY 1, 2, 3 ORDER BY level, start LIMIT :most
        """  # noqa: S608 - built from our own text
    )
