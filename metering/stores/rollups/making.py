"""The statements that add events to rollups and take them off.

Everything is said of what came between two snapshots, ``:since`` and ``:until``, so that a set of
rollups goes from one to the other in one transaction, and holds exactly its snapshot's events.
"""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import TextClause, text

from control_plane.catalog.domain import Aggregation
from metering.stores.rollups.texts import (
    DAY,
    DAY_BY,
    EVENT,
    NO_KEY,
    PLAIN,
    QUARTER,
    QUARTER_BY,
    STATE,
    dims_sql,
    filters_sql,
    judged_sql,
    key_sql,
    standing_sql,
    state_sql,
    taken_sql,
)

_SPAN = """
    span AS MATERIALIZED (
        SELECT CAST(:since AS pg_snapshot) AS since, CAST(:until AS pg_snapshot) AS until,
            CAST(:property AS text) AS property, CAST(:money AS text) AS money,
            CAST(:filters AS jsonb) AS filters, CAST(:dimensions AS text[]) AS dimensions
    )
"""


def _between(row: str) -> str:
    return f"""
        {row}.recorded >= pg_snapshot_xmin(CAST(:since AS pg_snapshot))
        AND {row}.recorded < pg_snapshot_xmax(CAST(:until AS pg_snapshot))
        AND NOT pg_visible_in_snapshot({row}.recorded, span.since)
        AND pg_visible_in_snapshot({row}.recorded, span.until)
    """


def _passing(*, filtered: bool) -> str:
    return f"AND {filters_sql('span.filters')}" if filtered else ""


def _fresh(*, filtered: bool) -> str:
    return f"""
        SELECT {EVENT} FROM span, usage_events AS e
        WHERE e.tenant_id = :tenant_id AND e.type = :type AND {_between("e")}
        AND {standing_sql("span.until")} {_passing(filtered=filtered)}
    """  # noqa: S608 - built from our own text


def _taken(*, filtered: bool) -> str:
    return f"""
        SELECT {EVENT} FROM span, {taken_sql(":type", "usage_retractions AS r")}
        WHERE r.tenant_id = :tenant_id AND {_between("r")}
        AND pg_visible_in_snapshot(e.recorded, span.since) {_passing(filtered=filtered)}
    """  # noqa: S608 - built from our own text


def within_sql(*, filtered: bool) -> str:
    """Write the events of ``:starts`` to ``:ends`` that count at ``:until``.

    Each stretch is read by itself: joined by a range, all events would be compared with all.
    """
    return f"""
        SELECT {EVENT} FROM span,
            unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[])) AS part (s, e)
            CROSS JOIN LATERAL (
                SELECT e.tenant_id, e.recorded, {EVENT} FROM usage_events AS e
                WHERE e.tenant_id = :tenant_id AND e.type = :type
                AND e.time >= part.s AND e.time < part.e OFFSET 0
            ) AS e
        WHERE pg_visible_in_snapshot(e.recorded, span.until)
        AND {standing_sql("span.until")} {_passing(filtered=filtered)}
    """  # noqa: S608 - built from our own text


@dataclass(frozen=True, slots=True)
class Shape:
    """What the statements about a definition depend on; all else is bound."""

    aggregation: Aggregation
    filtered: bool
    dimensions: int


def bucketed_sql(shape: Shape, source: str) -> str:
    """Write the CTEs ``span`` and ``judged``: what a source's events say, and their buckets."""
    dims = dims_sql("span.dimensions", shape.dimensions)
    says = judged_sql("span.property", "span.money", f"'{shape.aggregation.value}'")
    return f"""
        WITH {_SPAN}, judged AS (
            SELECT date_bin('15 minutes', time, timestamptz 'epoch') AS quarter,
                date_trunc('day', time, 'UTC') AS day, {dims} AS dims,
                time, source, id, {says}
            FROM ({source}) AS event, span
        )
    """  # noqa: S608 - built from our own text


