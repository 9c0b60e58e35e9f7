import pytest

from metering.stores.clickhouse.registry import Registry
from metering.stores.clickhouse.store import ClickHouseUsageStore
from tests.contract.usage_store.aggregations import AggregationContract
from tests.contract.usage_store.money import MoneyContract
from tests.contract.usage_store.pages import PagesContract
from tests.contract.usage_store.refusals import RefusalContract
from tests.contract.usage_store.sources import SourcesContract
from tests.contract.usage_store.suite import UsageStoreContract
from tests.contract.usage_store.taking_back import TakingBackContract
from tests.support.embedded_clickhouse import emptied


@pytest.mark.xdist_group("clickhouse")
class TestClickHouseUsageStore(
    UsageStoreContract,
    AggregationContract,
    MoneyContract,
    PagesContract,
    RefusalContract,
    SourcesContract,
    TakingBackContract,
):
    # A question costs some 20 ms of processor time here, whatever it asks.
    alone_every = 13

    @pytest.mark.parametrize("limit", [7, 500])
    async def test_deep_pages_hold_late_events_once_and_in_order_whatever_arrives_meanwhile(
        self, store, limit
    ):
        await super().test_deep_pages_hold_late_events_once_and_in_order_whatever_arrives_meanwhile(
            store, limit
        )

    @pytest.fixture
    async def store(self, work, system) -> ClickHouseUsageStore:
        return ClickHouseUsageStore(work, system, await emptied(), Registry(system))
