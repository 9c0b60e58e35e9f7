"""Rollups hold exactly the events of their snapshot, whatever came in between, in any order."""

import random
from datetime import timedelta

import pytest

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.period import Period
from metering.domain.windows import Window, windows
from metering.services.check_rollups import CheckRollups
from metering.services.roll_usage import RollUsage
from metering.stores.rollups.rolled import Asked, read_rolled
from tests.support.rolled import EVERY_AGGREGATION, meters_of, random_history
from tests.support.usage import JANUARY, NOON, usage_event

DAYS = Period(JANUARY.start, JANUARY.start + timedelta(days=4))
UNEVEN = Period(
    JANUARY.start + timedelta(minutes=7), JANUARY.start + timedelta(hours=70, seconds=9)
)


@pytest.fixture
async def meters(database, clock):
    await ApplyCatalog(database, clock)(EVERY_AGGREGATION)
    return meters_of(EVERY_AGGREGATION)


@pytest.fixture
def roll(work, clock) -> RollUsage:
    return RollUsage(work, clock)


@pytest.fixture
def check(work) -> CheckRollups:
    return CheckRollups(work)


async def compare(work, store, tenant_id, asked: Asked, cutoff) -> bool:
    """Hold an answer of rollups to the events', and tell whether rollups gave one."""
    async with work(tenant_id) as session:
        [found] = await read_rolled(session, tenant_id, [asked])
    if found is None:
        return False
    for n, tile in enumerate(asked.tiles):
        meter = asked.meter.narrowed(asked.filters)
        total = await store.total(tenant_id, meter, tile, cutoff=cutoff, since=None)
        cells = {c: r for c, r in found.cells.items() if c[1] == n}
        assert sum(r.events for r in cells.values()) == total.events
        if not asked.groups:
            assert found.quantity(meter, ((), n)) == total.quantity, (meter.code, tile)
    return True


async def test_rollups_and_the_events_after_them_give_what_the_events_give(
    meters, work, store, roll, check, tenant_id
):
    answered = 0
    for n, part in enumerate(random_history(random.Random(7), 90)):
        await store.ingest(tenant_id, part)
        cutoff = await store.cutoff()
        for code in random.Random(n).sample(sorted(meters), 3):
            for tiles in ((UNEVEN,), windows(DAYS, Window.DAY, "Asia/Shanghai")):
                asked = Asked(meters[code], tiles, cutoff=cutoff)
                answered += await compare(work, store, tenant_id, asked, cutoff)
        if n % 2:
            await roll(tenant_id)
            assert await check(tenant_id) == []

    assert answered > 10


@pytest.mark.parametrize("lines", [9, 1, 5])
async def test_an_extreme_that_is_taken_back_is_found_again(
    meters, work, store, roll, check, tenant_id, lines
):
    """The largest, the least and the latest of a quarter hour, each with others beside it."""
    told = [
        usage_event(f"told-{n}", time=NOON + timedelta(minutes=minute), data={"lines": n})
        for minute, n in ((0, 9), (2, 1), (4, 5))
    ]
    await store.ingest(tenant_id, told)
    while await roll(tenant_id):
        pass

    named = usage_event("back", time=NOON, retracts=f"told-{lines}", data={})
    await store.ingest(tenant_id, [named])
    while await roll(tenant_id):
        pass

    assert await check(tenant_id) == []
