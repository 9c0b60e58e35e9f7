"""How usage is asked for in PostgreSQL."""

from sqlalchemy import text

from metering.domain.numbers import QUANTITY_TEXT

# The same rule as `metering.domain.numbers.quantity`. Names like `:property` are
# bound; the colon of a regular expression or a cast is not one.
_QUANTITY = f"""
    CASE
        WHEN CAST(:property AS text) IS NULL THEN 1
        WHEN jsonb_typeof(data -> CAST(:property AS text)) IN ('number', 'string')
            AND data ->> CAST(:property AS text) ~ '^{QUANTITY_TEXT}$'
        THEN CAST(data ->> CAST(:property AS text) AS numeric)
    END
"""

_IN_PERIOD = """
    SELECT time, source, id, type, subject, data, hash FROM usage_events
    WHERE tenant_id = :tenant_id AND type = :type AND time >= :start AND time < :end
    AND pg_visible_in_snapshot(recorded, CAST(:cutoff AS pg_snapshot))
"""

# The comparison with xmin is implied by the other; it is what an index can use.
_LATE = """
    SELECT time, source, id, type, subject, data, hash FROM usage_events
    WHERE tenant_id = :tenant_id AND type = :type AND time < :start
    AND recorded >= pg_snapshot_xmin(CAST(:since AS pg_snapshot))
    AND NOT pg_visible_in_snapshot(recorded, CAST(:since AS pg_snapshot))
    AND pg_visible_in_snapshot(recorded, CAST(:cutoff AS pg_snapshot))
"""

# Two halves that cannot overlap; without `since` the second one is empty.
_COUNTED = f"{_IN_PERIOD} UNION ALL {_LATE}"

# The same digest as `metering.domain.usage.event_set_digest`.
TOTAL = text(
    f"""
    WITH branches AS (
        SELECT get_byte(hash, 0) AS branch, sum({_QUANTITY}) AS quantity, count(*) AS events,
            sha256(string_agg(hash, CAST('' AS bytea) ORDER BY hash)) AS digest
        FROM ({_COUNTED}) AS counted GROUP BY get_byte(hash, 0)
    )
    SELECT coalesce(sum(quantity), 0), coalesce(sum(events), 0),
        encode(sha256(coalesce(
            string_agg(digest, CAST('' AS bytea) ORDER BY branch), CAST('' AS bytea)
        )), 'hex')
    FROM branches
    """  # noqa: S608 - built from our own text
)

SERIES = text(
    f"""
    SELECT width_bucket(time, CAST(:starts AS timestamptz[])) - 1,
        coalesce(sum({_QUANTITY}), 0), count(*)
    FROM usage_events
    WHERE tenant_id = :tenant_id AND type = :type AND time >= :start AND time < :end
    GROUP BY 1
    """  # noqa: S608 - built from our own text
)

EVENTS = text(
    f"""
    SELECT time, source, id, type, subject, CAST(data AS text), hash
    FROM ({_COUNTED}) AS counted
    WHERE CAST(:after_time AS timestamptz) IS NULL
        OR (time, source, id) > (:after_time, :after_source, :after_id)
    ORDER BY time, source, id LIMIT :limit
    """  # noqa: S608 - built from our own text
)

CUTOFF = text("SELECT CAST(pg_current_snapshot() AS text)")
