"""The application with both stores: routed, moved and asked through its own use cases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from metering.domain.windows import Window
from metering.errors_moving import ClickHouseNotConfigured
from metering.stores.postgres import PostgresUsageStore
from metering.stores.routed import RoutedUsageStore
from metering.stores.routes import StoreName
from tests.support.embedded_clickhouse import emptied, folder
from tests.support.usage import CATALOGUE, JANUARY, cloud_event
from web.compose import compose

pytestmark = pytest.mark.xdist_group("clickhouse")


@pytest.fixture
async def application(settings, database, clock):
    await ApplyCatalog(database, clock)(CATALOGUE)
    await emptied()
    made = compose(replace(settings, clickhouse_url=f"chdb://{folder()}"), clock)
    yield made
    await made.close()


async def _used(application, tenant_id):
    series = await application.query_usage(
        tenant_id=tenant_id, meter_code="outbound_lines", period=JANUARY, window=Window.DAY
    )
    return series.quantity


async def test_usage_is_asked_of_the_store_that_it_moved_to(application, tenant_id, admin):
    assert isinstance(application.usage_store, RoutedUsageStore)
    await application.ingest_usage(tenant_id, [cloud_event("a"), cloud_event("b")])
    while await application.roll_usage(tenant_id):
        pass
    move = await application.move_usage()

    assert await move(tenant_id, StoreName.CLICKHOUSE) == 4  # two identities, two events
    admin.execute("UPDATE usage_alert_checks SET due = false")
    await application.ingest_usage(tenant_id, [cloud_event("c"), cloud_event("a")])
    due = admin.execute("SELECT due FROM usage_alert_checks").fetchall()
    assert due == [(True,)]  # alerts look at usage wherever it is kept
    assert await _used(application, tenant_id) == 9
    assert not await application.roll_usage(tenant_id)  # what is left here is not all of it
    assert await _used(application, tenant_id) == 9

    await move(tenant_id, StoreName.POSTGRES)
    await application.ingest_usage(tenant_id, [cloud_event("d"), cloud_event("c")])
    assert await _used(application, tenant_id) == 12
    while await application.roll_usage(tenant_id):
        pass
    assert await _used(application, tenant_id) == 12


async def test_a_process_without_the_address_refuses_to_work_beside_usage_there(
    settings, application, admin, tenant_id
):
    alone = compose(settings)
    assert isinstance(alone.usage_store, PostgresUsageStore)
    await alone.check_stores()
    admin.execute(
        "INSERT INTO usage_stores (tenant_id, store) VALUES (%s, 'clickhouse')", [tenant_id]
    )

    with pytest.raises(ClickHouseNotConfigured):
        await alone.check_stores()
    with pytest.raises(ClickHouseNotConfigured):
        await alone.move_usage()
    await application.check_stores()
    await alone.close()


async def test_a_delivery_that_is_undone_leaves_nothing_that_counts(application, tenant_id):
    move = await application.move_usage()
    await move(tenant_id, StoreName.CLICKHOUSE)

    with pytest.raises(ZeroDivisionError):
        async with application.work(tenant_id):
            await application.ingest_usage(tenant_id, [cloud_event(f"e{n}") for n in range(200)])
            raise ZeroDivisionError

    assert await _used(application, tenant_id) == 0
    (sweep,) = application.store_jobs
    assert await sweep.run() == 1
    assert timedelta(0) < sweep.grace
