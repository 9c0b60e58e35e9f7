"""Take an invitation back."""

from dataclasses import dataclass
from uuid import UUID

from control_plane.audit.record import record
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.repository import InvitationRepository


@dataclass(frozen=True, slots=True)
class RevokeInvitation:
    """Close an open invitation, so that its link leads nowhere."""

    work: UnitOfWork
    clock: Clock

    async def __call__(self, *, tenant_id: TenantId, invitation_id: UUID, actor: str) -> None:
        """Close it.

        Raises:
            InvitationNotFound: unknown, or closed already.
        """
        now = self.clock.now()
        async with self.work(tenant_id) as session:
            invitations = InvitationRepository(session)
            invitation = await invitations.lock(tenant_id, invitation_id, now)
            await invitations.revoke(tenant_id, invitation_id, now)
            await record(
                session,
                tenant_id,
                actor,
                "member.invitation_revoked",
                "invitation",
                format_id("ivt", invitation_id),
                {"email": invitation.email},
            )
