"""An invoice is confirmed by the store that its events moved to, and billed on from there."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from metering.stores.routes import StoreName
from tests.support.billing_world import World, shipment
from tests.support.embedded_clickhouse import emptied, folder
from web.compose import compose

pytestmark = pytest.mark.xdist_group("clickhouse")


@pytest.fixture
async def application(settings, database, clock):
    await emptied()
    made = compose(replace(settings, clickhouse_url=f"chdb://{folder()}"), clock)
    yield made
    await made.close()


async def test_invoices_are_confirmed_wherever_their_events_are(
    world: World, tenant_id, application
):
    await world.subscribe(tenant_id)
    await world.usage.ingest(
        tenant_id, [shipment(datetime(2026, 1, 20, n, tzinfo=UTC), 700 + n) for n in range(5)]
    )
    world.clock.set(datetime(2026, 2, 10, 2, tzinfo=UTC))
    await world.close_due(tenant_id)
    invoices = await world.invoices(tenant_id)
    [usage] = [x for i in invoices for x in i.content["lines"] if x["kind"] == "usage"]
    move = await application.move_usage()

    for store in (StoreName.CLICKHOUSE, StoreName.POSTGRES):
        await move(tenant_id, store)
        for invoice in invoices:
            verified = await application.verify_invoice(
                tenant_id=tenant_id, invoice_id=invoice.summary.id
            )
            assert verified.confirmed, (store, verified)

    assert usage["quantity"] == str(5 * 700 + 10)
