import pytest

from metering.stores.memory import MemoryUsageStore
from tests.contract.usage_store.suite import UsageStoreContract


class TestMemoryUsageStore(UsageStoreContract):
    @pytest.fixture
    def store(self) -> MemoryUsageStore:
        return MemoryUsageStore()
