"""A close reads rollups; verifying adds up the events, and so proves them."""

from datetime import UTC, datetime, timedelta

import pytest

from metering.services.roll_usage import RollUsage
from tests.support.billing_world import World, shipment

FEBRUARY, MARCH = (datetime(2026, month, 10, 2, tzinfo=UTC) for month in (2, 3))
TENTH = datetime(2026, 1, 10, 2, tzinfo=UTC)


@pytest.fixture
async def rolled(world: World, tenant_id):
    """A month's events, most of them rolled up, the last ones not."""
    await world.subscribe(tenant_id)
    events = [shipment(TENTH + timedelta(hours=7 * n), n % 5 + 40) for n in range(90)]
    await world.usage.ingest(tenant_id, events[:80])
    await RollUsage(world.work, world.clock)(tenant_id)
    await world.usage.ingest(tenant_id, events[80:])
    return sum(n % 5 + 40 for n in range(90))


async def test_a_close_reads_rollups_and_the_events_confirm_it(world: World, rolled, tenant_id):
    world.clock.set(FEBRUARY)
    await world.close_due(tenant_id)

    invoice = (await world.invoices(tenant_id))[-1]
    [usage] = invoice.inputs["usage"]
    assert (usage["quantity"], usage["events"]) == (str(rolled), 90)
    assert usage["digest"].startswith("sum256:90:")
    verdict = await world.verify(tenant_id=tenant_id, invoice_id=invoice.summary.id)
    assert verdict.differences == ()


async def test_a_close_from_a_wrong_rollup_does_not_verify(world: World, rolled, tenant_id, admin):
    admin.execute("UPDATE usage_rollups SET total = total + 7 WHERE level = 2")
    world.clock.set(FEBRUARY)
    await world.close_due(tenant_id)

    invoice = (await world.invoices(tenant_id))[-1]
    verdict = await world.verify(tenant_id=tenant_id, invoice_id=invoice.summary.id)
    assert any("measures" in difference for difference in verdict.differences)
