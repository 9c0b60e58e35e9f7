"""The statements that read rollups, and the few events that are in none of their buckets yet."""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import TextClause, text

from control_plane.catalog.domain import Aggregation
from metering.stores.query_sql import text_sql
from metering.stores.rollups.texts import (
    EVENT,
    PLAIN,
    STATE,
    filters_sql,
    judged_sql,
    standing_sql,
    state_sql,
    taken_sql,
)


def _last(column: str) -> str:
    order = "ORDER BY r.latest_time DESC, r.latest_source DESC, r.latest_id DESC"
    return f"(array_agg(r.{column} {order}) FILTER (WHERE r.latest_time IS NOT NULL))[1]"


_EXTREMES = {"most": "max(r.most)", "least": "min(r.least)"}


@dataclass(frozen=True, slots=True)
class Sums:
    """What is added up of buckets.

    The ``latest`` of each is dear; money and digests are a ``proof``; ``plain`` is what has neither
    groups nor filters.
    """

    latest: bool
    proof: bool
    plain: bool


def _summed(column: str, sums: Sums) -> str:
    if column.startswith("latest"):
        return _last(column) if sums.latest else "NULL"
    if column == "money" or column.startswith("lane"):
        return f"sum(r.{column})" if sums.proof else "0"
    return _EXTREMES.get(column) or f"sum(r.{column})"


_NAMED = f"""
    CASE WHEN cardinality(asked.groups) = 0 THEN {PLAIN} ELSE (
        SELECT array_agg(coalesce(r.dims[array_position(p.dimensions, g.name)], '') ORDER BY g.n)
        FROM unnest(asked.groups) WITH ORDINALITY AS g (name, n)
    ) END
"""  # noqa: S608 - built from our own text
_OWN = """
    (asked.own IS NULL OR NOT EXISTS (
        SELECT FROM jsonb_to_recordset(asked.own) AS filter (
            property text, "values" jsonb, exclude boolean
        )
        WHERE ((filter."values" ? r.dims[array_position(p.dimensions, filter.property)]) IS TRUE)
            = filter.exclude
    ))
"""
# Inside the later snapshot is whatever is inside the earlier one: nothing that still runs for the
# later is over for the earlier, which saw no transaction that the later cannot know.
_CONTAINED = """
    pg_snapshot_xmax(s.snapshot) <= pg_snapshot_xmax(look.cutoff) AND NOT EXISTS (
        SELECT FROM pg_snapshot_xip(look.cutoff) AS x
        WHERE pg_visible_in_snapshot(x, s.snapshot)
    )
"""
_SET = f"""
    SELECT s.rollup, s.snapshot, s.rolled_at, s.dimensions, look.*
    FROM usage_rollup_sets AS s
    CROSS JOIN LATERAL (
        SELECT coalesce(
            asked.cutoff, CASE WHEN w.many THEN s.snapshot ELSE pg_current_snapshot() END
        ) AS cutoff, asked.cutoff IS NULL AND w.many AS behind
        FROM (
            SELECT coalesce(sum(events), 0) > :most AS many
            FROM usage_commits WHERE tenant_id = :tenant_id
        ) AS w OFFSET 0
    ) AS look
    WHERE s.tenant_id = :tenant_id AND s.base = asked.base AND s.ready
    AND s.dimensions @> asked.dims AND {_CONTAINED}
    ORDER BY s.rollup DESC LIMIT 1
"""  # noqa: S608 - built from our own text
_ASKED = """
    jsonb_to_recordset(CAST(:asked AS jsonb)) AS asked (
        q integer, base text, dims text[], groups text[], own jsonb, cutoff pg_snapshot,
        spans jsonb
    )
"""

# Each span is looked up by itself (OFFSET 0): joined, PostgreSQL would rather read all of a set.
_SPANS = """
    FROM jsonb_to_recordset(asked.spans) AS span (
        n integer, level smallint, start timestamptz, until timestamptz
    )
    CROSS JOIN LATERAL (
        SELECT * FROM {table} AS r
        WHERE r.tenant_id = :tenant_id AND r.rollup = p.rollup AND r.level = span.level
        AND r.start >= span.start AND r.start < span.until OFFSET 0
    ) AS r
"""


