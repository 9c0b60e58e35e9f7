"""Take the steps that follow from what a tenant has not paid."""

from dataclasses import dataclass

from billing.repositories.debts import read_debt
from control_plane.kernel.ids import OutboxId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.standing.domain import Debt, Step
from control_plane.standing.repository import StandingRepository
from control_plane.standing.walk import walk
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class FollowLadder:
    """Bring a tenant's standing to where its unpaid invoices, and its plans' ladder, have it.

    Level-triggered: it looks at what is open now, whatever happened before, and may therefore be
    late, be killed and run again. Two at once take no step twice.
    """

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(self, tenant_id: TenantId) -> tuple[Step, ...]:
        """Return the steps that were due by the tenant's own clock, and are taken now."""
        async with self.work(tenant_id) as session:
            await StandingRepository(session).lock(tenant_id)
            at = await self.tenant_clock.now(session, tenant_id)
            return await walk(session, tenant_id, await read_debt(session, tenant_id), at)

    async def deliver(
        self, tenant_id: TenantId, payload: dict[str, object], delivery_id: OutboxId
    ) -> None:
        """Handle `STANDING_DUE` from the outbox."""
        del payload, delivery_id  # the message only says whose standing to look at
        await self(tenant_id)


@dataclass(frozen=True, slots=True)
class ReadDebt:
    """Show what a tenant has open, whether overdue or not yet."""

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId) -> Debt | None:
        """Return it; None where nothing is."""
        async with self.work(tenant_id) as session:
            return await read_debt(session, tenant_id)
