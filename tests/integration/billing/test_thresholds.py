"""Usage beyond a threshold: invoiced early, once, by whichever clock tells the tenant's time."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from billing.each_tenant import TenantsFailed
from billing.repositories.accounts import AccountRepository
from billing.services.invoicing.bill_threshold import BillThreshold, BillThresholds
from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.ids import TenantId
from control_plane.tenancy.services.advance_test_clock import AdvanceTestClocks
from control_plane.tenancy.test_clocks import TestClockRepository
from metering.stores.postgres import PostgresUsageStore
from tests.support.billing_world import ACTOR, CATALOGUE, World, organisation

JANUARY_20 = datetime(2026, 1, 20, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 10, 2, tzinfo=UTC)


@dataclass(frozen=True)
class LostUsage:
    """A usage store that cannot tell one tenant's usage."""

    store: PostgresUsageStore
    of: TenantId
    error: Exception

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    async def measure_all(self, tenant_id: TenantId, wanted: Any) -> Any:
        if tenant_id == self.of:
            raise self.error
        return await self.store.measure_all(tenant_id, wanted)


async def watched(world: World, tenant_id: TenantId, threshold: int = 10000) -> TenantId:
    """Give a tenant a plan, a threshold, and usage of 150.00 on 20 January."""
    await world.subscribe(tenant_id)
    await terms(world, tenant_id, threshold)
    await world.ship(tenant_id, JANUARY_20, 5000)
    return tenant_id


async def terms(world: World, tenant_id: TenantId, threshold: int | None, **policies: str) -> None:
    await world.set_terms(
        tenant_id=tenant_id,
        policies=policies,
        grace=timedelta(0),
        threshold_minor=threshold,
        actor=ACTOR,
    )


async def test_workers_that_look_at_once_bill_a_crossing_once(world: World, tenant_id):
    await watched(world, tenant_id)
    world.clock.set(datetime(2026, 1, 21, tzinfo=UTC))
    jobs = [BillThresholds(world.system, world.bill_threshold) for _ in range(4)]

    issued = await asyncio.gather(*(job.run() for job in jobs))

    assert sum(issued) == 1
    assert [i.content["total_minor"] for i in await world.invoices(tenant_id)] == [199900, 15000]


async def test_a_crossing_that_nobody_saw_in_time_is_billed_with_the_period(world, tenant_id):
    await watched(world, tenant_id)
    world.clock.set(FEBRUARY)

    assert await world.bill_threshold(tenant_id) == ()
    await world.close_due(tenant_id)

    totals = [i.content["total_minor"] for i in await world.invoices(tenant_id)]
    assert totals == [199900, 15000 + 199900]


@pytest.mark.parametrize("split", ["cumulative", "each_alone"])
async def test_early_invoices_change_nothing_of_what_is_billed_in_all(world: World, admin, split):
    yearly = 'included: "2000", allowance_interval: year,'
    catalogue = CATALOGUE.replace('included: "2000",', yearly)
    await ApplyCatalog(world.database, world.clock)(catalogue)
    found = []
    for name, threshold in (("early", 5000), ("late", None)):
        world.clock.set(datetime(2026, 1, 10, 2, tzinfo=UTC))
        tenant_id = organisation(admin, name)
        await world.subscribe(tenant_id)
        await terms(world, tenant_id, threshold, split=split)
        for days in range(3, 40, 9):
            at = datetime(2026, 1, 10, 4, tzinfo=UTC) + timedelta(days=days)
            world.clock.set(at + timedelta(hours=1))
            await world.close_due(tenant_id)
            await world.ship(tenant_id, at, 1_777)
            await world.bill_threshold(tenant_id)
        world.clock.set(datetime(2026, 3, 10, 2, tzinfo=UTC))
        await world.close_due(tenant_id)
        invoices = await world.invoices(tenant_id)
        for invoice in invoices:
            what = {"tenant_id": tenant_id, "invoice_id": invoice.summary.id}
            assert (await world.verify(**what)).differences == ()
            explained = (await world.explain(**what)).lines
            assert sum(x.amount_minor for x in explained) == invoice.content["subtotal_minor"]
        lines = [line for i in invoices for line in i.content["lines"]]
        usage = sum(line["net_minor"] for line in lines if line["charge"] == "lines")
        found.append((usage, len(invoices)))
    (early, many), (late, few) = found

    assert early == late > 0
    assert many > few


