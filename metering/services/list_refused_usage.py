"""Look at usage that came too late to be counted."""

from dataclasses import dataclass

from control_plane.kernel.ids import TenantId
from metering.domain.events import RefusedPage
from metering.ports import UsageStore


@dataclass(frozen=True, slots=True)
class ListRefusedUsage:
    """List the events that were refused for their age, the latest refusal first."""

    store: UsageStore

    async def __call__(self, *, tenant_id: TenantId, after: int | None, limit: int) -> RefusedPage:
        """Return a page of at most ``limit``; ``after`` is the mark of the page before."""
        return await self.store.refused(tenant_id, after=after, limit=limit)
