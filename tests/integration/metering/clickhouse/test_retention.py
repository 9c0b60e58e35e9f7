"""Events in ClickHouse go by the same policy, and never before what is computed from them."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from metering.domain.retention import Kept, Policy
from metering.errors_retention import UsageDropped
from metering.services.apply_retention import ApplyRetention
from metering.stores.clickhouse.months import ClickHouseMonths
from metering.stores.routes import StoreName
from tests.support.embedded_clickhouse import emptied, folder
from tests.support.usage import CATALOGUE, JANUARY, meter, usage_event
from web.compose import compose

pytestmark = pytest.mark.xdist_group("clickhouse")

TOLD = {
    "january": "2026-01-20T08:00:00Z",
    "late": "2026-01-31T23:59:59.999999Z",
    "february": "2026-02-01T00:00:00Z",
    "april": "2026-04-02T00:00:00Z",
}


@dataclass
class Needs:
    """Whoever bills, as retention knows it."""

    since: dict = field(default_factory=dict)

    async def tenants(self):
        return list(self.since)

    async def needed_since(self, tenant_id):
        return self.since[tenant_id]


@pytest.fixture
async def application(settings, database, clock):
    await ApplyCatalog(database, clock)(CATALOGUE)
    await emptied()
    made = compose(replace(settings, clickhouse_url=f"chdb://{folder()}"), clock)
    yield made
    await made.close()


@pytest.fixture
async def kept(application, tenant_id, clock):
    """A tenant in ClickHouse with events of four times."""
    move = await application.move_usage()
    await move(tenant_id, StoreName.CLICKHOUSE)
    clock.set(datetime(2026, 4, 3, tzinfo=UTC))
    events = [usage_event(name, time=datetime.fromisoformat(time)) for name, time in TOLD.items()]
    assert await application.usage_store.ingest(tenant_id, events)
    clock.set(datetime(2026, 5, 2, tzinfo=UTC))
    return tenant_id


def retention(application, clock, needs, *, days=60, identities=0):
    months = ClickHouseMonths(application.clickhouse)
    policy = Policy.of_days(days, identities)
    work, system, staff = application.work, application.system, application.staff
    return ApplyRetention(work, system, staff, needs, clock, policy, months)


async def left(application):
    rows = await application.clickhouse.ask("SELECT id FROM usage_events ORDER BY time")
    return [row[0] for row in rows]


async def test_what_a_document_needs_stays(application, clock, kept):
    needs = Needs({kept: datetime(2026, 1, 31, tzinfo=UTC)})

    plan = await retention(application, clock, needs).plan()
    await retention(application, clock, needs)()

    first = next(v for v in plan.verdicts if v.month.start.month == 1)
    assert (first.kept, first.tenants) == (Kept.NEEDED, (kept,))
    assert await left(application) == list(TOLD)


async def test_what_is_old_goes_and_is_not_measured_again(application, clock, kept):
    done = await retention(application, clock, Needs({kept: None}), days=32)()
    again = await retention(application, clock, Needs({kept: None}), days=32)()

    assert await left(application) == ["april"]
    assert (done.events, again.events) == (3, 0)
    with pytest.raises(UsageDropped):
        await application.usage_store.total(
            kept,
            meter(),
            JANUARY,
            cutoff=await application.usage_store.cutoff(),
            since=None,
        )
    with pytest.raises(UsageDropped):
        await application.usage_store.by_source(kept, meter(), JANUARY, ["/instances/ins_1"])


async def test_identities_are_forgotten_later(application, clock, kept):
    done = await retention(application, clock, Needs({kept: None}), days=32, identities=95)()

    rows = await application.clickhouse.ask("SELECT id FROM usage_identities ORDER BY time")
    assert [row[0] for row in rows] == ["late", "february", "april"]
    assert done.identities == 1
