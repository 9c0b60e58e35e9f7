"""What came late is looked for among what came since, not among all that ever was."""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from control_plane.kernel.ids import TenantId, new_id
from metering.stores.added_sql import added_sql
from metering.stores.query_sql import CUTOFF
from metering.stores.reading import asked_json
from tests.support.plans import rows_read

YEARS = timedelta(days=5 * 365)
OPENED = datetime(2031, 1, 10, 2, tzinfo=UTC)
TYPES = [f"tallyard.{module}.posted" for module in ("inbound", "outbound", "stock")]
_LIVED = """
    INSERT INTO usage_events (tenant_id, type, time, source, id, data, hash)
    SELECT tenant, type, %(start)s + n * (%(end)s - %(start)s) / 301, '/i', type || n,
        '{"lines": 1}', sha256(convert_to(tenant || type || n, 'UTF8'))
    FROM unnest(%(tenants)s::uuid[]) AS tenant,
        unnest(%(types)s::text[]) AS type,
        generate_series(1, 300) AS n
"""


async def test_an_old_life_is_not_read_to_find_what_came_late(work, system, admin):
    tenants = [TenantId(new_id()) for _ in range(30)]
    lived = {"tenants": tenants, "types": TYPES, "start": OPENED - YEARS, "end": OPENED}
    admin.execute(_LIVED, lived)
    since = await beyond(system, admin)
    came_late = _LIVED.replace("type || n, ", "'late', ").replace("(1, 300)", "(7, 7)")
    admin.execute(came_late, lived)
    admin.execute("VACUUM ANALYZE usage_events")
    question = {
        "property": "lines",
        "type": TYPES[1],
        "start": OPENED,
        "end": OPENED + timedelta(days=31),
        "cutoff": str(await system.ask(CUTOFF)),
        "since": since,
        "filters": "[]",
        "signed": True,
    }

    async with work(tenants[3]) as session:
        bound = {"tenant_id": tenants[3], "asked": asked_json([(0, question)])}
        [row] = await session.execute(added_sql(filtered=False), bound)
        explained = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {added_sql(filtered=False).text}")
        plan = (await session.execute(explained, bound)).scalar_one()

    assert int(row.events) == 1
    assert rows_read(plan, "usage_events") == 1


async def beyond(system, admin):
    """Give a snapshot in which nothing as old as the events runs any more.

    Transactions of other tests on the same server, which began before, hold its beginning back.
    """
    [last] = admin.execute("SELECT max(CAST(CAST(recorded AS text) AS bigint)) FROM usage_events")
    while int((since := str(await system.ask(CUTOFF))).split(":")[0]) <= last[0]:
        await asyncio.sleep(0.01)
    return since
