"""Events are dropped by policy, month by month, and never before what is computed from them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from billing.repositories.accounts import AccountRepository
from billing.usage_needs import BilledUsageNeeds
from control_plane.runtime.unit_of_work import StaffWork
from control_plane.tenancy.clocks import TenantClock
from metering.domain.retention import Kept, Policy
from metering.errors_retention import EventBeyondHorizon, UsageDropped
from metering.retention_jobs import DropOldUsage, MakeUsageMonths
from metering.services.apply_retention import ApplyRetention
from metering.services.ingest_usage import IngestUsage
from metering.services.meter_book import MeterBook
from metering.stores.months_sql import make_month, usage_months
from metering.stores.postgres import PostgresUsageStore
from tests.integration.billing.test_taking_back import taking_back, usage_billed
from tests.support.billing_world import ACTOR, World, shipment
from tests.support.usage import JANUARY, LINES, usage_event

JANUARY_20 = datetime(2026, 1, 20, tzinfo=UTC)
FEBRUARY_5 = datetime(2026, 2, 5, tzinfo=UTC)
MONTHS = [datetime(2026, month, 1, tzinfo=UTC) for month in range(1, 5)]


def retention(world: World, *, days: int = 60, identities: int = 0) -> ApplyRetention:
    return ApplyRetention(
        world.work,
        world.system,
        StaffWork(world.database),
        BilledUsageNeeds(world.work, world.system, world.closing),
        world.clock,
        Policy.of_days(days, identities),
    )


@pytest.fixture
async def months(world: World) -> None:
    async with world.system() as session:
        for at in MONTHS:
            await make_month(session, at)


async def names(world: World) -> set[str]:
    async with world.system() as session:
        return {month.name for month in await usage_months(session)}


async def kept(world: World, tenant_id: Any, *at: datetime) -> None:
    events = [shipment(time, 3000) for time in at]
    assert len(await world.usage.ingest(tenant_id, events)) == len(at)


async def close(world: World, tenant_id: Any, *at: datetime) -> None:
    for time in at:
        world.clock.set(time)
        await world.close_due(tenant_id)


async def closed_until_june(world: World, tenant_id: Any) -> None:
    await world.subscribe(tenant_id)
    await kept(world, tenant_id, JANUARY_20, FEBRUARY_5)
    await close(world, tenant_id, *[datetime(2026, month, 10, 2, tzinfo=UTC) for month in (2, 3)])
    world.clock.set(datetime(2026, 6, 1, tzinfo=UTC))


async def test_no_month_goes_before_the_invoices_that_need_it(world: World, tenant_id, months):
    await closed_until_june(world, tenant_id)
    await kept(world, tenant_id, datetime(2026, 3, 11, tzinfo=UTC))

    # Closed until 10 March, and what came after is needed.
    plan = await retention(world).plan()
    done = await retention(world)()

    assert [(v.month.start.month, v.kept) for v in plan.verdicts[:4]] == [
        (1, None),
        (2, None),
        (3, Kept.NEEDED),
        (4, Kept.YOUNG),
    ]
    assert plan.verdicts[2].tenants == (tenant_id,)
    assert plan.kept_from == MONTHS[2]
    assert done.months == 2
    assert not {"usage_events_2026_01", "usage_events_2026_02"} & await names(world)
    assert "usage_events_2026_03" in await names(world)


async def test_a_period_that_is_open_for_long_keeps_its_events(world: World, tenant_id, months):
    await world.subscribe(tenant_id)
    await kept(world, tenant_id, JANUARY_20)
    world.clock.set(datetime(2026, 9, 1, tzinfo=UTC))  # nothing was closed for months

    plan = await retention(world).plan()

    assert {v.kept for v in plan.verdicts[:4]} == {Kept.NEEDED}
    assert (await retention(world)()).months == 0


async def test_without_a_policy_nothing_goes(world: World, tenant_id, months):
    await closed_until_june(world, tenant_id)

    plan = await retention(world, days=0).plan()

    assert plan.kept_from is None
    assert (await retention(world, days=0)()).months == 0
    assert "usage_events_2026_01" in await names(world)


async def test_an_invoice_whose_events_are_gone_says_so_and_stands(world: World, tenant_id, months):
    await closed_until_june(world, tenant_id)
    invoices = await world.invoices(tenant_id)
    await retention(world)()

    first = await world.verify(tenant_id=tenant_id, invoice_id=invoices[0].summary.id)
    with pytest.raises(UsageDropped, match=r"before 2026-04-01T00:00:00Z were dropped"):
        await world.verify(tenant_id=tenant_id, invoice_id=invoices[1].summary.id)

    [line] = [line["key"] for line in invoices[1].content["lines"] if line["kind"] == "usage"]
    with pytest.raises(UsageDropped):
        await world.line_events(
            tenant_id=tenant_id, invoice_id=invoices[1].summary.id, line_key=line
        )
    with pytest.raises(UsageDropped):
        await PostgresUsageStore(world.work, world.system).by_source(
            tenant_id, LINES, JANUARY, ["/instances/ins_1"]
        )
    assert first.confirmed  # nothing metered is on it
    assert await world.check_books(tenant_id) == []


async def test_what_cannot_be_billed_again_halts_billing_with_the_reason(
    world: World, tenant_id, months
):
    await closed_until_june(world, tenant_id)
    invoice = (await world.invoices(tenant_id))[1]
    await close(world, tenant_id, world.clock.now())
    await retention(world)()

    await world.void(
        tenant_id=tenant_id, invoice_id=invoice.summary.id, reason="wrong name", actor=ACTOR
    )
    await world.close_due_periods.run()

    async with world.work(tenant_id) as session:
        account = await AccountRepository(session).get(tenant_id)
    assert account is not None
    assert "were dropped" in str(account.parked_reason)


async def test_what_was_dropped_is_not_taken_again_and_corrects_nothing(
    world: World, tenant_id, months
):
    await closed_until_june(world, tenant_id)
    before = await usage_billed(world, tenant_id)
    old = shipment(JANUARY_20, 7)
    await world.usage.ingest(tenant_id, [old])
    await close(world, tenant_id, world.clock.now())
    await retention(world)()
    ingest = IngestUsage(world.work, world.usage, TenantClock(world.clock), MeterBook(world.clock))

    again, late, fresh = await ingest.deliver(
        tenant_id,
        [old, usage_event("late", time=FEBRUARY_5), usage_event("new", time=MONTHS[3])],
    )
    await world.usage.ingest(tenant_id, [taking_back(old)])
    await close(world, tenant_id, datetime(2026, 7, 10, 2, tzinfo=UTC))

    assert again.status.value == "duplicate"  # its identity outlives it
    assert isinstance(late.refusal, EventBeyondHorizon)
    assert fresh.status.value == "accepted"
    refused = await world.usage.refused(tenant_id, after=None, limit=10)
    assert [r.reason for r in refused.refused] == ["event_beyond_horizon"]
    assert await usage_billed(world, tenant_id) == before
    assert await world.notes(tenant_id) == []


async def test_events_of_no_month_go_as_well_and_others_stay(world: World, tenant_id, admin):
    await closed_until_june(world, tenant_id)  # no month was made: they lie by themselves
    await kept(world, tenant_id, datetime(2026, 5, 20, tzinfo=UTC))

    done = await retention(world)()

    assert (done.months, done.events) == (0, 2)
    left = admin.execute("SELECT time FROM usage_events").fetchall()
    assert left == [(datetime(2026, 5, 20, tzinfo=UTC),)]
    assert admin.execute("SELECT count(*) FROM usage_identities").fetchone() == (3,)


async def test_identities_are_forgotten_later_and_only_of_dropped_events(
    world: World, tenant_id, months, admin
):
    await closed_until_june(world, tenant_id)
    await kept(world, tenant_id, datetime(2026, 5, 20, tzinfo=UTC))

    later = await retention(world, identities=500)()
    done = await retention(world, identities=120)()  # 1 February
    all_gone = await retention(world, identities=1)()

    assert (later.identities, done.identities, all_gone.identities) == (0, 1, 1)
    assert admin.execute("SELECT count(*) FROM usage_identities").fetchone() == (1,)


async def test_nobody_else_can_delete_a_row(world: World, tenant_id, months, admin):
    await closed_until_june(world, tenant_id)
    await retention(world)()
    await kept(world, tenant_id, datetime(2026, 5, 20, tzinfo=UTC))

    for table in ("usage_events", "usage_identities"):
        with pytest.raises(Exception, match="append-only"):
            admin.execute(f"DELETE FROM {table}")


async def test_the_jobs_make_months_ahead_and_apply_the_policy(world: World, tenant_id):
    await world.subscribe(tenant_id)
    await kept(world, tenant_id, JANUARY_20)
    world.clock.set(datetime(2026, 1, 25, tzinfo=UTC))
    job = MakeUsageMonths(world.system, world.clock)

    assert await job.run() == 4
    assert await job.run() == 0
    assert {"usage_events_2026_01", "usage_events_2026_04"} <= await names(world)
    # What lay elsewhere moved along, and is counted as before.
    await close(world, tenant_id, datetime(2026, 2, 10, 2, tzinfo=UTC))
    assert await usage_billed(world, tenant_id) == 5000
    world.clock.set(datetime(2026, 6, 1, tzinfo=UTC))
    drop = DropOldUsage(retention(world), world.clock)
    assert [await drop.run(), await drop.run()] == [3, 0]


async def test_levels_that_may_still_hold_are_kept(world: World, tenant_id, months, admin):
    await closed_until_june(world, tenant_id)
    policy = retention(world)

    class Weighing(ApplyRetention):
        async def _levels(self) -> list[str]:
            return ["tallyard.outbound.shipment_posted"]

    weighing = Weighing(*(getattr(policy, name) for name in ApplyRetention.__slots__))

    assert (await weighing()).months == 3
    assert admin.execute("SELECT count(*) FROM usage_events_default").fetchone() == (2,)
