"""Invite a person by e-mail."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta

from control_plane.audit.record import record
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, format_id, new_id
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import MAIL_REQUESTED
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.domain import Invitation, Organisation, Role, normal_email
from control_plane.tenancy.errors import AlreadyMember, OwnersOnly
from control_plane.tenancy.links import InvitationLinks
from control_plane.tenancy.repository import (
    InvitationRepository,
    MemberRepository,
    OrganisationRepository,
)

LIFETIME = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class InviteMember:
    """Keep a place open for seven days of real time, and mail the link to it.

    Inviting an address again replaces its open invitation.
    """

    work: UnitOfWork
    clock: Clock
    links: InvitationLinks

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        email: str,
        role: Role,
        actor: str,
        acting_roles: AbstractSet[Role],
    ) -> Invitation:
        """Store the invitation and request its mail, in one transaction.

        Raises:
            EmailInvalid: not an address.
            AlreadyMember: the person is in already.
            OwnersOnly: only an owner invites owners.
        """
        address = normal_email(email)
        if role is Role.OWNER and Role.OWNER not in acting_roles:
            raise OwnersOnly
        now = self.clock.now()
        invitation = Invitation(
            id=new_id(),
            email=address,
            role=role,
            invited_by=actor,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        async with self.work(tenant_id) as session:
            organisation = await OrganisationRepository(session).lock(tenant_id)
            members = await MemberRepository(session).all(tenant_id)
            if any(member.email == address for member in members):
                raise AlreadyMember(email=address, field="email")
            invitations = InvitationRepository(session)
            await invitations.revoke_for(tenant_id, address, now)
            await invitations.add(tenant_id, invitation, self.links.hash(invitation.id))
            await enqueue(session, tenant_id, MAIL_REQUESTED, _mail(invitation, organisation))
            await record(
                session,
                tenant_id,
                actor,
                "member.invited",
                "invitation",
                format_id("ivt", invitation.id),
                {"email": address, "role": role.value},
            )
        return invitation


def _mail(invitation: Invitation, organisation: Organisation) -> dict[str, object]:
    return {
        "to": invitation.email,
        "template": "invitation",
        "fields": {
            "invitation_id": str(invitation.id),
            "organisation": organisation.name,
            "role": invitation.role.value,
        },
        "language": organisation.language,
    }
