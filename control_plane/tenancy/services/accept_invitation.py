"""Accept an invitation."""

from dataclasses import dataclass

from control_plane.audit.record import record
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, UserId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.errors import AlreadyMember, InvitationNotFound
from control_plane.tenancy.repository import InvitationRepository, MemberRepository
from control_plane.tenancy.services.read_invitation import OpenInvitation, ReadInvitation


@dataclass(frozen=True, slots=True)
class AcceptInvitation:
    """Make a signed-in person a member. An invitation is accepted once, by its addressee."""

    work: UnitOfWork
    clock: Clock
    read: ReadInvitation

    async def __call__(self, *, secret: str, user_id: UserId, email: str) -> TenantId:
        """Join, and return the tenant joined. ``email`` is the signed-in person's own.

        Raises:
            InvitationNotFound: unknown, used, revoked, expired, or sent to another address.
            AlreadyMember: the person is in already.
        """
        invitation = await self.read(secret)
        await self.join(invitation, user_id=user_id, email=email)
        return invitation.tenant_id

    async def join(self, invitation: OpenInvitation, *, user_id: UserId, email: str) -> None:
        """Join, inside the caller's transaction where there is one.

        Raises:
            InvitationNotFound: closed meanwhile, or sent to another address.
            AlreadyMember: the person is in already.
        """
        if invitation.email != email:
            raise InvitationNotFound
        tenant_id, now = invitation.tenant_id, self.clock.now()
        async with self.work(tenant_id) as session:
            invitations = InvitationRepository(session)
            place = await invitations.lock(tenant_id, invitation.id, now)
            if not await MemberRepository(session).add(tenant_id, user_id, place.role, now):
                raise AlreadyMember(email=email)
            await invitations.accept(tenant_id, invitation.id, now)
            await record(
                session,
                tenant_id,
                format_id("usr", user_id),
                "member.joined",
                "member",
                format_id("usr", user_id),
                {"email": email, "role": place.role.value},
            )
