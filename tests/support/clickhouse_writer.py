"""A process that stores usage in ClickHouse until it is killed, and one that sends it all again.

``python -m tests.support.clickhouse_writer FOLDER TENANT write|finish``
"""

import asyncio
import json
import sys
import uuid

from control_plane.kernel.ids import TenantId
from control_plane.runtime.database import Database
from control_plane.runtime.settings import load_settings
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from metering.domain.events import IngestStatus
from metering.stores.clickhouse.client import ConnectedClickHouse
from metering.stores.clickhouse.registry import Registry
from metering.stores.clickhouse.schema import make_tables
from metering.stores.clickhouse.store import ClickHouseUsageStore
from metering.stores.clickhouse.sweeping import SweepInserts
from tests.support.usage import JANUARY, LINES, usage_event

DELIVERIES, SIZE = 200, 20


def _delivery(number: int):
    numbers = range(number * SIZE, (number + 1) * SIZE)
    return [usage_event(f"e{n}", data={"lines": n}) for n in numbers]


async def _write(store: ClickHouseUsageStore, tenant_id: TenantId) -> None:
    for number in range(DELIVERIES):
        await store.ingest(tenant_id, _delivery(number))
        print(number, flush=True)


async def _finish(store: ClickHouseUsageStore, tenant_id: TenantId) -> None:
    before = await _total(store, tenant_id)
    await SweepInserts(store.system, store.clickhouse).run()
    every = [event for number in range(DELIVERIES) for event in _delivery(number)]
    answers = await store.ingest(tenant_id, every)
    after = await _total(store, tenant_id)
    accepted = sum(answer.status is IngestStatus.ACCEPTED for answer in answers)
    print(
        json.dumps(
            {
                "before": before.events,
                "stored_again": accepted,
                "events": after.events,
                "quantity": str(after.quantity),
            }
        )
    )


async def _total(store: ClickHouseUsageStore, tenant_id: TenantId):
    cutoff = await store.cutoff()
    return await store.total(tenant_id, LINES, JANUARY, cutoff=cutoff, since=None)


async def main(folder: str, tenant: str, mode: str) -> None:
    database = Database(load_settings())
    system = SystemWork(database)
    clickhouse = ConnectedClickHouse(f"chdb://{folder}")
    await make_tables(clickhouse)
    store = ClickHouseUsageStore(UnitOfWork(database), system, clickhouse, Registry(system))
    await (_write if mode == "write" else _finish)(store, TenantId(uuid.UUID(tenant)))
    await clickhouse.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
