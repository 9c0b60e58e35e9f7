"""Usage that is taken back after its period was closed is credited at the prices it was billed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from billing.domain.records import InvoiceState
from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.ids import TenantId
from metering.domain.events import UsageEvent
from metering.services.roll_usage import RollUsage
from tests.support.billing_world import CATALOGUE, World, shipment
from tests.support.usage import usage_event
from web.api.note_views import event_page

FEBRUARY, MARCH, APRIL, MAY = [datetime(2026, month, 10, 2, tzinfo=UTC) for month in (2, 3, 4, 5)]
JANUARY_20 = datetime(2026, 1, 20, tzinfo=UTC)
FEBRUARY_20 = datetime(2026, 2, 20, tzinfo=UTC)
METER = "aggregation: sum,\n     property: lines"


async def keep(world: World, tenant_id: TenantId, *events: UsageEvent) -> None:
    results = await world.usage.ingest(tenant_id, events)
    assert [r.status.value for r in results] == ["accepted"] * len(events)


def taking_back(event: UsageEvent, lines: int | None = None) -> UsageEvent:
    kind = "retracts" if lines is None else "corrects"
    return usage_event(
        f"of-{event.id}",
        source=event.source,
        time=event.time,
        data={} if lines is None else {"lines": lines},
        **{kind: event.id},
    )


async def close(world: World, tenant_id: TenantId, at: datetime) -> None:
    world.clock.set(at)
    await world.close_due(tenant_id)


async def usage_billed(world: World, tenant_id: TenantId) -> int:
    """Minor units of usage that stand billed, credit notes off."""
    found = [
        i for i in await world.invoices(tenant_id) if i.summary.state is not InvoiceState.VOIDED
    ]
    billed = sum(
        line["amount_minor"]
        for i in found
        for line in i.content["lines"]
        if line["kind"] == "usage"
    )
    return billed - sum(n.summary.total.minor for n in await world.notes(tenant_id))


async def all_verify(world: World, tenant_id: TenantId) -> None:
    for invoice in await world.invoices(tenant_id):
        verdict = await world.verify(tenant_id=tenant_id, invoice_id=invoice.summary.id)
        assert verdict.differences == ()
    for note in await world.notes(tenant_id):
        verdict = await world.verify_note(tenant_id=tenant_id, note_id=note.summary.id)
        assert verdict.differences == ()
    assert await world.check_books(tenant_id) == []


@pytest.fixture(params=["current_period", "correct"])
async def policy(request: pytest.FixtureRequest, world: World) -> Any:
    text = CATALOGUE.replace(METER, f"{METER}, late: {request.param}")
    await ApplyCatalog(world.database, world.clock)(text)
    return request.param


@pytest.mark.parametrize("own", [0, 100, 4000])
async def test_usage_taken_back_after_its_close_is_credited_where_it_was_billed(
    world: World, tenant_id, policy, own
):
    kept, wrong = shipment(JANUARY_20, 3000), shipment(JANUARY_20, 4000)
    await world.subscribe(tenant_id)
    await keep(world, tenant_id, kept, wrong)
    await close(world, tenant_id, FEBRUARY)
    assert await usage_billed(world, tenant_id) == 25000  # 5,000 of 7,000 at 0.05

    await keep(world, tenant_id, taking_back(wrong), shipment(FEBRUARY_20, own))
    await close(world, tenant_id, MARCH)

    [note] = await world.notes(tenant_id)
    assert note.summary.total.minor == 20000  # what 4,000 lines of January were billed
    february = 10000 if own == 4000 else 0
    assert await usage_billed(world, tenant_id) == 5000 + february
    await close(world, tenant_id, APRIL)
    assert await usage_billed(world, tenant_id) == 5000 + february
    await all_verify(world, tenant_id)


async def test_rollups_say_what_was_taken_back_as_events_do(world: World, tenant_id, policy):
    roll = RollUsage(world.work, world.clock)
    kept, wrong = shipment(JANUARY_20, 3000), shipment(JANUARY_20, 4000)
    await world.subscribe(tenant_id)
    await keep(world, tenant_id, kept, wrong)
    await roll(tenant_id)
    await close(world, tenant_id, FEBRUARY)
    assert await usage_billed(world, tenant_id) == 25000

    await keep(world, tenant_id, shipment(FEBRUARY_20, 100), taking_back(wrong, 500))
    await roll(tenant_id)
    await close(world, tenant_id, MARCH)

    assert await usage_billed(world, tenant_id) == 7500
    await all_verify(world, tenant_id)


async def test_a_correction_after_the_close_charges_what_is_right(world: World, tenant_id, policy):
    wrong = shipment(JANUARY_20, 3000)
    await world.subscribe(tenant_id)
    await keep(world, tenant_id, wrong)
    await close(world, tenant_id, FEBRUARY)

    await keep(world, tenant_id, taking_back(wrong, 2600))
    await close(world, tenant_id, MARCH)
    assert await usage_billed(world, tenant_id) == 3000

    await keep(world, tenant_id, taking_back(taking_back(wrong, 2600), 4000))
    await close(world, tenant_id, APRIL)
    assert await usage_billed(world, tenant_id) == 10000
    await all_verify(world, tenant_id)


async def test_usage_that_came_late_and_is_taken_back_later_is_credited_once(
    world: World, tenant_id, policy
):
    late, more = shipment(JANUARY_20, 4000), shipment(JANUARY_20, 1000)
    await world.subscribe(tenant_id)
    await close(world, tenant_id, FEBRUARY)
    await keep(world, tenant_id, late)
    await close(world, tenant_id, MARCH)
    assert await usage_billed(world, tenant_id) == 10000

    await keep(world, tenant_id, taking_back(late), more, shipment(FEBRUARY_20, 2500))
    await close(world, tenant_id, APRIL)

    # From the period of what was taken back on, each event is billed in its own.
    assert await usage_billed(world, tenant_id) == 2500
    await close(world, tenant_id, MAY)
    assert await usage_billed(world, tenant_id) == 2500
    await all_verify(world, tenant_id)


async def test_the_events_of_a_line_are_those_that_stand(world: World, tenant_id):
    kept, wrong = shipment(JANUARY_20, 3000), shipment(JANUARY_20, 4000)
    await world.subscribe(tenant_id)
    await keep(world, tenant_id, kept, wrong)
    await close(world, tenant_id, FEBRUARY)
    await keep(world, tenant_id, taking_back(wrong))
    await close(world, tenant_id, MARCH)

    invoice = (await world.invoices(tenant_id))[1]
    [billed] = [line["key"] for line in invoice.content["lines"] if line["kind"] == "usage"]
    [note] = await world.notes(tenant_id)
    [credited] = [line["key"] for line in note.content["lines"]]

    before = await world.line_events(
        tenant_id=tenant_id, invoice_id=invoice.summary.id, line_key=billed
    )
    after = await world.line_events.of_note(
        tenant_id=tenant_id, note_id=note.summary.id, line_key=credited
    )
    assert {event.id for event in before.events} == {kept.id, wrong.id}
    assert {event.id for event in after.events} == {kept.id}


async def test_a_line_shows_what_its_events_correct(world: World, tenant_id):
    wrong = shipment(JANUARY_20, 3000)
    await world.subscribe(tenant_id)
    await keep(world, tenant_id, wrong, taking_back(wrong, 4000))
    await close(world, tenant_id, FEBRUARY)
    invoice = (await world.invoices(tenant_id))[1]
    [billed] = [line["key"] for line in invoice.content["lines"] if line["kind"] == "usage"]

    page = await world.line_events(
        tenant_id=tenant_id, invoice_id=invoice.summary.id, line_key=billed
    )

    [shown] = event_page(page).events
    assert (shown.data, shown.corrects, shown.taken_back) == ({"lines": 4000}, wrong.id, False)
