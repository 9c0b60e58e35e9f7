"""One question within one tenant, for whoever cannot wait for a transaction's round trips."""

from collections.abc import Sequence
from typing import Any, LiteralString, TypeAlias, cast

import psycopg
from sqlalchemy.util.concurrency import greenlet_spawn

from control_plane.kernel.ids import TenantId
from control_plane.runtime.database import Database
from control_plane.runtime.roles import Role

_Driver: TypeAlias = "psycopg.AsyncConnection[tuple[Any, ...]]"
_BIND = "SELECT set_config('app.tenant_id', %s, true)"


async def ask_tenant(
    database: Database, tenant_id: TenantId, statement: LiteralString, values: Sequence[object]
) -> list[tuple[Any, ...]]:
    """Return a statement's rows, as the tenant's role sees them, in a transaction of its own.

    The transaction travels in one piece: it begins, is bound to the tenant, asks and ends within
    one round trip. ``statement`` has the driver's own placeholders.
    """
    lent = await database.engine(Role.TENANT).raw_connection()
    try:
        driver = cast("_Driver", lent.driver_connection)
        async with driver.pipeline(), driver.cursor(binary=True) as cursor:
            await driver.execute(_BIND, [str(tenant_id)])
            await cursor.execute(statement, values)
            await driver.commit()
            return await cursor.fetchall()
    finally:
        await greenlet_spawn(lent.close)
