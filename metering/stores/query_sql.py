"""How usage is asked for in PostgreSQL: totals, series and pages of events."""

import re
from functools import cache

from sqlalchemy import TextClause, text

from metering.domain.numbers import QUANTITY_TEXT
from metering.stores.horizon_sql import KEPT_FROM


def quantity_sql(name: str) -> str:
    """Write the rule of `metering.domain.numbers.quantity` for the bound property ``:name``."""
    prop = f"CAST(:{name} AS text)"
    return f"""
        CASE
            WHEN jsonb_typeof(data -> {prop}) IN ('number', 'string')
                AND data ->> {prop} ~ '^{QUANTITY_TEXT}$'
            THEN CAST(data ->> {prop} AS numeric)
        END
    """


def text_sql(prop: str) -> str:
    """Write the rule of `metering.domain.properties.text_of` for a property's expression."""
    scalar = f"jsonb_typeof(data -> {prop}) IN ('string', 'number', 'boolean')"
    return f"CASE WHEN {scalar} THEN data ->> {prop} END"


# Names like `:property` are bound; the colon of a regular expression or a cast is not one.
QUANTITY = f"""
    CASE WHEN CAST(:property AS text) IS NULL THEN 1 ELSE {quantity_sql("property")} END
"""

_FILTERED = f"""
    AND NOT EXISTS (
        SELECT FROM jsonb_to_recordset(CAST(:filters AS jsonb))
            AS filter (property text, "values" jsonb, exclude boolean)
        WHERE ((filter."values" ? {text_sql("filter.property")}) IS TRUE) = filter.exclude
    )
"""

_COLUMNS = "SELECT time, source, id, type, subject, data, hash"


def back_sql(visible: str) -> str:
    """Return the condition that nothing takes an event back, of what is ``visible``."""
    return f"""
        AND NOT EXISTS (
            SELECT FROM usage_retractions AS taking
            WHERE taking.tenant_id = :tenant_id AND taking.source = usage_events.source
            AND taking.target_id = usage_events.id {visible}
        )
    """


STANDS = back_sql("AND pg_visible_in_snapshot(taking.recorded, CAST(:cutoff AS pg_snapshot))")
"""The condition that nothing in the cut-off takes an event back."""

STANDS_NOW = back_sql("")
"""The condition that nothing takes an event back, as far as is committed now."""

# The identity says when the event happened, and so where it lies.
_TAKEN_BACK = """
    SELECT usage_events.*
    FROM usage_retractions AS taking
    JOIN usage_identities AS taken ON taken.tenant_id = taking.tenant_id
        AND taken.source = taking.source AND taken.id = taking.target_id
    JOIN usage_events ON usage_events.tenant_id = taken.tenant_id AND usage_events.type = :type
        AND usage_events.time = taken.event_time
        AND usage_events.source = taken.source AND usage_events.id = taken.id
    WHERE taking.tenant_id = :tenant_id
    AND taking.recorded >= pg_snapshot_xmin(CAST(:since AS pg_snapshot))
    AND NOT pg_visible_in_snapshot(taking.recorded, CAST(:since AS pg_snapshot))
    AND pg_visible_in_snapshot(taking.recorded, CAST(:cutoff AS pg_snapshot))
    AND taken.event_time < :start
    AND pg_visible_in_snapshot(usage_events.recorded, CAST(:since AS pg_snapshot))
"""


def filters_sql(*, filtered: bool) -> str:
    """Return the condition that ``:filters`` pass; nothing, and no cost, without filters."""
    return _FILTERED if filtered else ""


@cache
def counted_sql(*, filtered: bool, each: str = "") -> str:
    """Return the query of the events that are counted, each with its ``sign``.

    Two parts that cannot overlap: the period's, and what came late since ``:since``; without
    one the second is empty. Its comparisons with xmin and xmax are implied by the others; they are
    what an index can use, and bounds on both sides are what has PostgreSQL take them for few: with
    one alone it reads everything before ``:start``, a whole life. The third, below zero, is what
    ``:since`` counted and was taken back after it.
    ``each`` ends every part, so that a page reads no more of any than it shows.
    """
    condition = filters_sql(filtered=filtered)
    return f"""
        ({_COLUMNS}, 1 AS sign FROM usage_events
        WHERE tenant_id = :tenant_id AND type = :type AND time >= :start AND time < :end
        AND pg_visible_in_snapshot(recorded, CAST(:cutoff AS pg_snapshot))
        {STANDS} {condition} {each})
        UNION ALL
        ({_COLUMNS}, 1 AS sign FROM usage_events
        WHERE tenant_id = :tenant_id AND type = :type AND time < :start
        AND recorded >= pg_snapshot_xmin(CAST(:since AS pg_snapshot))
        AND recorded < pg_snapshot_xmax(CAST(:cutoff AS pg_snapshot))
        AND NOT pg_visible_in_snapshot(recorded, CAST(:since AS pg_snapshot))
        AND pg_visible_in_snapshot(recorded, CAST(:cutoff AS pg_snapshot))
        {STANDS} {condition} {each})
        UNION ALL
        ({_COLUMNS}, -1 AS sign FROM ({_TAKEN_BACK}) AS usage_events
        WHERE true {condition} {each})
    """