@cache
def rolled_sql(sums: Sums) -> TextClause:
    """Find the sets that answer, each with its buckets' sums by window and group.

    A set answers as of the cut-off that is asked for, or of now; where more than ``:most`` events
    wait to be rolled up, as of its own snapshot. The transactions between the two are told, and
    whether any of them took something back: their events are read by `more_sql`.
    """
    summed = ", ".join(_summed(column, sums) for column in STATE)
    named, own = (PLAIN, "true") if sums.plain else (_NAMED, _OWN)
    return text(
        f"""
        SELECT asked.q, p.rollup, CAST(p.snapshot AS text), p.rolled_at, CAST(p.cutoff AS text),
            p.behind, w.recorded, w.taken, summed.*
        FROM {_ASKED}
        LEFT JOIN LATERAL ({_SET}) AS p ON true
        LEFT JOIN LATERAL (
            SELECT array_agg(DISTINCT CAST(w.recorded AS text)) AS recorded, bool_or(EXISTS (
                SELECT FROM usage_retractions AS r
                WHERE r.tenant_id = :tenant_id AND r.recorded = w.recorded
            )) AS taken FROM usage_commits AS w
            WHERE w.tenant_id = :tenant_id AND pg_visible_in_snapshot(w.recorded, p.cutoff)
            AND NOT pg_visible_in_snapshot(w.recorded, p.snapshot)
        ) AS w ON true
        LEFT JOIN LATERAL (
            SELECT span.n, {named} AS named, {summed}
            {_SPANS.format(table="usage_rollups")} WHERE {own} GROUP BY 1, 2
        ) AS summed ON true
        """  # noqa: S608 - built from our own text
    )


_LOOK = """
    look AS MATERIALIZED (
        SELECT CAST(:cutoff AS pg_snapshot) AS cutoff, CAST(:snapshot AS pg_snapshot) AS snapshot,
            CAST(:property AS text) AS property, CAST(:money AS text) AS money,
            CAST(:filters AS jsonb) AS filters, CAST(:starts AS timestamptz[]) AS starts
    ),
    fresh AS MATERIALIZED (
        SELECT CAST(recorded AS xid8) AS recorded FROM unnest(CAST(:recorded AS text[])) AS recorded
    )
"""
_GROUPS = f"""
    CASE WHEN cardinality(CAST(:groups AS text[])) = 0 THEN {PLAIN} ELSE (
        SELECT array_agg(coalesce(@text, '') ORDER BY g.n)
        FROM unnest(CAST(:groups AS text[])) WITH ORDINALITY AS g (name, n)
    ) END
"""  # noqa: S608 - built from our own text


@dataclass(frozen=True, slots=True)
class Parts:
    """What is read of the events: ``slivers`` beside buckets, what came, what was taken back."""

    filtered: bool
    slivers: bool = True
    taken: bool = True
    proof: bool = True


_SLIVERS = """
    SELECT 1 AS sign, part.n, e.* FROM look, unnest(
        CAST(:parts AS integer[]), CAST(:part_starts AS timestamptz[]),
        CAST(:part_ends AS timestamptz[])
    ) AS part (n, start, until)
    CROSS JOIN LATERAL (
        SELECT {event} FROM usage_events AS e
        WHERE e.tenant_id = :tenant_id AND e.type = :type
        AND e.time >= part.start AND e.time < part.until
        AND pg_visible_in_snapshot(e.recorded, look.cutoff) AND {standing} {passes} OFFSET 0
    ) AS e
"""
# Said twice, so that PostgreSQL thinks it rare: statistics know nothing of the last second's
# transactions, and a tenant's whole month must not be read in their stead.
_CAME = """
    SELECT 1 AS sign, {window} AS n, e.* FROM look, fresh CROSS JOIN LATERAL (
        SELECT {event} FROM usage_events AS e
        WHERE e.tenant_id = :tenant_id AND e.type = :type AND e.recorded = fresh.recorded
        AND e.recorded BETWEEN fresh.recorded AND fresh.recorded
        AND e.time >= :rolled_start AND e.time < :rolled_end AND {standing} {passes} OFFSET 0
    ) AS e
"""
_TAKEN = """
    SELECT -1, {window}, {event} FROM look, {taken}
    WHERE r.tenant_id = :tenant_id AND e.time >= :rolled_start AND e.time < :rolled_end
    AND pg_visible_in_snapshot(e.recorded, look.snapshot) {passes}
"""
_BY_COMMIT = "fresh JOIN usage_retractions AS r ON r.recorded = fresh.recorded"


