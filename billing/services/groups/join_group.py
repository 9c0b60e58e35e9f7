"""How an organisation becomes, and ceases to be, another's child."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.groups.codes import GroupCodes, Named
from billing.domain.groups.errors import (
    AlreadyInGroup,
    GroupOfItself,
    MembershipStateRefused,
)
from billing.domain.groups.records import Membership, MembershipState
from billing.repositories.groups import GroupRepository
from control_plane.audit.record import record
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import MembershipId, TenantId, format_id, new_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.repository import OrganisationRepository

LIVING = frozenset({MembershipState.REQUESTED, MembershipState.ACTIVE})


@dataclass(frozen=True, slots=True)
class IssueGroupCode:
    """Hand out the code by which others ask to become children; it permits nothing by itself."""

    work: UnitOfWork
    clock: Clock
    codes: GroupCodes

    async def __call__(self, tenant_id: TenantId) -> str:
        """Return a code that is good for fourteen days.

        Raises:
            AlreadyInGroup: the organisation is itself a child.
        """
        async with self.work(tenant_id) as session:
            organisation = await OrganisationRepository(session).get(tenant_id)
            if await GroupRepository(session).parent_of(tenant_id) is not None:
                raise AlreadyInGroup(name=organisation.name)
        named = Named(tenant_id, organisation.name, organisation.sandbox)
        return self.codes.issue(named, self.clock.now())


@dataclass(frozen=True, slots=True)
class AskToJoinGroup:
    """The child's consent: to show its invoices to the parent, and perhaps to have them paid."""

    work: UnitOfWork
    clock: Clock
    tenant_clock: TenantClock
    codes: GroupCodes

    async def __call__(
        self, *, tenant_id: TenantId, code: str, parent_pays: bool, actor: str
    ) -> Membership:
        """Keep the request, which the parent then answers, and return it.

        Raises:
            GroupCodeInvalid: the code is none, or too old.
            GroupOfItself: it is one's own, or of the other kind of organisation.
            AlreadyInGroup: there is a parent, a request, or a child already.
        """
        named = self.codes.read(code, self.clock.now())
        async with self.work(tenant_id) as session:
            organisation = await OrganisationRepository(session).get(tenant_id)
            if named.parent_id == tenant_id or named.sandbox != organisation.sandbox:
                raise GroupOfItself(child=organisation.name, parent=named.name, field="code")
            repository = GroupRepository(session)
            mine = await repository.memberships(tenant_id)
            leads = any(m.parent_id == tenant_id and m.state in LIVING for m in mine)
            membership = Membership(
                child_id=tenant_id,
                id=MembershipId(new_id()),
                parent_id=named.parent_id,
                child_name=organisation.name,
                parent_name=named.name,
                parent_pays=parent_pays,
                state=MembershipState.REQUESTED,
                requested_by=actor,
                requested_at=await self.tenant_clock.now(session, tenant_id),
            )
            if leads or not await repository.ask(membership):
                raise AlreadyInGroup(name=organisation.name, field="code")
            await _record(session, tenant_id, membership, actor, "requested")
            return membership


@dataclass(frozen=True, slots=True)
class AnswerMembership:
    """The parent's consent, or its refusal; and how either side ends a membership."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        membership_id: MembershipId,
        state: MembershipState,
        actor: str,
    ) -> None:
        """Make a request active or declined, as the parent; end it, as either side.

        Raises:
            MembershipNotFound: the tenant has none of that id.
            MembershipStateRefused: it was answered or ended, or is the other side's to answer.
            AlreadyInGroup: the parent has become a child itself.
        """
        async with self.work(tenant_id) as session:
            repository = GroupRepository(session)
            membership = await repository.lock(tenant_id, membership_id)
            answers = state is not MembershipState.ENDED
            timely = {MembershipState.REQUESTED} if answers else LIVING
            allowed = not answers or membership.parent_id == tenant_id
            if membership.state not in timely or not allowed:
                raise MembershipStateRefused(state=membership.state.value)
            if state is MembershipState.ACTIVE and await repository.parent_of(tenant_id):
                raise AlreadyInGroup(name=membership.parent_name)
            await repository.move(
                membership, state, await self.tenant_clock.now(session, tenant_id)
            )
            await _record(session, tenant_id, membership, actor, state.value)


async def _record(
    session: AsyncSession, tenant_id: TenantId, membership: Membership, actor: str, what: str
) -> None:
    details = {
        "child": membership.child_name,
        "parent": membership.parent_name,
        "parent_pays": membership.parent_pays,
    }
    object_id = format_id("mem", membership.id)
    await record(session, tenant_id, actor, f"membership.{what}", "membership", object_id, details)
