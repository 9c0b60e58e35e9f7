import pytest

from metering.stores.memory import MemoryUsageStore
from tests.contract.usage_store.aggregations import AggregationContract, RefusalContract
from tests.contract.usage_store.suite import UsageStoreContract


class TestMemoryUsageStore(UsageStoreContract, AggregationContract, RefusalContract):
    @pytest.fixture
    def store(self) -> MemoryUsageStore:
        return MemoryUsageStore()
