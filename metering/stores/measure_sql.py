"""How PostgreSQL aggregates: the rules of `metering.domain.aggregating`, in numeric throughout."""

from functools import cache

from sqlalchemy import TextClause, text

from control_plane.catalog.domain import Aggregation
from metering.domain.aggregating import ADDITIVE
from metering.stores.query_sql import (
    QUANTITY,
    STANDS_NOW,
    back_sql,
    counted_sql,
    filters_sql,
    quantity_sql,
    text_sql,
)

_REDUCED = {
    Aggregation.COUNT: "sum(sign)",
    Aggregation.SUM: "sum(sign * quantity)",
    Aggregation.MAX: "max(quantity)",
    Aggregation.MIN: "min(quantity)",
    Aggregation.UNIQUE: "count(DISTINCT nullif(value, ''))",
    Aggregation.LATEST: """(
        array_agg(quantity ORDER BY time DESC, source DESC, id DESC)
        FILTER (WHERE quantity IS NOT NULL)
    )[1]""",
    # Divided where the decimals are counted: see `metering.domain.aggregating.average`.
    Aggregation.AVERAGE: "sum(quantity)",
    # What it weighs is another query's; this one counts its events.
    Aggregation.WEIGHTED: "0",
}

_NO_GROUP = "CAST('{}' AS text[])"
_GROUP = f"""(
    SELECT array_agg(coalesce({text_sql("wanted.name")}, '') ORDER BY wanted.n)
    FROM unnest(CAST(:dimensions AS text[])) WITH ORDINALITY AS wanted (name, n)
)"""  # noqa: S608 - built from our own text
_EVENT = "time, source, id"


def _key(*, grouped: bool) -> str:
    return _GROUP if grouped else _NO_GROUP


@cache
def measured_sql(aggregation: Aggregation, *, filtered: bool, grouped: bool) -> TextClause:
    """Reduce the counted events, group by group: key, quantity, stated, events, money.

    What was taken back late is off where that can be told; elsewhere it is left out.
    """
    counted = f"FROM ({counted_sql(filtered=filtered)}) AS counted"
    if aggregation not in ADDITIVE:
        counted += " WHERE sign > 0"
    return text(_reduced(aggregation, counted, _key(grouped=grouped)))


@cache
def series_sql(aggregation: Aggregation, *, filtered: bool) -> TextClause:
    """Reduce what is committed now, window by window: the key is the window's number from 0."""
    committed = f"""
        FROM (SELECT *, 1 AS sign FROM usage_events
        WHERE tenant_id = :tenant_id AND type = :type AND time >= :start AND time < :end
        {STANDS_NOW} {filters_sql(filtered=filtered)}) AS counted
    """  # noqa: S608 - built from our own text
    window = "width_bucket(time, CAST(:starts AS timestamptz[])) - 1"
    return text(_reduced(aggregation, committed, window))


@cache
def by_source_sql(aggregation: Aggregation, *, filtered: bool) -> TextClause:
    """Reduce what is committed now of ``:sources``: the key is the source."""
    committed = f"""
        FROM (SELECT *, 1 AS sign FROM usage_events
        WHERE tenant_id = :tenant_id AND type = :type AND time >= :start AND time < :end
        AND source = ANY(CAST(:sources AS text[]))
        {STANDS_NOW} {filters_sql(filtered=filtered)}) AS counted
    """  # noqa: S608 - built from our own text
    return text(_reduced(aggregation, committed, "source"))


def _reduced(aggregation: Aggregation, source: str, key: str) -> str:
    return f"""
        SELECT key, coalesce({_REDUCED[aggregation]}, 0), count(quantity), sum(sign),
            coalesce(sum(sign * money), 0)
        FROM (
            SELECT {key} AS key, {_EVENT}, sign, {QUANTITY} AS quantity,
                {text_sql("CAST(:property AS text)")} AS value, {quantity_sql("money")} AS money
            {source}
        ) AS judged
        GROUP BY key
    """  # noqa: S608 - built from our own text


@cache
def amounts_sql(*, filtered: bool, grouped: bool) -> TextClause:
    """One page of the amounts of money that counted events carry, in the events' order."""
    return text(
        f"""
        SELECT {_EVENT}, {_key(grouped=grouped)}, sign * {quantity_sql("money")}
        FROM ({counted_sql(filtered=filtered)}) AS counted
        WHERE {quantity_sql("money")} IS NOT NULL AND (sign > 0 OR CAST(:signed AS boolean))
        AND (CAST(:after_time AS timestamptz) IS NULL
            OR (time, source, id) > (:after_time, :after_source, :after_id))
        ORDER BY time, source, id LIMIT :limit
        """  # noqa: S608 - built from our own text
    )


@cache
def weighted_sql(*, filtered: bool, grouped: bool) -> TextClause:
    """Level by seconds, for each group and window: key, the window's number from 0, quantity.

    The level a period starts with is that of the last event before it: read backwards from its
    start where there is one group, from all that went before where there are many.
    """
    key = _key(grouped=grouped)
    before = _levels("time < :start", key, filtered=filtered)
    within = _levels("time >= :start AND time < :end", key, filtered=filtered)
    latest = "ORDER BY key, time DESC, source DESC, id DESC" if grouped else _LATEST
    return text(
        f"""
        WITH opening AS (
            SELECT {"DISTINCT ON (key)" if grouped else ""} key, quantity
            FROM ({before}) AS before WHERE quantity IS NOT NULL {latest}
        ),
        levels AS (
            SELECT key, CAST(:start AS timestamptz) AS time, '' AS source, '' AS id, quantity
            FROM opening
            UNION ALL
            SELECT key, {_EVENT}, quantity FROM ({within}) AS within WHERE quantity IS NOT NULL
        ),
        held AS (
            SELECT key, quantity, time AS since,
                lead(time, 1, CAST(:end AS timestamptz)) OVER (
                    PARTITION BY key ORDER BY time, source COLLATE "C", id COLLATE "C"
                ) AS until
            FROM levels
        )
        SELECT key, tile.n - 1, sum(quantity * extract(
            epoch FROM least(held.until, tile.until) - greatest(held.since, tile.since)
        ))
        FROM held JOIN unnest(
            CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[])
        ) WITH ORDINALITY AS tile (since, until, n)
            ON held.since < tile.until AND held.until > tile.since
        GROUP BY key, tile.n
        """  # noqa: S608 - built from our own text
    )


_STANDS_SO_FAR = back_sql(
    """AND (CAST(:cutoff AS text) IS NULL
        OR pg_visible_in_snapshot(taking.recorded, CAST(:cutoff AS pg_snapshot)))"""
)
_LATEST = "ORDER BY time DESC, source DESC, id DESC LIMIT 1"


def _levels(when: str, key: str, *, filtered: bool) -> str:
    return f"""
        SELECT {key} AS key, {_EVENT}, {QUANTITY} AS quantity FROM usage_events
        WHERE tenant_id = :tenant_id AND type = :type AND {when}
        AND (CAST(:cutoff AS text) IS NULL
            OR pg_visible_in_snapshot(recorded, CAST(:cutoff AS pg_snapshot)))
        {_STANDS_SO_FAR}
        {filters_sql(filtered=filtered)}
    """  # noqa: S608 - built from our own text