PLACE = f"""
    CASE WHEN GROUPING(dims) = 1
        THEN CASE WHEN GROUPING(quarter) = 1 THEN {DAY} ELSE {QUARTER} END
        ELSE CASE WHEN GROUPING(quarter) = 1 THEN {DAY_BY} ELSE {QUARTER_BY} END END AS level,
    coalesce(quarter, day) AS start,
    CASE WHEN GROUPING(dims) = 1 THEN {NO_KEY} ELSE {key_sql("dims")} END AS key,
    CASE WHEN GROUPING(dims) = 1 THEN {PLAIN} ELSE dims END AS dims
"""
LEVELS = "(quarter), (day), (quarter, dims), (day, dims)"

_LATER = """
    (excluded.latest_time, excluded.latest_source, excluded.latest_id)
        > (r.latest_time, r.latest_source, r.latest_id) OR r.latest_time IS NULL
"""
_SUMS = [c for c in STATE if c in {"events", "stated", "total", "money"} or c.startswith("lane")]
_MERGED = ",\n".join(
    [f"{c} = r.{c} + excluded.{c}" for c in _SUMS]
    + ["most = greatest(r.most, excluded.most)", "least = least(r.least, excluded.least)"]
    + [
        f"{c} = CASE WHEN {_LATER} THEN excluded.{c} ELSE r.{c} END"
        for c in STATE
        if c.startswith("latest")
    ]
)


@cache
def add_sql(shape: Shape) -> TextClause:
    """Add what came between the snapshots and stands."""
    return _rolled(shape, _fresh(filtered=shape.filtered), STATE)


@cache
def take_sql(shape: Shape) -> TextClause:
    """Take off what was in before and is taken back since; extremes stay as they are."""
    columns = tuple(f"-{c}" if c in _SUMS else "NULL" for c in STATE)
    source = _taken(filtered=shape.filtered)
    return _rolled(shape, source, columns)


def _rolled(shape: Shape, source: str, columns: tuple[str, ...]) -> TextClause:
    return text(
        f"""
        {bucketed_sql(shape, source)}
        INSERT INTO usage_rollups AS r (
            tenant_id, rollup, level, start, key, dims, {", ".join(STATE)}
        )
        SELECT :tenant_id, :rollup, level, start, key, dims, {", ".join(columns)} FROM (
            SELECT {PLACE}, {state_sql(f"'{shape.aggregation.value}'")}
            FROM judged GROUP BY GROUPING SETS ({LEVELS})
        ) AS summed
        ON CONFLICT (tenant_id, rollup, level, start, key) DO UPDATE SET {_MERGED}
        """  # noqa: S608 - built from our own text
    )


@cache
def values_sql(shape: Shape, *, taken: bool) -> TextClause:
    """Count the values of a meter of unique values: those added, or those ``taken`` back."""
    filtered = shape.filtered
    source = _taken(filtered=filtered) if taken else _fresh(filtered=filtered)
    return text(
        f"""
        {bucketed_sql(shape, source)}
        INSERT INTO usage_rollup_values AS r (
            tenant_id, rollup, level, start, key, value, dims, events
        )
        SELECT :tenant_id, :rollup, level, start, key, hashed, dims, {"-" if taken else ""}events
        FROM (
            SELECT {PLACE}, {hashed_sql("value")} AS hashed, count(*) AS events
            FROM judged WHERE value IS NOT NULL
            GROUP BY value, GROUPING SETS ({LEVELS})
        ) AS summed
        ON CONFLICT (tenant_id, rollup, level, start, key, value)
        DO UPDATE SET events = r.events + excluded.events
        """  # noqa: S608 - built from our own text
    )


def hashed_sql(value: str) -> str:
    """Write what stands for a value of a meter of unique values."""
    return f"sha256(convert_to({value}, 'UTF8'))"


_EXTREMES = ("most", "least", "latest", "latest_time", "latest_source", "latest_id")


