"""Pieces of SQL that making, checking and reading rollups share."""

from metering.stores.query_sql import quantity_sql, text_sql

QUARTER, DAY, QUARTER_BY, DAY_BY = 1, 2, 3, 4
"""Levels: quarter hours and UTC days of everything, and the same by dimensions."""

STATE = (
    "events",
    "stated",
    "total",
    "most",
    "least",
    "latest",
    "latest_time",
    "latest_source",
    "latest_id",
    "money",
    "lane_1",
    "lane_2",
    "lane_3",
    "lane_4",
)
"""A rollup's columns, in the order in which `metering.stores.rollups.rows` reads them."""

PLAIN = "CAST('{}' AS text[])"
NO_KEY = "CAST('' AS bytea)"
EVENT = "e.time, e.source, e.id, e.data, e.hash"


def filters_sql(filters: str) -> str:
    """Write that the event ``e`` passes the filters of an expression of jsonb."""
    said = text_sql("filter.property").replace("data ->", "e.data ->")
    return f"""
        NOT EXISTS (
            SELECT FROM jsonb_to_recordset({filters}) AS filter (
                property text, "values" jsonb, exclude boolean
            )
            WHERE ((filter."values" ? {said}) IS TRUE) = filter.exclude
        )
    """


def standing_sql(cutoff: str) -> str:
    """Write that no event inside a cut-off takes the event ``e`` back."""
    return f"""
        NOT EXISTS (
            SELECT FROM usage_retractions AS r
            WHERE r.tenant_id = e.tenant_id AND r.source = e.source AND r.target_id = e.id
            AND pg_visible_in_snapshot(r.recorded, {cutoff})
        )
    """


def taken_sql(type_: str, retractions: str) -> str:
    """Write the FROM of the events ``e`` that retractions ``r`` name.

    Retractions are read first and each event by its key, whatever statistics know of new rows.
    """
    return f"""
        {retractions}
        CROSS JOIN LATERAL (
            SELECT i.event_time FROM usage_identities AS i
            WHERE i.tenant_id = r.tenant_id AND i.source = r.source AND i.id = r.target_id OFFSET 0
        ) AS i
        CROSS JOIN LATERAL (
            SELECT e.recorded, {EVENT} FROM usage_events AS e
            WHERE e.tenant_id = r.tenant_id AND e.type = {type_} AND e.time = i.event_time
            AND e.source = r.source AND e.id = r.target_id OFFSET 0
        ) AS e
    """  # noqa: S608 - built from our own text


def key_sql(dims: str) -> str:
    """Write the key of dimensions' texts, which may themselves be too long for an index."""
    return f"sha256(convert_to(CAST({dims} AS text), 'UTF8'))"


def dims_sql(names: str, count: int) -> str:
    """Write an event's texts of so many dimensions in ``names``, null where it has none."""
    texts = ", ".join(text_sql(f"{names}[{n + 1}]") for n in range(count))
    return f"CAST(ARRAY[{texts}] AS text[])"


def judged_sql(prop: str, money: str, aggregation: str) -> str:
    """Write what an event says of a meter: quantity, value, money, and the lanes of its hash.

    Arguments are expressions; ``prop`` and ``money`` are null where there is none.
    """
    lanes = ", ".join(
        f"CAST(substring(hash FROM {n * 8 + 1} FOR 8) AS bigint) AS lane_{n + 1}" for n in range(4)
    )
    return f"""
        CASE WHEN {aggregation} = 'unique' THEN NULL
            WHEN {prop} IS NULL THEN 1 ELSE {_quantity(prop)} END AS quantity,
        CASE WHEN {aggregation} = 'unique' THEN nullif({text_sql(prop)}, '') END AS value,
        {_quantity(money)} AS money, {lanes}
    """


def _quantity(expression: str) -> str:
    return quantity_sql("x").replace("CAST(:x AS text)", expression)


def state_sql(aggregation: str, *, proof: bool = True) -> str:
    """Write the columns of `STATE` over judged events; what a meter does not need is null.

    Without ``proof`` there are neither money nor lanes: zeros stand for them.
    """

    def extreme(name: str, reduced: str) -> str:
        return f"CASE WHEN {aggregation} = '{name}' THEN {reduced} END"

    def latest(column: str) -> str:
        ordered = f"array_agg({column} ORDER BY time DESC, source DESC, id DESC)"
        return extreme("latest", f"({ordered} FILTER (WHERE quantity IS NOT NULL))[1]")

    lanes = ", ".join(f"{f'sum(lane_{n})' if proof else 0} AS lane_{n}" for n in range(1, 5))
    money = "coalesce(sum(money), 0)" if proof else "0"
    return f"""
        count(*) AS events, count(quantity) + count(value) AS stated,
        coalesce(sum(quantity), 0) AS total,
        {extreme("max", "max(quantity)")} AS most, {extreme("min", "min(quantity)")} AS least,
        {latest("quantity")} AS latest, {latest("time")} AS latest_time,
        {latest("source")} AS latest_source, {latest("id")} AS latest_id,
        {money} AS money, {lanes}
    """
