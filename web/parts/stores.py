"""Where usage is kept: in PostgreSQL, and, where it is set up, in ClickHouse."""

from functools import cached_property

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from control_plane.runtime.jobs import Job
from metering.errors_moving import ClickHouseNotConfigured
from metering.ports import UsageStore
from metering.services.export_usage import ExportUsage
from metering.services.move_usage import MoveUsage
from metering.stores.clickhouse.client import ConnectedClickHouse
from metering.stores.clickhouse.moving import MovableClickHouse
from metering.stores.clickhouse.registry import Registry
from metering.stores.clickhouse.schema import make_tables
from metering.stores.clickhouse.store import ClickHouseUsageStore
from metering.stores.clickhouse.sweeping import SweepInserts
from metering.stores.moving import MovableStore
from metering.stores.moving_sql import MovablePostgres
from metering.stores.postgres import PostgresUsageStore
from metering.stores.routed import RoutedUsageStore
from metering.stores.routes import StoreName
from web.parts.telling import TellingPart

log = structlog.get_logger()

_ELSEWHERE = text(
    "SELECT EXISTS (SELECT FROM usage_stores WHERE store <> 'postgres' OR moving_to IS NOT NULL)"
)


class StoresPart(TellingPart):
    """The stores of usage, and moves between them."""

    @cached_property
    def postgres_usage(self) -> PostgresUsageStore:
        return PostgresUsageStore(self.work, self.system)

    @cached_property
    def clickhouse(self) -> ConnectedClickHouse | None:
        url = self.settings.clickhouse_url
        return ConnectedClickHouse(url) if url else None

    @cached_property
    def usage_store(self) -> UsageStore:
        if self.clickhouse is None:
            return self.postgres_usage
        registry = Registry(self.system)
        kept = ClickHouseUsageStore(self.work, self.system, self.clickhouse, registry)
        return RoutedUsageStore(self.work, self.postgres_usage, kept)

    @property
    def store_jobs(self) -> tuple[Job, ...]:
        """What the stores need done now and then."""
        return () if self.clickhouse is None else (SweepInserts(self.system, self.clickhouse),)

    async def move_usage(self) -> MoveUsage:
        """Return the use case, once ClickHouse has its tables.

        Raises:
            ClickHouseNotConfigured: there is no ClickHouse.
        """
        if self.clickhouse is None:
            raise ClickHouseNotConfigured
        await make_tables(self.clickhouse)
        stores: dict[StoreName, MovableStore] = {
            StoreName.POSTGRES: MovablePostgres(),
            StoreName.CLICKHOUSE: MovableClickHouse(self.clickhouse, Registry(self.system)),
        }
        return MoveUsage(self.work, self.system, stores)

    @cached_property
    def export_usage(self) -> ExportUsage:
        others: dict[StoreName, MovableStore] = {}
        if self.clickhouse is not None:
            kept = MovableClickHouse(self.clickhouse, Registry(self.system))
            others[StoreName.CLICKHOUSE] = kept
        return ExportUsage(self.work, self.usage_store, others)

    async def check_stores(self) -> None:
        """Refuse to work beside usage that this process cannot see.

        Raises:
            ClickHouseNotConfigured: some is in ClickHouse, whose address is not set.
        """
        if self.clickhouse is not None:
            return
        try:
            elsewhere = await self.system.ask(_ELSEWHERE)
        except SQLAlchemyError:
            # Away, or not migrated yet: whoever needs the database will say so.
            log.warning("stores_not_checked", exc_info=True)
            return
        if elsewhere:
            raise ClickHouseNotConfigured

    async def close_stores(self) -> None:
        """Let go of ClickHouse."""
        if self.clickhouse is not None:
            await self.clickhouse.close()
