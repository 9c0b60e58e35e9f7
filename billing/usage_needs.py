"""From when on billing needs a tenant's usage events: asked before any are dropped."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from billing.closing import Closing
from billing.domain.instants import AFTERMATH
from billing.domain.items import PolicyBook, open_items
from billing.domain.lines import Versions
from billing.repositories.accounts import AccountRepository
from billing.repositories.books import read_books
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from control_plane.subscriptions.domain import Timeline

_TENANTS = text("SELECT tenant_id FROM billing_accounts ORDER BY tenant_id")


@dataclass(frozen=True, slots=True)
class BilledUsageNeeds:
    """Events are needed from the start of the earliest period that is not invoiced yet."""

    work: UnitOfWork
    system: SystemWork
    closing: Closing

    async def tenants(self) -> Sequence[TenantId]:
        """Return every tenant with an account."""
        async with self.system() as session:
            return [TenantId(row) for row in await session.scalars(_TENANTS)]

    async def needed_since(self, tenant_id: TenantId) -> datetime | None:
        """Return the start of what is open, or how far the next close looks back."""
        async with self.work(tenant_id) as session:
            account = await AccountRepository(session).get(tenant_id)
            if account is None:
                return None
            opened = await read_books(session, tenant_id)
            versions = await self.closing.rater.shelf.versions(session, opened.timelines)
        policies = PolicyBook(account.policies)
        starts = [
            start
            for timeline in opened.timelines
            for start in _starts(timeline, versions, policies, account.closed_through)
        ]
        return min([*starts, *([account.reach] if account.reach else [])], default=None)


def _starts(
    timeline: Timeline, versions: Versions, policies: PolicyBook, closed: datetime | None
) -> Iterator[datetime]:
    if closed is None or not timeline.segments:
        yield timeline.started_at
        return
    for item in open_items(timeline, versions, policies, at=closed):
        if item.usage is not None:
            yield (item.measure or item.service).start
    if timeline.ended_at is not None and closed < timeline.ended_at + AFTERMATH:
        # Late usage of what ended is still looked for, in its last periods.
        yield timeline.segments[-1].start