@cache
def touched_sql(shape: Shape) -> TextClause:
    """Find the quarter hours whose extreme may be an event that is taken off."""
    latest = "(one.latest_time, one.latest_source, one.latest_id)"
    return text(
        f"""
        {bucketed_sql(shape, _taken(filtered=shape.filtered))}
        SELECT DISTINCT one.start FROM (
            SELECT {PLACE}, {state_sql(f"'{shape.aggregation.value}'")}
            FROM judged GROUP BY GROUPING SETS ((quarter, day), (quarter, day, dims))
        ) AS one CROSS JOIN LATERAL (
            SELECT {", ".join(_EXTREMES)} FROM usage_rollups AS r
            WHERE r.tenant_id = :tenant_id AND r.rollup = :rollup
            AND r.level = one.level AND r.start = one.start AND r.key = one.key OFFSET 0
        ) AS r
        WHERE one.most >= r.most OR one.least <= r.least
        OR {latest} >= (r.latest_time, r.latest_source, r.latest_id)
        """  # noqa: S608 - built from our own text
    )


FORGET = text(
    f"""
    UPDATE usage_rollups SET {", ".join(f"{c} = NULL" for c in _EXTREMES)}
    WHERE tenant_id = :tenant_id AND rollup = :rollup
    AND level IN ({QUARTER}, {QUARTER_BY}) AND start = ANY(CAST(:starts AS timestamptz[]))
    """  # noqa: S608 - built from our own text
)


_FOUND_AGAIN = f"""
    ON CONFLICT (tenant_id, rollup, level, start, key)
    DO UPDATE SET {", ".join(f"{c} = excluded.{c}" for c in _EXTREMES)}
"""


@cache
def again_sql(shape: Shape) -> TextClause:
    """Find the extremes of quarter hours from the events again; the buckets are all there."""
    return text(
        f"""
        {bucketed_sql(shape, within_sql(filtered=shape.filtered))}
        INSERT INTO usage_rollups (tenant_id, rollup, level, start, key, dims, {", ".join(STATE)})
        SELECT :tenant_id, :rollup, level, start, key, dims, {", ".join(STATE)} FROM (
            SELECT {PLACE}, {state_sql(f"'{shape.aggregation.value}'")}
            FROM judged GROUP BY GROUPING SETS ((quarter, day), (quarter, day, dims))
        ) AS again
        {_FOUND_AGAIN}
        """  # noqa: S608 - built from our own text
    )


def _of_quarters(column: str) -> str:
    if column in _SUMS:
        return f"sum(q.{column})"
    if column in {"most", "least"}:
        return f"{'max' if column == 'most' else 'min'}(q.{column})"
    order = "ORDER BY q.latest_time DESC, q.latest_source DESC, q.latest_id DESC"
    return f"(array_agg(q.{column} {order}) FILTER (WHERE q.latest_time IS NOT NULL))[1]"


DAYS_AGAIN = text(
    f"""
    INSERT INTO usage_rollups (tenant_id, rollup, level, start, key, dims, {", ".join(STATE)})
    SELECT :tenant_id, :rollup, q.level + 1, day.start, q.key, q.dims,
        {", ".join(f"{_of_quarters(c)} AS {c}" for c in STATE)}
    FROM unnest(CAST(:days AS timestamptz[])) AS day (start) CROSS JOIN LATERAL (
        SELECT * FROM usage_rollups AS q
        WHERE q.tenant_id = :tenant_id AND q.rollup = :rollup
        AND q.level IN ({QUARTER}, {QUARTER_BY})
        AND q.start >= day.start AND q.start < day.start + interval '24 hours' OFFSET 0
    ) AS q
    GROUP BY q.level, day.start, q.key, q.dims
    {_FOUND_AGAIN}
    """  # noqa: S608 - built from our own text
)
"""Days' extremes from their quarter hours'; the buckets are all there."""
