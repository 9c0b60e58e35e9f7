"""Questions asked so often that what stands between a session and its driver costs more than they.

`fetch` asks over the session's own connection, inside its transaction, as `writes.run` does; rows
are plain tuples. `PLANNED_ONCE` has PostgreSQL plan such statements once a connection.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeAlias, cast

import psycopg
from sqlalchemy import TextClause, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from control_plane.runtime.writes import CONNECTION

Driver: TypeAlias = "psycopg.AsyncConnection[tuple[Any, ...]]"

_DRIVER = "tallyard_driver"
_DIALECT = make_url("postgresql+psycopg://").get_dialect()()

PLANNED_ONCE = (
    "set_config('plan_cache_mode', 'force_generic_plan', true), set_config('jit', 'off', true)"
)
"""Columns that have what follows in the transaction planned without looking at what is bound.

For statements that read few rows by their keys, however many partitions they name: planning them
takes longer than executing them. Where rows have to be counted, say `PLANNED_EACH` before.
"""

PLANNED_EACH = "set_config('plan_cache_mode', 'auto', true)"


async def fetch(
    session: AsyncSession, statement: TextClause, values: Mapping[str, object]
) -> list[tuple[Any, ...]]:
    """Return a statement's rows."""
    driver = await _driver(session)
    async with driver.cursor() as cursor:
        await cursor.execute(_written(statement.text), values)
        return await cursor.fetchall()


async def _driver(session: AsyncSession) -> Driver:
    connection: AsyncConnection | None = session.info.get(CONNECTION)
    of, driver = session.info.get(_DRIVER, (None, None))
    if connection is None or of is not connection:
        connection = connection or await session.connection()
        driver = (await connection.get_raw_connection()).driver_connection
        session.info[_DRIVER] = (connection, driver)
    return cast("Driver", driver)


@lru_cache(maxsize=256)
def _written(sql: str) -> bytes:
    return str(TextClause(sql).compile(dialect=_DIALECT)).encode()
