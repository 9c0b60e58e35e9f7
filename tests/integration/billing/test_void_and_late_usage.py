"""Whatever is voided and billed again, usage that came late is billed once."""

from datetime import UTC, datetime

import pytest

from billing.domain.records import InvoiceState
from tests.support.billing_world import ACTOR, World

FEBRUARY, MARCH = [datetime(2026, month, 10, 2, tzinfo=UTC) for month in (2, 3)]
JANUARY_20 = datetime(2026, 1, 20, tzinfo=UTC)


async def void(world: World, tenant_id, number: str) -> None:
    [wrong] = [i for i in await world.invoices(tenant_id) if i.summary.number.endswith(number)]
    await world.void(
        tenant_id=tenant_id, invoice_id=wrong.summary.id, reason="wrong name", actor=ACTOR
    )


async def standing(world: World, tenant_id) -> int:
    found = [i.summary for i in await world.invoices(tenant_id)]
    notes = sum(n.summary.total.minor for n in await world.notes(tenant_id))
    return sum(i.total.minor for i in found if i.state is not InvoiceState.VOIDED) - notes


@pytest.mark.parametrize("voided", [("2",), ("3",), ("1", "2", "3")])
async def test_what_came_late_is_billed_once_whatever_is_billed_again(
    world: World, tenant_id, voided
):
    await world.subscribe(tenant_id)
    await world.ship(tenant_id, JANUARY_20, 3000)
    world.clock.set(FEBRUARY)
    await world.close_due(tenant_id)
    await world.ship(tenant_id, JANUARY_20, 4000)
    world.clock.set(MARCH)
    await world.close_due(tenant_id)
    before = await standing(world, tenant_id)

    for number in voided:
        await void(world, tenant_id, number)
    await world.close_due(tenant_id)

    assert await standing(world, tenant_id) == before
    await world.ship(tenant_id, JANUARY_20, 1000)
    for invoice in await world.invoices(tenant_id):
        verdict = await world.verify(tenant_id=tenant_id, invoice_id=invoice.summary.id)
        assert verdict.differences == ()
    assert await world.check_books(tenant_id) == []


async def test_what_came_late_before_a_void_joins_the_period_it_belongs_to(world: World, tenant_id):
    await world.subscribe(tenant_id)
    await world.ship(tenant_id, JANUARY_20, 3000)
    world.clock.set(FEBRUARY)
    await world.close_due(tenant_id)
    await world.ship(tenant_id, JANUARY_20, 4000)
    await void(world, tenant_id, "2")
    await world.close_due(tenant_id)
    world.clock.set(MARCH)
    await world.close_due(tenant_id)
    world.clock.set(datetime(2026, 4, 10, 2, tzinfo=UTC))
    await world.close_due(tenant_id)

    # Four fees, and all 7,000 lines in the period that is billed anew, 2,000 of them included.
    assert await standing(world, tenant_id) == 4 * 199900 + 25000
    assert await world.check_books(tenant_id) == []
