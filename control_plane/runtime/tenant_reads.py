"""One question within one tenant, for whoever cannot wait for a transaction's round trips."""

from collections.abc import Sequence
from typing import Any, LiteralString, cast

from control_plane.kernel.ids import TenantId
from control_plane.runtime.database import Database
from control_plane.runtime.reads import Driver, give_back
from control_plane.runtime.roles import Role

_BIND = "SELECT set_config('app.tenant_id', %s, true)"


async def ask_tenant(
    database: Database, tenant_id: TenantId, statement: LiteralString, values: Sequence[object]
) -> list[tuple[Any, ...]]:
    """Return a statement's rows, as the tenant's role sees them, in a transaction of its own.

    The transaction travels in one piece: it is bound to the tenant, asks and ends within one round
    trip. PostgreSQL takes what comes before a pipeline's one Sync for one transaction, where there
    is no BEGIN; each BEGIN and COMMIT would have a Sync, and so a round trip, of its own.
    ``statement`` has the driver's own placeholders.
    """
    lent = await database.engine(Role.TENANT).raw_connection()
    driver = cast("Driver", lent.driver_connection)
    transacting = not driver.autocommit
    sound = False
    try:
        if transacting:
            await driver.set_autocommit(True)
        async with driver.cursor(binary=True) as cursor:
            async with driver.pipeline():
                await driver.execute(_BIND, [str(tenant_id)])
                await cursor.execute(statement, values)
            rows = await cursor.fetchall()
        sound = True
        return rows
    finally:
        # After a failure in a pipeline, what the driver thinks is prepared need not be.
        await give_back(lent, transacting=transacting, sound=sound)
