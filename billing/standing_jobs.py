"""Following unpaid invoices by itself, in real time and on test clocks."""

from dataclasses import dataclass
from datetime import datetime

import structlog

from billing.repositories.debts import tenants_to_look_at
from billing.services.standing.follow_ladder import FollowLadder
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from control_plane.standing.repository import StandingRepository

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FollowLadders:
    """Finds tenants of whose standing something is due, whatever the day of the month."""

    system: SystemWork
    follow: FollowLadder
    clock: Clock
    batch: int = 200
    name: str = "follow-ladders"
    every_seconds: float = 5.0

    async def run(self) -> int:
        """Follow until nothing is due, and return how many steps were taken.

        A tenant is tried once a run; one that fails keeps nobody else waiting.
        """
        taken, tried = 0, set[TenantId]()
        while fresh := [t for t in await self._due(len(tried)) if t not in tried]:
            tried.update(fresh)
            for tenant_id in fresh:
                taken += await self._follow(tenant_id)
        return taken

    async def _follow(self, tenant_id: TenantId) -> int:
        try:
            return len(await self.follow(tenant_id))
        except Exception:
            log.exception("follow_ladder_failed", tenant_id=format_id("ten", tenant_id))
            return 0

    async def _due(self, tried: int) -> list[TenantId]:
        # Those that fail stay due: they must not fill the batch and hide who comes after them.
        async with self.system() as session:
            return await tenants_to_look_at(session, self.clock.now(), self.batch + tried)


@dataclass(frozen=True, slots=True)
class LadderParticipant:
    """Stops a test clock wherever a step is to be announced or taken, or a hold ends."""

    work: UnitOfWork
    follow: FollowLadder

    async def next_boundary(self, tenant_id: TenantId, after: datetime) -> datetime | None:
        """Name the instant at which there will be something to do, as was last worked out."""
        async with self.work(tenant_id) as session:
            due = (await StandingRepository(session).read(tenant_id)).next_at
        return due if due is not None and due > after else None

    async def settle(self, tenant_id: TenantId) -> bool:
        """Take what is due; busy while anything was."""
        return bool(await self.follow(tenant_id))
