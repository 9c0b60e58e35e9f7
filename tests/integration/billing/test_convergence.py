"""Re-running the close, at once, after crashes or by two workers, changes nothing."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from billing.jobs import CloseDuePeriods
from billing.repositories.accounts import AccountRepository
from control_plane.kernel.ids import TenantId
from tests.support.billing_world import World, organisation

FEBRUARY = datetime(2026, 2, 10, 2, tzinfo=UTC)


@contextmanager
def lost_connections(world: World, lost: Callable[[int], bool]) -> Iterator[list[str]]:
    """Break off whoever sends the n-th statement of the block where ``lost`` says so.

    What is sent, the broken statements included, is told as it is.
    """
    engine = world.database.engine("tenant").sync_engine
    sent: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)
        if lost(len(sent)):
            raise OperationalError("statement", {}, Exception("the connection was lost"))

    event.listen(engine, "before_cursor_execute", count)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", count)


def lost_connection(world: World, after: int) -> AbstractContextManager[list[str]]:
    """Break off whatever runs once it has sent so many statements."""
    return lost_connections(world, lambda sent: sent > after)


async def test_a_crash_between_any_two_writes_of_the_close_has_one_effect(world: World, tenant_id):
    await world.subscribe(tenant_id)
    await world.ship(tenant_id, datetime(2026, 1, 20, tzinfo=UTC), 2100)
    await world.upcoming(tenant_id)  # what is sold is known, and not asked for on the way
    world.clock.set(FEBRUARY)

    broken: list[str] = []
    while True:
        with lost_connection(world, after=len(broken)) as sent:
            try:
                await world.close_due(tenant_id)
            except OperationalError:
                broken.append(sent[len(broken)])
                continue
        break

    assert broken == sent, "a statement was not crashed"
    assert len(broken) > 6
    assert [i.summary.number for i in await world.invoices(tenant_id)] == [
        "TY-2026-000001",
        "TY-2026-000002",
    ]
    assert await world.check_books(tenant_id) == []


async def test_a_crash_between_any_two_writes_of_a_plan_change_has_one_effect(
    world: World, tenant_id
):
    subscription = await world.subscribe(tenant_id)
    world.clock.advance(days=5)
    what = {"tenant_id": tenant_id, "subscription_id": subscription, "plan_code": "scale"}
    preview = await world.preview_plan_change(**what)

    broken: list[str] = []
    while True:
        with lost_connection(world, after=len(broken)) as sent:
            try:
                changed = await world.change_plan(**what, token=preview.token, actor="usr_test")
            except OperationalError:
                broken.append(sent[len(broken)])
                continue
        break

    assert broken == sent, "a statement was not crashed"
    assert len(broken) > 6
    [invoice] = changed.invoices
    assert invoice.total == preview.total
    assert len(await world.invoices(tenant_id)) == 2


async def test_two_workers_on_one_period_issue_one_invoice(world: World, tenant_id):
    await world.subscribe(tenant_id)
    world.clock.set(FEBRUARY)

    issued = await asyncio.gather(*(world.close_due(tenant_id, wait=True) for _ in range(4)))

    assert [len(run) for run in sorted(issued, key=len)] == [0, 0, 0, 1]


async def test_without_waiting_a_tenant_that_is_held_is_passed_over(world: World, tenant_id):
    await world.subscribe(tenant_id)
    world.clock.set(FEBRUARY)

    async with world.work(tenant_id) as session:
        await AccountRepository(session).lock(tenant_id)
        passed_over = await asyncio.create_task(world.close_due(tenant_id))

    assert passed_over == []


async def test_numbers_have_no_gaps_when_many_tenants_close_at_once(world: World, admin):
    tenants = [organisation(admin, f"shop-{n}") for n in range(12)]
    for tenant in tenants:
        await world.subscribe(tenant)
    world.clock.set(datetime(2026, 5, 10, 2, tzinfo=UTC))

    async def close(tenant: TenantId) -> None:
        while True:
            try:
                await world.close_due(tenant)
            except OperationalError:
                continue
            break

    with lost_connections(world, lambda sent: sent % 59 == 0):
        await asyncio.gather(*map(close, tenants))

    places = [row[0] for row in admin.execute("SELECT place FROM invoices ORDER BY place")]
    assert places == list(range(1, 12 * 5 + 1))


async def test_a_year_of_days_gives_the_invoices_of_one_jump(
    world: World, tenant_id, other_tenant_id
):
    for tenant in (tenant_id, other_tenant_id):
        await world.subscribe(tenant)
    for _ in range(120):
        world.clock.advance(days=1)
        await world.close_due(tenant_id)
    await world.close_due(other_tenant_id)

    daily, jump = [
        [(i.summary.due_at, i.summary.total) for i in await world.invoices(tenant)]
        for tenant in (tenant_id, other_tenant_id)
    ]
    assert daily == jump
    assert len(daily) == 5


async def test_the_job_finds_whoever_is_due_and_parks_who_fails(
    world: World, tenant_id, other_tenant_id
):
    for tenant in (tenant_id, other_tenant_id):
        await world.subscribe(tenant)
    world.clock.set(FEBRUARY)
    job = CloseDuePeriods(world.system, world.close_due, world.clock)
    async with world.work(tenant_id) as session:
        await AccountRepository(session).park(tenant_id, FEBRUARY, "looked at")

    assert await job.run() == 1
    assert await job.run() == 0
    assert len(await world.invoices(other_tenant_id)) == 2
    assert len(await world.invoices(tenant_id)) == 1


async def test_a_tenant_whose_close_fails_is_parked_with_its_reason(world: World, tenant_id, admin):
    await world.subscribe(tenant_id)
    await world.ship(tenant_id, datetime(2026, 1, 20, tzinfo=UTC), 1)
    admin.execute("ALTER TABLE catalog_revisions DISABLE TRIGGER USER")
    admin.execute("DELETE FROM catalog_revisions")
    world.clock.set(FEBRUARY)

    assert await world.close_due(tenant_id) == []

    async with world.work(tenant_id) as session:
        account = await AccountRepository(session).get(tenant_id)
    assert account is not None
    assert "MeterNotFound" in (account.parked_reason or "")
    assert len(await world.invoices(tenant_id)) == 1


async def test_a_test_clock_stops_where_an_invoice_falls_due(world: World, tenant_id):
    participant = world.participant
    assert await participant.next_boundary(tenant_id, world.clock.now()) is None

    await world.subscribe(tenant_id)
    # The first invoice is payable by the 24th, and overdue when the 25th begins in Shanghai.
    overdue = await participant.next_boundary(tenant_id, world.clock.now())
    assert overdue == datetime(2026, 1, 24, 16, tzinfo=UTC)
    assert await participant.next_boundary(tenant_id, overdue) == FEBRUARY

    assert await participant.settle(tenant_id) is False
    world.clock.set(FEBRUARY)
    assert await participant.settle(tenant_id) is True
    assert await participant.settle(tenant_id) is False
    overdue = await participant.next_boundary(tenant_id, FEBRUARY)
    assert overdue == datetime(2026, 2, 24, 16, tzinfo=UTC)
    following = await participant.next_boundary(tenant_id, overdue)
    assert following == FEBRUARY + timedelta(days=28)


async def test_late_usage_is_billed_in_the_open_period_once(world: World, tenant_id):
    await world.subscribe(tenant_id)
    world.clock.set(FEBRUARY)
    await world.ship(tenant_id, datetime(2026, 1, 20, tzinfo=UTC), 2100)
    await world.close_due(tenant_id)
    await world.ship(tenant_id, datetime(2026, 1, 21, tzinfo=UTC), 2300)
    await world.ship(tenant_id, datetime(2026, 2, 21, tzinfo=UTC), 10)
    world.clock.set(datetime(2026, 4, 10, 2, tzinfo=UTC))
    await world.close_due(tenant_id)

    quantities = [
        line["quantity"]
        for invoice in await world.invoices(tenant_id)
        for line in invoice.content["lines"]
        if line["kind"] == "usage"
    ]
    assert quantities == ["2100", "2310", "0"]


async def test_every_invoice_replays_to_its_own_bytes(world: World, tenant_id):
    subscription = await world.subscribe(tenant_id)
    await world.ship(tenant_id, datetime(2026, 1, 20, tzinfo=UTC), 7234)
    world.clock.set(datetime(2026, 1, 25, 6, tzinfo=UTC))
    await world.move(tenant_id, subscription, "scale")
    await world.book(tenant_id, subscription)
    world.clock.set(datetime(2026, 3, 13, tzinfo=UTC))
    await world.close_due(tenant_id)
    await world.ship(tenant_id, datetime(2026, 1, 21, tzinfo=UTC), 5)

    for invoice in await world.invoices(tenant_id):
        verdict = await world.verify(tenant_id=tenant_id, invoice_id=invoice.summary.id)
        assert verdict.confirmed, verdict.differences


async def test_a_forged_invoice_does_not_replay(world: World, tenant_id, admin):
    await world.subscribe(tenant_id)
    forged = "replace(convert_from(body, 'UTF8'), '1999.00', '1000.00')"
    admin.execute(f"UPDATE invoices SET body = convert_to({forged}, 'UTF8')")
    [invoice] = await world.invoices(tenant_id)

    verdict = await world.verify(tenant_id=tenant_id, invoice_id=invoice.summary.id)

    assert len(verdict.differences) == 2


@pytest.mark.parametrize("hours", [0, 9, 20])
async def test_usage_around_a_plan_change_is_billed_exactly_once(
    world: World, tenant_id, hours: int
):
    subscription = await world.subscribe(tenant_id)
    world.clock.set(datetime(2026, 1, 25, tzinfo=UTC) + timedelta(hours=hours))
    for n in range(-40, 41):
        await world.ship(tenant_id, world.clock.now() + timedelta(hours=n), 1)
    await world.move(tenant_id, subscription, "scale")
    world.clock.set(datetime(2026, 2, 10, 2, tzinfo=UTC))
    await world.close_due(tenant_id)

    quantities = [
        int(line["quantity"])
        for invoice in await world.invoices(tenant_id)
        for line in invoice.content["lines"]
        if line["kind"] == "usage"
    ]
    assert sum(quantities) == 81
    assert len(quantities) == 2
