"""Organisations, members and invitations of the tenant the session is bound to."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from control_plane.kernel.ids import TenantId, UserId
from control_plane.tenancy.domain import Invitation, Member, Organisation, Role
from control_plane.tenancy.errors import InvitationNotFound, MemberNotFound, OrganisationNotFound
from control_plane.tenancy.models import FellowRow, InvitationRow, MemberRow, OrganisationRow

_ADDRESSES = text(
    "SELECT u.email FROM members m JOIN users u ON u.id = m.user_id "
    "WHERE m.tenant_id = :tenant_id AND m.role = ANY(:roles) ORDER BY m.joined_at, m.user_id"
)


@dataclass(frozen=True, slots=True)
class OrganisationRepository:
    """The tenant's own row. ``session`` must be bound to the tenant."""

    session: AsyncSession

    async def add(self, organisation: Organisation) -> None:
        """Insert a new tenant; the session must be bound to its id."""
        self.session.add(
            OrganisationRow(
                id=organisation.id,
                slug=organisation.slug,
                name=organisation.name,
                zone=organisation.zone,
                language=organisation.language,
                currency=organisation.currency,
                sandbox=organisation.sandbox,
                state=organisation.state,
                created_at=organisation.created_at,
            )
        )
        await self.session.flush()

    async def get(self, tenant_id: TenantId) -> Organisation:
        """Read the tenant.

        Raises:
            OrganisationNotFound: it does not exist, or the session is another's.
        """
        row = await self.session.get(OrganisationRow, tenant_id)
        if row is None:
            raise OrganisationNotFound
        return _organisation(row)

    async def lock(self, tenant_id: TenantId) -> Organisation:
        """Read the tenant and hold it until the commit: members change one at a time.

        Raises:
            OrganisationNotFound: it does not exist, or the session is another's.
        """
        row = await self.session.get(
            OrganisationRow, tenant_id, with_for_update=True, populate_existing=True
        )
        if row is None:
            raise OrganisationNotFound
        return _organisation(row)

    async def rename(self, tenant_id: TenantId, *, name: str, language: str) -> None:
        """Change what people may change of a tenant."""
        await self.session.execute(
            update(OrganisationRow)
            .where(col(OrganisationRow.id) == tenant_id)
            .values(name=name, language=language)
        )


@dataclass(frozen=True, slots=True)
class MemberRepository:
    """The tenant's members."""

    session: AsyncSession

    async def add(self, tenant_id: TenantId, user_id: UserId, role: Role, at: datetime) -> bool:
        """Insert a member; False when the person is one already."""
        made = await self.session.scalar(
            text(
                "INSERT INTO members (tenant_id, user_id, role, joined_at) "
                "VALUES (:tenant_id, :user_id, :role, :at) ON CONFLICT DO NOTHING RETURNING true"
            ),
            {"tenant_id": tenant_id, "user_id": user_id, "role": role.value, "at": at},
        )
        return bool(made)

    async def all(self, tenant_id: TenantId) -> tuple[Member, ...]:
        """Read every member, in the order they joined."""
        rows = await self.session.execute(
            select(MemberRow, FellowRow)
            .join(FellowRow, col(FellowRow.id) == col(MemberRow.user_id))
            .where(col(MemberRow.tenant_id) == tenant_id)
            .order_by(col(MemberRow.joined_at), col(MemberRow.user_id))
        )
        return tuple(_member(member, fellow) for member, fellow in rows)

    async def addresses(self, tenant_id: TenantId, roles: Collection[Role]) -> tuple[str, ...]:
        """Read the e-mail addresses of the members in any of the roles, in the order they joined.

        Whole members are not made of them: every invoice asks this.
        """
        found = await self.session.scalars(_ADDRESSES, {"tenant_id": tenant_id, "roles": [*roles]})
        return tuple(found)

    async def get(self, tenant_id: TenantId, user_id: UserId) -> Member:
        """Read one member.

        Raises:
            MemberNotFound: the person is not a member.
        """
        for member in await self.all(tenant_id):
            if member.user_id == user_id:
                return member
        raise MemberNotFound

    async def owners(self, tenant_id: TenantId) -> int:
        """Count the owners."""
        return (
            await self.session.scalar(
                select(func.count())
                .select_from(MemberRow)
                .where(col(MemberRow.tenant_id) == tenant_id, col(MemberRow.role) == Role.OWNER)
            )
            or 0
        )

    async def set_role(self, tenant_id: TenantId, user_id: UserId, role: Role) -> None:
        """Change a member's role."""
        await self.session.execute(
            update(MemberRow)
            .where(col(MemberRow.tenant_id) == tenant_id, col(MemberRow.user_id) == user_id)
            .values(role=role.value)
        )

    async def remove(self, tenant_id: TenantId, user_id: UserId) -> None:
        """Delete a membership; sessions in this tenant lose it at once."""
        await self.session.execute(
            delete(MemberRow).where(
                col(MemberRow.tenant_id) == tenant_id, col(MemberRow.user_id) == user_id
            )
        )


