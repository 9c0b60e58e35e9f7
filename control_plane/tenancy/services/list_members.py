"""List the members of an organisation."""

from dataclasses import dataclass

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.domain import Member
from control_plane.tenancy.repository import MemberRepository


@dataclass(frozen=True, slots=True)
class ListMembers:
    """Read every member, in the order they joined."""

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId) -> tuple[Member, ...]:
        """Read the members of the tenant."""
        async with self.work(tenant_id) as session:
            return await MemberRepository(session).all(tenant_id)
