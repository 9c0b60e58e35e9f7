"""Questions asked so often that what stands between a session and its driver costs more than they.

`fetch` asks over the session's own connection, inside its transaction, as `writes.run` does; `ask`
over one of a pool, outside of any. Rows are plain tuples. `PLANNED_ONCE` has PostgreSQL plan such
statements once a connection.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeAlias, cast

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import PoolProxiedConnection, TextClause, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.util.concurrency import greenlet_spawn

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
    return await _asked(await _driver(session), statement, values)


async def ask(
    engine: AsyncEngine, statement: TextClause, values: Mapping[str, object]
) -> list[tuple[Any, ...]]:
    """Return a statement's rows; it is a transaction by itself, committed when this returns."""
    lent = await engine.raw_connection()
    driver = cast("Driver", lent.driver_connection)
    transacting = not driver.autocommit
    try:
        if transacting:
            await driver.set_autocommit(True)
        return await _asked(driver, statement, values)
    finally:
        await give_back(lent, transacting=transacting)


async def give_back(lent: PoolProxiedConnection, *, transacting: bool) -> None:
    """Return a connection to its pool as it was, or have the pool forget it."""
    driver = cast("Driver", lent.driver_connection)
    sound = driver.pgconn.transaction_status == TransactionStatus.IDLE
    try:
        if sound and transacting:
            await driver.set_autocommit(False)
    except BaseException:
        sound = False  # cut off in between: the place in the pool is given back all the same
        raise
    finally:
        await greenlet_spawn(lent.close if sound else lent.invalidate)


async def _asked(
    driver: Driver, statement: TextClause, values: Mapping[str, object]
) -> list[tuple[Any, ...]]:
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
