"""The statements that read rollups, and the few events that are in none of their buckets yet."""

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
_SUMMED = ", ".join(
    _EXTREMES.get(c) or (_last(c) if c.startswith("latest") else f"sum(r.{c})") for c in STATE
)

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

ROLLED = text(
    f"""
    SELECT asked.q, p.rollup, CAST(p.snapshot AS text), p.rolled_at, CAST(p.cutoff AS text),
        p.behind, (
            SELECT array_agg(DISTINCT CAST(w.recorded AS text)) FROM usage_commits AS w
            WHERE w.tenant_id = :tenant_id AND pg_visible_in_snapshot(w.recorded, p.cutoff)
            AND NOT pg_visible_in_snapshot(w.recorded, p.snapshot)
        ), summed.*
    FROM {_ASKED}
    LEFT JOIN LATERAL ({_SET}) AS p ON true
    LEFT JOIN LATERAL (
        SELECT span.n, {_NAMED} AS named, {_SUMMED}
        FROM jsonb_to_recordset(asked.spans) AS span (
            n integer, level smallint, start timestamptz, until timestamptz
        )
        JOIN usage_rollups AS r ON r.tenant_id = :tenant_id AND r.rollup = p.rollup
            AND r.level = span.level AND r.start >= span.start AND r.start < span.until
        WHERE {_OWN} GROUP BY 1, 2
    ) AS summed ON true
    """  # noqa: S608 - built from our own text
)
"""Sets that answer, each with what its buckets add up to, window by window and group by group.

A set answers as of the cut-off that is asked for, or of now; where more than ``:most`` events wait
to be rolled up, as of its own snapshot. The transactions between the two are told: their events
are read by `more_sql`.
"""

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


def _more(*, filtered: bool) -> str:
    """Write the events that buckets lack, and those they hold too many, by sign and window."""
    passes = f"AND {filters_sql('look.filters')}" if filtered else ""
    window = "width_bucket(e.time, look.starts) - 1"
    retractions = "JOIN usage_retractions AS r ON r.recorded = fresh.recorded"
    return f"""
        SELECT 1 AS sign, part.n, {EVENT}
        FROM look, unnest(
            CAST(:parts AS integer[]), CAST(:part_starts AS timestamptz[]),
            CAST(:part_ends AS timestamptz[])
        ) AS part (n, start, until)
        JOIN usage_events AS e ON e.time >= part.start AND e.time < part.until
        WHERE e.tenant_id = :tenant_id AND e.type = :type
        AND pg_visible_in_snapshot(e.recorded, look.cutoff)
        AND {standing_sql("look.cutoff")} {passes}
        UNION ALL
        SELECT 1, {window}, {EVENT}
        FROM look, fresh JOIN usage_events AS e ON e.recorded = fresh.recorded
        WHERE e.tenant_id = :tenant_id AND e.type = :type
        AND e.time >= :rolled_start AND e.time < :rolled_end
        AND {standing_sql("look.cutoff")} {passes}
        UNION ALL
        SELECT -1, {window}, {EVENT} FROM look, {taken_sql(":type", f"fresh {retractions}")}
        WHERE r.tenant_id = :tenant_id AND e.time >= :rolled_start AND e.time < :rolled_end
        AND pg_visible_in_snapshot(e.recorded, look.snapshot) {passes}
    """  # noqa: S608 - built from our own text


def _judged(aggregation: Aggregation, *, filtered: bool) -> str:
    says = judged_sql("look.property", "look.money", f"'{aggregation.value}'")
    return f"""
        judged AS (
            SELECT sign, n, {_GROUPS.replace("@text", text_sql("g.name"))} AS named,
                time, source, id, {says}
            FROM ({_more(filtered=filtered)}) AS event, look
        )
    """  # noqa: S608 - built from our own text


@cache
def more_sql(aggregation: Aggregation, *, filtered: bool) -> TextClause:
    """Add up what buckets lack, and what they hold too many: sign, window, group, state."""
    return text(
        f"""
        WITH {_LOOK}, {_judged(aggregation, filtered=filtered)}
        SELECT sign, n, named, {state_sql(f"'{aggregation.value}'")}
        FROM judged GROUP BY sign, n, named
        """  # noqa: S608 - built from our own text
    )


@cache
def unique_sql(*, filtered: bool) -> TextClause:
    """Count different values, window by window and group by group, in buckets and beside them.

    Nothing is found where the set no longer answers as of the cut-off.
    """
    values = f"""
        SELECT span.n, {_NAMED} AS named, r.value, r.events
        FROM asked, p, jsonb_to_recordset(asked.spans) AS span (
            n integer, level smallint, start timestamptz, until timestamptz
        )
        JOIN usage_rollup_values AS r ON r.level = span.level
            AND r.start >= span.start AND r.start < span.until
        WHERE r.tenant_id = :tenant_id AND r.rollup = p.rollup AND {_OWN}
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
        {_judged(Aggregation.UNIQUE, filtered=filtered)},
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
