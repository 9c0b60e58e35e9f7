import pytest

from metering.stores.postgres import PostgresUsageStore
from tests.contract.usage_store.aggregations import AggregationContract
from tests.contract.usage_store.money import MoneyContract
from tests.contract.usage_store.pages import PagesContract
from tests.contract.usage_store.refusals import RefusalContract
from tests.contract.usage_store.sources import SourcesContract
from tests.contract.usage_store.suite import UsageStoreContract
from tests.contract.usage_store.taking_back import TakingBackContract


class TestPostgresUsageStore(
    UsageStoreContract,
    AggregationContract,
    MoneyContract,
    PagesContract,
    RefusalContract,
    SourcesContract,
    TakingBackContract,
):
    @pytest.fixture
    def store(self, work, system) -> PostgresUsageStore:
        return PostgresUsageStore(work, system)