_INVERTED = """
    decode(translate(encode(hash, 'hex'), '0123456789abcdef', 'fedcba9876543210'), 'hex')
"""


_SIGNED = "sign > 0 OR CAST(:signed AS boolean)"


@cache
def total_sql(*, filtered: bool) -> TextClause:
    """Sum, count, digest, how many were taken back, and from when on events are kept.

    What was taken back is off where ``:signed``.

    The digest is that of `metering.domain.usage.event_set_digest`.
    """
    return text(
        f"""
        WITH named AS (
            SELECT *, CASE WHEN sign < 0 THEN {_INVERTED} ELSE hash END AS name
            FROM ({counted_sql(filtered=filtered)}) AS counted
        ),
        branches AS (
            SELECT get_byte(name, 0) AS branch,
                sum(sign * ({QUANTITY})) FILTER (WHERE {_SIGNED}) AS quantity,
                sum(sign) FILTER (WHERE {_SIGNED}) AS events,
                sha256(string_agg(name, CAST('' AS bytea) ORDER BY name)
                    FILTER (WHERE {_SIGNED})) AS digest,
                count(*) FILTER (WHERE sign < 0) AS taken_back
            FROM named GROUP BY get_byte(name, 0)
        )
        SELECT coalesce(sum(quantity), 0), coalesce(sum(events), 0),
            encode(sha256(coalesce(
                string_agg(digest, CAST('' AS bytea) ORDER BY branch), CAST('' AS bytea)
            )), 'hex'),
            coalesce(sum(taken_back), 0), {KEPT_FROM}
        FROM branches
        """  # noqa: S608 - built from our own text
    )


_ASKED = re.compile(r"(?<![:\w]):(property|type|start|end|cutoff|since|filters|signed)\b")


@cache
def totals_sql(*, filtered: bool) -> TextClause:
    """`total_sql` of several meters at once: one row each, by its number ``n`` in ``:asked``.

    Cut-offs are read from their texts once, not at every event.
    """
    total = _ASKED.sub(r'asked."\1"', total_sql(filtered=filtered).text)
    return text(
        f"""
        SELECT asked.n, total.* FROM jsonb_to_recordset(CAST(:asked AS jsonb)) AS asked (
            n integer, property text, type text, start timestamptz, "end" timestamptz,
            cutoff pg_snapshot, since pg_snapshot, filters jsonb, signed boolean
        ) CROSS JOIN LATERAL ({total}) AS total
        """  # noqa: S608 - built from our own text
    )


# The first condition says less than the second; it is what an index can use.
_PAGE = """
    AND time >= coalesce(CAST(:after_time AS timestamptz), '-infinity')
    AND (CAST(:after_time AS timestamptz) IS NULL
        OR (time, source, id) > (:after_time, :after_source, :after_id))
    ORDER BY time, source, id LIMIT :limit
"""


_TAKES = """(
    SELECT target_id FROM usage_retractions AS taking WHERE taking.tenant_id = :tenant_id
    AND taking.source = counted.source AND taking.by_id = counted.id
)"""


@cache
def events_sql(*, filtered: bool) -> TextClause:
    """One page of the events that are counted."""
    return text(
        f"""
        SELECT time, source, id, type, subject, CAST(data AS text), hash, {_TAKES}, sign
        FROM ({counted_sql(filtered=filtered, each=_PAGE)}) AS counted
        ORDER BY time, source, id LIMIT :limit
        """  # noqa: S608 - built from our own text
    )


CUTOFF = text("SELECT CAST(pg_current_snapshot() AS text)")
