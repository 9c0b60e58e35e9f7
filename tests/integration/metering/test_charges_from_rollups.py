"""What charges are priced by is the same from rollups as from the events, to the last byte."""

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from control_plane.catalog.domain import Aggregation, Charge, ChargeKind, Filter, Text, Timing
from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.period import Period
from metering.domain.digests import PREFIX
from metering.ports import Wanted
from metering.services.roll_usage import RollUsage
from metering.stores.rollups.charges import rolled_usages
from tests.support.rolled import EVERY_AGGREGATION, meters_of, random_history
from tests.support.usage import JANUARY

DAY = timedelta(days=1)
FIRST = Period(JANUARY.start + timedelta(minutes=50, seconds=7), JANUARY.start + DAY)
NEXT = Period(JANUARY.start + DAY, JANUARY.start + 3 * DAY)
EACH = Charge(
    code="lines",
    kind=ChargeKind.PER_UNIT,
    timing=Timing.ARREARS,
    name=Text("Lines", "行"),
    unit_price=Decimal(1),
)
FEW = (Filter("endpoint", ("/a", "")), Filter("status", ("404",), exclude=True))
BY = replace(EACH, group_by=("status", "endpoint"))
CHARGES = (
    EACH,
    BY,
    replace(EACH, filters=FEW),
    replace(BY, filters=FEW),
    replace(EACH, kind=ChargeKind.PERCENTAGE, rate=Decimal(1)),
    replace(EACH, group_by=("region",)),
)


@pytest.fixture
async def meters(database, clock):
    await ApplyCatalog(database, clock)(EVERY_AGGREGATION)
    return meters_of(EVERY_AGGREGATION)


async def test_every_charge_measures_the_same_from_rollups_as_from_the_events(
    meters, work, store, clock, tenant_id
):
    roll, since, answered = RollUsage(work, clock), None, set()
    for n, part in enumerate(random_history(random.Random(11), 70)):
        await store.ingest(tenant_id, part)
        if n % 2 == 0:
            await roll(tenant_id)
            continue
        cutoff = await store.cutoff()
        wanted = [
            Wanted(meter, period, cutoff, start, charge)
            for meter in meters.values()
            for charge in CHARGES
            for period, start in ((FIRST, None), (NEXT, since))
        ]
        since = cutoff if since is None or n == 5 else since
        asked = random.Random(n).sample(wanted, 40)
        events = [Wanted(w.meter, w.period, w.cutoff, w.since, w.charge, PREFIX) for w in asked]

        assert await store.measure_all(tenant_id, asked) == await store.measure_all(
            tenant_id, events
        )
        async with work(tenant_id) as session:
            rolled = await rolled_usages(session, tenant_id, asked)
        answered |= {w.meter.aggregation for w, usage in zip(asked, rolled, strict=True) if usage}

    assert answered == set(Aggregation) - {Aggregation.WEIGHTED}