def _more(parts: Parts) -> str:
    """Write the events that buckets lack, and those they hold too many, by sign and window."""
    wanted = [*([_SLIVERS] if parts.slivers else []), _CAME, *([_TAKEN] if parts.taken else [])]
    return " UNION ALL ".join(wanted).format(
        event=EVENT,
        window="width_bucket(e.time, look.starts) - 1",
        standing=standing_sql("look.cutoff"),
        passes=f"AND {filters_sql('look.filters')}" if parts.filtered else "",
        taken=taken_sql(":type", _BY_COMMIT),
    )


def _judged(aggregation: Aggregation, parts: Parts) -> str:
    says = judged_sql("look.property", "look.money", f"'{aggregation.value}'")
    return f"""
        judged AS (
            SELECT sign, n, {_GROUPS.replace("@text", text_sql("g.name"))} AS named,
                time, source, id, {says}
            FROM ({_more(parts)}) AS event, look OFFSET 0
        )
    """  # noqa: S608 - built from our own text


@cache
def more_sql(aggregation: Aggregation, parts: Parts) -> TextClause:
    """Add up what buckets lack, and what they hold too many: sign, window, group, state."""
    return text(
        f"""
        WITH {_LOOK}, {_judged(aggregation, parts)}
        SELECT sign, n, named, {state_sql(f"'{aggregation.value}'", proof=parts.proof)}
        FROM judged GROUP BY sign, n, named
        """  # noqa: S608 - built from our own text
    )


@cache
def unique_sql(*, filtered: bool) -> TextClause:
    """Count different values, window by window and group by group, in buckets and beside them.

    Nothing is found where the set no longer answers as of the cut-off.
    """
    spans = _SPANS.format(table="usage_rollup_values")
    values = f"""
        SELECT r.n, {_NAMED} AS named, r.value, r.events
        FROM asked, p CROSS JOIN LATERAL (SELECT span.n, r.* {spans}) AS r WHERE {_OWN}
    """  # noqa: S608 - built from our own text
    return text(
        f"""
        WITH asked AS MATERIALIZED (SELECT * FROM {_ASKED}),
        p AS MATERIALIZED (SELECT p.* FROM asked CROSS JOIN LATERAL ({_SET}) AS p),
        look AS MATERIALIZED (
            SELECT p.cutoff, p.snapshot, CAST(:property AS text) AS property,
                CAST(:money AS text) AS money, CAST(:filters AS jsonb) AS filters,
                CAST(:starts AS timestamptz[]) AS starts
            FROM p
        ),
        fresh AS MATERIALIZED (
            SELECT DISTINCT w.recorded FROM p, usage_commits AS w
            WHERE w.tenant_id = :tenant_id AND pg_visible_in_snapshot(w.recorded, p.cutoff)
            AND NOT pg_visible_in_snapshot(w.recorded, p.snapshot)
        ),
        {_judged(Aggregation.UNIQUE, Parts(filtered))},
        counted AS (
            SELECT n, named, value FROM (
                {values}
                UNION ALL
                SELECT n, named, sha256(convert_to(value, 'UTF8')), sign FROM judged
                WHERE value IS NOT NULL
            ) AS each GROUP BY n, named, value HAVING sum(events) > 0
        )
        SELECT counted.n, named, count(value)
        FROM p LEFT JOIN counted ON true GROUP BY counted.n, named
        """  # noqa: S608 - built from our own text
    )
