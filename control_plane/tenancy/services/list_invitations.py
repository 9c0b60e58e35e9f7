"""List the invitations that nobody has accepted yet."""

from dataclasses import dataclass

from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.domain import Invitation
from control_plane.tenancy.repository import InvitationRepository


@dataclass(frozen=True, slots=True)
class ListInvitations:
    """Read what is open, oldest first."""

    work: UnitOfWork
    clock: Clock

    async def __call__(self, tenant_id: TenantId) -> tuple[Invitation, ...]:
        """Read the open invitations of the tenant."""
        async with self.work(tenant_id) as session:
            return await InvitationRepository(session).open(tenant_id, self.clock.now())
