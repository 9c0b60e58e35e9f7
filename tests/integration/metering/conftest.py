import pytest

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.tenancy.clocks import TenantClock
from metering.services.ingest_at_once import IngestAtOnce
from metering.services.ingest_usage import IngestUsage
from metering.services.meter_book import MeterBook
from metering.stores.at_once import StoreAtOnce
from metering.stores.postgres import PostgresUsageStore
from tests.support.usage import CATALOGUE


@pytest.fixture
def store(work, system) -> PostgresUsageStore:
    return PostgresUsageStore(work, system)


@pytest.fixture
async def catalogue(database, clock):
    await ApplyCatalog(database, clock)(CATALOGUE)


@pytest.fixture
def ingest(work, store, clock, catalogue) -> IngestUsage:
    tenant_clock, meters = TenantClock(clock), MeterBook(clock)
    at_once = IngestAtOnce(StoreAtOnce(work), tenant_clock, meters)
    return IngestUsage(work, store, tenant_clock, meters, at_once=at_once)