async def test_who_cannot_be_billed_is_parked_and_stops_nobody_else(world: World, admin):
    one, other = [await watched(world, organisation(admin, name)) for name in ("one", "other")]
    world.clock.set(datetime(2026, 1, 21, tzinfo=UTC))
    rater = replace(
        world.closing.rater, usage=LostUsage(world.usage, min(one, other), ValueError("lost"))
    )
    job = BillThresholds(
        world.system, BillThreshold(world.work, replace(world.closing, rater=rater))
    )

    assert await job.run() == 1

    async with world.work(min(one, other)) as session:
        account = await AccountRepository(session).get(min(one, other))
    assert account is not None
    assert account.parked_reason == "ValueError: lost"
    assert await job.run() == 0


async def test_a_lost_connection_is_told_when_the_others_are_billed(world: World, admin):
    one, other = [await watched(world, organisation(admin, name)) for name in ("one", "other")]
    world.clock.set(datetime(2026, 1, 21, tzinfo=UTC))
    lost = OperationalError("statement", {}, Exception("the connection was lost"))
    rater = replace(world.closing.rater, usage=LostUsage(world.usage, min(one, other), lost))
    job = BillThresholds(
        world.system, BillThreshold(world.work, replace(world.closing, rater=rater))
    )

    with pytest.raises(TenantsFailed, match="1 tenants"):
        await job.run()

    assert len(await world.invoices(max(one, other))) == 2
    assert await BillThresholds(world.system, world.bill_threshold).run() == 1


@pytest.mark.parametrize("steps", [[10, 22], [10, *[1] * 22]])
async def test_a_test_clock_leaves_no_instant_before_its_threshold_is_billed(
    world: World, admin, clock, steps
):
    tenant_id = organisation(admin, "sand", sandbox=True)
    async with world.work(tenant_id) as session:
        await TestClockRepository(session).add(tenant_id, clock.now())
    clock.advance(days=20)  # what is real is of no concern
    await watched(world, tenant_id)

    async def no_pause(_seconds: float) -> None:
        """Nobody is waited for."""

    clocks = AdvanceTestClocks(world.system, [world.participant], no_pause)
    for days in steps:
        async with world.work(tenant_id) as session:
            now = (await TestClockRepository(session).get(tenant_id)).now
            await TestClockRepository(session).aim(tenant_id, now + timedelta(days=days))
        await clocks.run()

    invoices = await world.invoices(tenant_id)
    dates = [(i.summary.due_at.date().isoformat(), i.content["total_minor"]) for i in invoices]
    assert dates == [("2026-01-10", 199900), ("2026-01-20", 15000), ("2026-02-10", 199900)]


async def test_more_is_invoiced_at_the_instant_of_an_early_invoice(world: World, tenant_id):
    subscription = await world.subscribe(tenant_id)
    await world.set_terms(
        tenant_id=tenant_id, policies={}, grace=timedelta(0), threshold_minor=10000, actor=ACTOR
    )
    world.clock.set(datetime(2026, 1, 21, tzinfo=UTC))

    for _ in range(2):
        await world.ship(tenant_id, JANUARY_20, 5000)
        assert len(await world.bill_threshold(tenant_id)) == 1
    await world.move(tenant_id, subscription, "scale")

    _, *found = [i.summary for i in await world.invoices(tenant_id)]
    assert [i.due_at for i in found] == [world.clock.now()] * 3
    assert await world.check_books(tenant_id) == []
