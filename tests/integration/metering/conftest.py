import pytest

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.tenancy.clocks import TenantClock
from metering.services.ingest_usage import IngestUsage
from metering.services.meter_book import MeterBook
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
    return IngestUsage(work, store, TenantClock(clock), MeterBook(clock))
