"""Change what a member may do."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from control_plane.audit.record import record
from control_plane.kernel.ids import TenantId, UserId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.domain import Role
from control_plane.tenancy.errors import LastOwner, OwnersOnly
from control_plane.tenancy.repository import MemberRepository, OrganisationRepository


@dataclass(frozen=True, slots=True)
class ChangeMemberRole:
    """Give a member another role. The organisation is locked, so one owner always stays."""

    work: UnitOfWork

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        user_id: UserId,
        role: Role,
        actor: str,
        acting_roles: AbstractSet[Role],
    ) -> None:
        """Change the role; the same role again changes nothing.

        Raises:
            MemberNotFound: the person is not a member.
            OwnersOnly: the change makes or unmakes an owner, and the caller is none.
            LastOwner: nobody else is an owner.
        """
        async with self.work(tenant_id) as session:
            await OrganisationRepository(session).lock(tenant_id)
            members = MemberRepository(session)
            before = (await members.get(tenant_id, user_id)).role
            if before is role:
                return
            if Role.OWNER in {before, role} and Role.OWNER not in acting_roles:
                raise OwnersOnly
            if before is Role.OWNER and await members.owners(tenant_id) == 1:
                raise LastOwner
            await members.set_role(tenant_id, user_id, role)
            await record(
                session,
                tenant_id,
                actor,
                "member.role_changed",
                "member",
                format_id("usr", user_id),
                {"before": before.value, "after": role.value},
            )
