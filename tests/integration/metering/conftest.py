import pytest

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.tenancy.clocks import TenantClock
from metering.services.ingest_usage import IngestUsage
from metering.services.meter_book import MeterBook
from metering.stores.postgres import PostgresUsageStore

CATALOGUE = """
modules:
  - {code: outbound, name: {en: Outbound, zh: 出库}}
features:
  - {code: outbound, kind: boolean, module: outbound, name: {en: Outbound, zh: 出库}}
meters:
  - code: outbound_lines
    event_type: tallyard.outbound.shipment_posted
    aggregation: sum
    property: lines
    module: outbound
    unit: {en: lines, zh: 行}
    name: {en: Outbound lines, zh: 出库行}
  - code: outbound_calls
    event_type: tallyard.outbound.shipment_posted
    aggregation: count
    module: outbound
    unit: {en: calls, zh: 次}
    name: {en: Outbound calls, zh: 出库调用}
plans:
  - code: basic
    name: {en: Basic, zh: 基础版}
    modules: [outbound]
    prices:
      - currency: CNY
        interval: month
        charges:
          - {code: base, kind: flat, timing: advance, amount: "99.00", name: {en: Fee, zh: 月费}}
"""


@pytest.fixture
def store(work, system) -> PostgresUsageStore:
    return PostgresUsageStore(work, system)


@pytest.fixture
async def catalogue(database, clock):
    await ApplyCatalog(database, clock)(CATALOGUE)


@pytest.fixture
def ingest(work, store, clock, catalogue) -> IngestUsage:
    return IngestUsage(work, store, TenantClock(clock), MeterBook(clock))
