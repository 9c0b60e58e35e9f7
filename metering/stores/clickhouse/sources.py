"""What each of some sources adds to a meter, in ClickHouse."""

from collections.abc import Sequence
from decimal import Decimal

from metering.domain.numbers import shortest
from metering.stores.clickhouse.client import ClickHouse
from metering.stores.clickhouse.query_sql import EVENT, Asking, reduced


async def by_source(
    clickhouse: ClickHouse, asking: Asking, sources: Sequence[str]
) -> dict[str, Decimal]:
    """Return the quantity of every one of ``sources`` that has any, by a meter that adds up."""
    bound = {**asking.bound, f"{asking.prefix}_sources": list(sources)}
    rows = await clickhouse.ask(_by_source_sql(asking), bound)
    return {row[0]: shortest(Decimal(row[1])) for row in rows}


def _by_source_sql(asking: Asking) -> str:
    own = f"AND source IN {asking.name('sources')}"
    return f"""
        SELECT source, {reduced(asking)}
        FROM (
            SELECT {EVENT}, sign, {asking.quantity()} AS quantity_,
                texts[{asking.name("property")}] AS value
            FROM ({asking.counted(own)})
        ) GROUP BY source
    """  # noqa: S608 - built from our own text