@dataclass(frozen=True, slots=True)
class InvitationRepository:
    """The tenant's open invitations."""

    session: AsyncSession

    async def add(self, tenant_id: TenantId, invitation: Invitation, secret_hash: str) -> None:
        """Insert an open invitation."""
        self.session.add(
            InvitationRow(
                tenant_id=tenant_id,
                id=invitation.id,
                email=invitation.email,
                role=invitation.role.value,
                hash=secret_hash,
                invited_by=invitation.invited_by,
                created_at=invitation.created_at,
                expires_at=invitation.expires_at,
            )
        )
        await self.session.flush()

    async def open(self, tenant_id: TenantId, at: datetime) -> tuple[Invitation, ...]:
        """Read the invitations that can still be accepted at ``at``, oldest first."""
        rows = await self.session.scalars(
            select(InvitationRow)
            .where(
                col(InvitationRow.tenant_id) == tenant_id,
                col(InvitationRow.accepted_at).is_(None),
                col(InvitationRow.revoked_at).is_(None),
                col(InvitationRow.expires_at) > at,
            )
            .order_by(col(InvitationRow.created_at))
        )
        return tuple(_invitation(row) for row in rows)

    async def lock(self, tenant_id: TenantId, invitation_id: UUID, at: datetime) -> Invitation:
        """Read an open invitation and hold it until the commit.

        Raises:
            InvitationNotFound: unknown, used, revoked or expired at ``at``.
        """
        row = await self.session.get(
            InvitationRow,
            (tenant_id, invitation_id),
            with_for_update=True,
            populate_existing=True,
        )
        if row is None or row.accepted_at or row.revoked_at or row.expires_at <= at:
            raise InvitationNotFound
        return _invitation(row)

    async def accept(self, tenant_id: TenantId, invitation_id: UUID, at: datetime) -> None:
        """Close an invitation because the person came."""
        await self._close(tenant_id, invitation_id, accepted_at=at)

    async def revoke(self, tenant_id: TenantId, invitation_id: UUID, at: datetime) -> None:
        """Close an invitation that must not be used any more."""
        await self._close(tenant_id, invitation_id, revoked_at=at)

    async def revoke_for(self, tenant_id: TenantId, email: str, at: datetime) -> None:
        """Close whatever invitation the address still has, expired or not."""
        await self.session.execute(
            update(InvitationRow)
            .where(
                col(InvitationRow.tenant_id) == tenant_id,
                col(InvitationRow.email) == email,
                col(InvitationRow.accepted_at).is_(None),
                col(InvitationRow.revoked_at).is_(None),
            )
            .values(revoked_at=at)
        )

    async def _close(self, tenant_id: TenantId, invitation_id: UUID, **values: datetime) -> None:
        await self.session.execute(
            update(InvitationRow)
            .where(
                col(InvitationRow.tenant_id) == tenant_id, col(InvitationRow.id) == invitation_id
            )
            .values(**values)
        )


def _organisation(row: OrganisationRow) -> Organisation:
    return Organisation(
        id=TenantId(row.id),
        slug=row.slug,
        name=row.name,
        zone=row.zone,
        language=row.language,
        currency=row.currency,
        sandbox=row.sandbox,
        state=row.state,
        created_at=row.created_at,
    )


def _member(member: MemberRow, fellow: FellowRow) -> Member:
    return Member(
        user_id=UserId(fellow.id),
        email=fellow.email,
        name=fellow.name,
        role=Role(member.role),
        joined_at=member.joined_at,
    )


def _invitation(row: InvitationRow) -> Invitation:
    return Invitation(
        id=row.id,
        email=row.email,
        role=Role(row.role),
        invited_by=row.invited_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
