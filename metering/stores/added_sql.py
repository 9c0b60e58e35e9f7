"""Totals whose digest adds up, straight from the events: see `metering.domain.digests`."""

import re
from functools import cache

from sqlalchemy import TextClause, text

from metering.stores.horizon_sql import KEPT_FROM
from metering.stores.query_sql import QUANTITY, counted_sql

_LANES = range(4)
_SIGNED = "FILTER (WHERE sign > 0 OR CAST(:signed AS boolean))"
_ASKED = re.compile(r"(?<![:\w]):(property|type|start|end|cutoff|since|filters|signed)\b")


def _lane(n: int) -> str:
    """Add one lane up; of what is taken back, that of the hash with every bit turned."""
    lane = f"CAST(substring(hash FROM {n * 8 + 1} FOR 8) AS bigint)"
    return f"sum(CASE WHEN sign > 0 THEN {lane} ELSE ~{lane} END) {_SIGNED}"


def _added(*, filtered: bool) -> str:
    lanes = ", ".join(f"coalesce({_lane(n)}, 0)" for n in _LANES)
    return f"""
        SELECT coalesce(sum(sign * ({QUANTITY})) {_SIGNED}, 0) AS quantity,
            coalesce(sum(sign) {_SIGNED}, 0) AS events, count(*) {_SIGNED} AS names,
            count(*) FILTER (WHERE sign < 0) AS taken_back, {KEPT_FROM} AS kept_from, {lanes}
        FROM ({counted_sql(filtered=filtered)}) AS counted
    """  # noqa: S608 - built from our own text


@cache
def added_sql(*, filtered: bool) -> TextClause:
    """Quantity, events, hashes, those taken back, from when on events are kept, and the lanes.

    One row for each question of ``:asked``, by its number ``n``, as in
    `metering.stores.query_sql.totals_sql`.
    """
    total = _ASKED.sub(r'asked."\1"', _added(filtered=filtered))
    return text(
        f"""
        SELECT asked.n, total.* FROM jsonb_to_recordset(CAST(:asked AS jsonb)) AS asked (
            n integer, property text, type text, start timestamptz, "end" timestamptz,
            cutoff pg_snapshot, since pg_snapshot, filters jsonb, signed boolean
        ) CROSS JOIN LATERAL ({total}) AS total
        """  # noqa: S608 - built from our own text
    )
