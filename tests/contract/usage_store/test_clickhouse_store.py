import pytest

from metering.stores.clickhouse.registry import Registry
from metering.stores.clickhouse.store import ClickHouseUsageStore
from tests.contract.usage_store.aggregations import AggregationContract
from tests.contract.usage_store.money import MoneyContract
from tests.contract.usage_store.pages import PagesContract
from tests.contract.usage_store.refusals import RefusalContract
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
    TakingBackContract,
):
    @pytest.fixture
    async def store(self, work, system) -> ClickHouseUsageStore:
        return ClickHouseUsageStore(work, system, await emptied(), Registry(system))
