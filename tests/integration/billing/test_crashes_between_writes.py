"""A crash between any two writes of whatever makes or settles a document has one effect."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.exc import OperationalError

from control_plane.kernel.currency import currency
from control_plane.kernel.ids import TenantId
from control_plane.kernel.money import Money
from tests.integration.billing.test_convergence import lost_connection
from tests.support.billing_world import ACTOR, World

CNY = currency("CNY")
FEBRUARY = datetime(2026, 2, 10, 2, tzinfo=UTC)
GRACE = timedelta(days=3)


async def crashing(world: World, call: Callable[[], Awaitable[Any]]) -> int:
    """Let the connection break after every number of statements until the call comes through."""
    crashes = 0
    while True:
        with lost_connection(world, after=crashes):
            try:
                await call()
            except OperationalError:
                crashes += 1
                continue
        return crashes


async def in_order(world: World, tenant_id: TenantId) -> list[tuple[str, str, int]]:
    """Number, state and total of every invoice, after everything was proven."""
    invoices = await world.invoices(tenant_id)
    for invoice in invoices:
        verdict = await world.verify(tenant_id=tenant_id, invoice_id=invoice.summary.id)
        assert verdict.differences == ()
    assert await world.check_books(tenant_id) == []
    return [(i.summary.number, i.summary.state.value, i.summary.total.minor) for i in invoices]


async def test_a_crash_between_any_two_writes_of_issuing_after_grace_has_one_effect(
    world: World, tenant_id
):
    await world.subscribe(tenant_id)
    await world.set_terms(
        tenant_id=tenant_id, policies={}, grace=GRACE, threshold_minor=None, actor=ACTOR
    )
    await world.ship(tenant_id, FEBRUARY - timedelta(days=9), 2100)
    world.clock.set(FEBRUARY)
    assert await world.close_due(tenant_id) == []
    world.clock.set(FEBRUARY + GRACE)

    assert await crashing(world, lambda: world.close_due(tenant_id)) > 5

    assert await in_order(world, tenant_id) == [
        ("TY-2026-000001", "issued", 199900),
        ("TY-2026-000002", "issued", 200400),
    ]


async def test_a_crash_between_any_two_writes_of_a_credit_note_has_one_effect(
    world: World, tenant_id
):
    await world.subscribe(tenant_id)
    [invoice] = await world.invoices(tenant_id)

    async def give() -> None:
        await world.give(
            tenant_id=tenant_id, invoice_id=invoice.summary.id, reason="an outage", actor=ACTOR
        )

    assert await crashing(world, give) > 5

    [note] = await world.notes(tenant_id)
    found = await world.verify_note(tenant_id=tenant_id, note_id=note.summary.id)
    assert (note.summary.total.minor, found.differences) == (199900, ())
    assert await in_order(world, tenant_id) == [("TY-2026-000001", "paid", 199900)]


async def test_a_crash_between_any_two_writes_of_a_payment_has_one_effect(world: World, tenant_id):
    await world.subscribe(tenant_id)
    [invoice] = await world.invoices(tenant_id)

    async def pay() -> None:
        await world.record_payment(
            tenant_id=tenant_id,
            invoice_id=invoice.summary.id,
            amount=Money(199900, CNY),
            reference="BOC-1",
            actor=ACTOR,
        )

    assert await crashing(world, pay) > 3

    assert await in_order(world, tenant_id) == [("TY-2026-000001", "paid", 199900)]
    assert (await world.credit(tenant_id)).totals == ()


async def test_a_crash_between_any_two_writes_of_a_collection_takes_the_money_once(
    world: World, tenant_id
):
    await world.set_payment_method(
        tenant_id=tenant_id, provider="memory", method="good", actor=ACTOR
    )
    await world.subscribe(tenant_id)
    [invoice] = await world.invoices(tenant_id)

    async def collect() -> None:
        await world.collect(
            tenant_id=tenant_id,
            invoice_id=invoice.summary.id,
            request_key="r1",
            actor="billing",
        )

    assert await crashing(world, collect) > 5

    assert world.provider.taken == [Money(199900, CNY)]
    assert await in_order(world, tenant_id) == [("TY-2026-000001", "paid", 199900)]
