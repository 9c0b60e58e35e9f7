"""Each tenant's usage in the store that keeps it; in two while it moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.catalog.domain import Charge, Meter
from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from control_plane.runtime.unit_of_work import UnitOfWork
from metering.domain.events import EventPage, IngestResult, IngestStatus, RefusedPage, UsageEvent
from metering.domain.usage import Usage, UsagePoint, UsageTotal
from metering.domain.windows import Window
from metering.errors import EventRefused
from metering.ports import UsageStore, Wanted
from metering.stores.alert_marks import MARK_DUE
from metering.stores.clickhouse.store import ClickHouseUsageStore
from metering.stores.outcomes import first_bodies
from metering.stores.postgres import PostgresUsageStore
from metering.stores.routes import StoreName, hold_route, read_route
from metering.stores.taking_back_sql import store

# Rollups are made of what the default store alone holds: not of a copy that is under way.
_NOT_ROLLED = text(
    "DELETE FROM usage_commits WHERE tenant_id = :tenant_id AND recorded = pg_current_xact_id()"
)


@dataclass(frozen=True, slots=True)
class RoutedUsageStore:
    """Asks the store of the tenant. See `metering.ports.UsageStore` for what it guarantees.

    While a tenant moves, the store it leaves decides and answers; what it accepts is written to
    the other one in the same transaction, so that a cut-off means the same in both.
    """

    work: UnitOfWork
    postgres: PostgresUsageStore
    clickhouse: ClickHouseUsageStore

    async def ingest(self, tenant_id: TenantId, events: Sequence[UsageEvent]) -> list[IngestResult]:
        """Store what is new where the tenant's usage is kept, and where it is moving to."""
        if not events:
            return []
        async with self.work(tenant_id) as session:
            route = await hold_route(session, tenant_id)
            results = await self._named(route.store).ingest(tenant_id, events)
            if route.moving_to is not None:
                accepted = [
                    event
                    for event, result in zip(events, results, strict=True)
                    if result.status is IngestStatus.ACCEPTED
                ]
                await self._copy(session, tenant_id, route.moving_to, accepted)
            if route.store is not StoreName.POSTGRES:  # which is marked when it is rolled up
                await session.execute(MARK_DUE, {"tenant_id": tenant_id})
        return results

    async def keep_refused(
        self,
        tenant_id: TenantId,
        refused: Sequence[tuple[UsageEvent, EventRefused]],
        refused_at: datetime,
    ) -> list[IngestResult]:
        """Keep what was not stored in time; the tenant's store knows what was."""
        if not refused:
            return []
        kept = await self._of(tenant_id)
        return await kept.keep_refused(tenant_id, refused, refused_at)

    async def refused(self, tenant_id: TenantId, *, after: int | None, limit: int) -> RefusedPage:
        """Read a page: every store keeps them in one place."""
        return await self.postgres.refused(tenant_id, after=after, limit=limit)

    async def cutoff(self) -> str:
        """Take a cut-off, which is the same in every store."""
        return await self.postgres.cutoff()

    async def total(
        self,
        tenant_id: TenantId,
        meter: Meter,
        period: Period,
        *,
        cutoff: str,
        since: str | None,
    ) -> UsageTotal:
        """Add up in the tenant's store."""
        kept = await self._of(tenant_id)
        return await kept.total(tenant_id, meter, period, cutoff=cutoff, since=since)

    async def measure(
        self,
        tenant_id: TenantId,
        meter: Meter,
        period: Period,
        *,
        cutoff: str,
        since: str | None,
        charge: Charge,
    ) -> Usage:
        """Measure in the tenant's store."""
        kept = await self._of(tenant_id)
        return await kept.measure(
            tenant_id, meter, period, cutoff=cutoff, since=since, charge=charge
        )

    async def measure_all(self, tenant_id: TenantId, wanted: Sequence[Wanted]) -> list[Usage]:
        """Measure in the tenant's store."""
        return await (await self._of(tenant_id)).measure_all(tenant_id, wanted)

    async def series(
        self, tenant_id: TenantId, meter: Meter, period: Period, window: Window, zone: str
    ) -> list[UsagePoint]:
        """Add up in the tenant's store."""
        return await (await self._of(tenant_id)).series(tenant_id, meter, period, window, zone)

    async def by_source(
        self, tenant_id: TenantId, meter: Meter, period: Period, sources: Sequence[str]
    ) -> dict[str, Decimal]:
        """Add up in the tenant's store."""
        return await (await self._of(tenant_id)).by_source(tenant_id, meter, period, sources)

    async def events(
        self,
        tenant_id: TenantId,
        meter: Meter,
        period: Period,
        *,
        cutoff: str,
        since: str | None,
        after: str | None,
        limit: int,
    ) -> EventPage:
        """Read a page in the tenant's store."""
        kept = await self._of(tenant_id)
        return await kept.events(
            tenant_id, meter, period, cutoff=cutoff, since=since, after=after, limit=limit
        )

    async def _of(self, tenant_id: TenantId) -> UsageStore:
        async with self.work(tenant_id) as session:
            return self._named((await read_route(session, tenant_id)).store)

    def _named(self, name: StoreName) -> UsageStore:
        return self.postgres if name is StoreName.POSTGRES else self.clickhouse

    async def _copy(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        target: StoreName,
        events: Sequence[UsageEvent],
    ) -> None:
        """Write events that were accepted to the store the tenant is moving to."""
        if not events:
            return
        if target is StoreName.POSTGRES:
            await store(session, tenant_id, first_bodies(events))
            await session.execute(_NOT_ROLLED, {"tenant_id": tenant_id})
            return
        transaction = await self.clickhouse.registry.transaction(session)
        await self.clickhouse.entrance.insert(session, tenant_id, transaction, events)
