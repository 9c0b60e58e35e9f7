"""Usage events into PostgreSQL where nothing but their identities has to be looked up."""

from collections.abc import Sequence
from dataclasses import dataclass

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from metering.domain.events import IngestResult, UsageEvent
from metering.stores.ingest_sql import store_events_at_once
from metering.stores.outcomes import accepted, first_bodies, outcomes


@dataclass(frozen=True, slots=True)
class StoreAtOnce:
    """Stores as `PostgresUsageStore.ingest`, and commits, in one round trip."""

    work: UnitOfWork

    async def __call__(
        self, tenant_id: TenantId, events: Sequence[UsageEvent]
    ) -> list[IngestResult]:
        """Answer for at least one event, none of which takes another one back.

        What was accepted is committed when this returns. When it raises, it may be all the same.
        """
        first = first_bodies(events)
        standing = await store_events_at_once(self.work, tenant_id, first)
        if not standing and len(first) == len(events):
            return accepted(events)
        return outcomes(events, standing)
