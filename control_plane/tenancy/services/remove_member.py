"""Remove a member."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from control_plane.audit.record import record
from control_plane.kernel.ids import TenantId, UserId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.domain import Role
from control_plane.tenancy.errors import LastOwner, OwnersOnly
from control_plane.tenancy.repository import MemberRepository, OrganisationRepository


@dataclass(frozen=True, slots=True)
class RemoveMember:
    """End a membership; the person's sessions leave the tenant in the same commit."""

    work: UnitOfWork

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        user_id: UserId,
        actor: str,
        acting_roles: AbstractSet[Role],
    ) -> None:
        """Remove the member.

        Raises:
            MemberNotFound: the person is not a member.
            OwnersOnly: the member is an owner, and the caller is none.
            LastOwner: nobody else is an owner.
        """
        async with self.work(tenant_id) as session:
            await OrganisationRepository(session).lock(tenant_id)
            members = MemberRepository(session)
            member = await members.get(tenant_id, user_id)
            if member.role is Role.OWNER:
                if Role.OWNER not in acting_roles:
                    raise OwnersOnly
                if await members.owners(tenant_id) == 1:
                    raise LastOwner
            await members.remove(tenant_id, user_id)
            await record(
                session,
                tenant_id,
                actor,
                "member.removed",
                "member",
                format_id("usr", user_id),
                {"email": member.email, "role": member.role.value},
            )
