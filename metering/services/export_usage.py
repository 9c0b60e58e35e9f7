"""Read a tenant's events out, as they were sent, a batch at a time."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from control_plane.runtime.unit_of_work import UnitOfWork
from metering.domain.events import TakingBack, UsageEvent
from metering.ports import UsageStore
from metering.stores.moving import Chunk, MovableStore, Stage
from metering.stores.moving_sql import MovablePostgres
from metering.stores.routes import StoreName, read_route


@dataclass(frozen=True, slots=True)
class ExportUsage:
    """Reads what was committed when it began, however long it takes.

    Events come first, those that were taken back and corrections among them, then retractions:
    taken in elsewhere, they add up to the same. Memory holds one batch; no transaction is open
    between two of them.
    """

    work: UnitOfWork
    usage: UsageStore
    others: Mapping[StoreName, MovableStore]
    """The stores beside PostgreSQL."""

    batch: int = 10_000

    async def __call__(
        self, tenant_id: TenantId, period: Period
    ) -> AsyncIterator[list[UsageEvent]]:
        """Yield the events whose time is within the period, in one fixed order."""
        cutoff = await self.usage.cutoff()
        for stage in (Stage.EVENTS, Stage.RETRACTIONS):
            mark: str | None = None
            while (chunk := await self._chunk(tenant_id, period, stage, cutoff, mark)).stored:
                found = [one.event for one in chunk.stored]
                batch = [e for e in found if period.contains(e.time) and _is_of(e, stage)]
                if batch:
                    yield batch
                mark = chunk.mark
                if mark is None:
                    break

    async def _chunk(
        self, tenant_id: TenantId, period: Period, stage: Stage, cutoff: str, mark: str | None
    ) -> Chunk:
        async with self.work(tenant_id) as session:
            name = (await read_route(session, tenant_id)).store
            if name is StoreName.POSTGRES:
                return await MovablePostgres().chunk(
                    session,
                    tenant_id,
                    stage,
                    cutoff=cutoff,
                    mark=mark,
                    limit=self.batch,
                    period=period,
                )
            return await self.others[name].chunk(
                session, tenant_id, stage, cutoff=cutoff, mark=mark, limit=self.batch
            )


def _is_of(event: UsageEvent, stage: Stage) -> bool:
    # A correction is an event as well; it is read as one.
    taken = event.takes_back
    return stage is Stage.EVENTS or (taken is not None and taken.kind is TakingBack.RETRACTS)
