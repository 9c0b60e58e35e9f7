"""Memberships: who belongs to whom, and how a parent wants its invoices together."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.groups.errors import MembershipNotFound
from billing.domain.groups.records import Cadence, Membership, MembershipState
from control_plane.kernel.ids import MembershipId, TenantId, format_id

_MEMBERSHIP = (
    "SELECT tenant_id, id, parent_id, child_name, parent_name, parent_pays, state, requested_by, "
    "requested_at FROM group_memberships "
)
_ADD = text(
    """
    INSERT INTO group_memberships (tenant_id, id, parent_id, child_name, parent_name, parent_pays,
        state, requested_by, requested_at)
    VALUES (:tenant_id, :id, :parent_id, :child_name, :parent_name, :parent_pays, 'requested',
        :requested_by, :requested_at)
    ON CONFLICT DO NOTHING RETURNING 1
    """
)


@dataclass(frozen=True, slots=True)
class GroupRepository:
    """What the session's tenant may see of groups: its own side of each."""

    session: AsyncSession

    async def ask(self, membership: Membership) -> bool:
        """Keep a child's request; False where it belongs to a group, or has asked one."""
        values = {
            "tenant_id": membership.child_id,
            "id": membership.id,
            "parent_id": membership.parent_id,
            "child_name": membership.child_name,
            "parent_name": membership.parent_name,
            "parent_pays": membership.parent_pays,
            "requested_by": membership.requested_by,
            "requested_at": membership.requested_at,
        }
        return (await self.session.execute(_ADD, values)).first() is not None

    async def memberships(self, tenant_id: TenantId) -> list[Membership]:
        """Return one's memberships on either side, living ones first, the latest first."""
        rows = await self.session.execute(
            text(
                _MEMBERSHIP + "WHERE :tenant_id IN (tenant_id, parent_id) "
                "ORDER BY state NOT IN ('requested', 'active'), requested_at DESC, id LIMIT 500"
            ),
            {"tenant_id": tenant_id},
        )
        return [_membership(row) for row in rows.mappings()]

    async def parent_of(self, child_id: TenantId) -> Membership | None:
        """Return the child's active membership."""
        rows = await self.session.execute(
            text(_MEMBERSHIP + "WHERE tenant_id = :child AND state = 'active'"),
            {"child": child_id},
        )
        row = rows.mappings().one_or_none()
        return None if row is None else _membership(row)

    async def lock(self, tenant_id: TenantId, membership_id: MembershipId) -> Membership:
        """Return a membership on whose one side the tenant is; nobody else moves it meanwhile.

        Raises:
            MembershipNotFound: the tenant has none of that id.
        """
        rows = await self.session.execute(
            text(
                _MEMBERSHIP + "WHERE id = :id AND :tenant_id IN (tenant_id, parent_id) FOR UPDATE"
            ),
            {"id": membership_id, "tenant_id": tenant_id},
        )
        row = rows.mappings().one_or_none()
        if row is None:
            raise MembershipNotFound(membership_id=format_id("mem", membership_id))
        return _membership(row)

    async def move(self, membership: Membership, state: MembershipState, now: datetime) -> None:
        """Answer or end a locked membership."""
        moment = "ended_at" if state is MembershipState.ENDED else "answered_at"
        await self.session.execute(
            text(
                f"UPDATE group_memberships SET state = :state, {moment} = :now "  # noqa: S608
                "WHERE tenant_id = :child AND id = :id"
            ),
            {"state": state.value, "now": now, "child": membership.child_id, "id": membership.id},
        )

    async def cadence(self, tenant_id: TenantId) -> Cadence:
        """Return how the parent wants its children's invoices together."""
        found = await self.session.scalar(
            text("SELECT cadence FROM group_settings WHERE tenant_id = :tenant_id"),
            {"tenant_id": tenant_id},
        )
        return Cadence(found or Cadence.DATE)

    async def set_cadence(self, tenant_id: TenantId, cadence: Cadence) -> None:
        """Keep how the parent wants its children's invoices together."""
        await self.session.execute(
            text(
                "INSERT INTO group_settings VALUES (:tenant_id, :cadence) "
                "ON CONFLICT (tenant_id) DO UPDATE SET cadence = excluded.cadence"
            ),
            {"tenant_id": tenant_id, "cadence": cadence.value},
        )


def _membership(row: RowMapping) -> Membership:
    return Membership(
        child_id=TenantId(row["tenant_id"]),
        id=MembershipId(row["id"]),
        parent_id=TenantId(row["parent_id"]),
        child_name=row["child_name"],
        parent_name=row["parent_name"],
        parent_pays=row["parent_pays"],
        state=MembershipState(row["state"]),
        requested_by=row["requested_by"],
        requested_at=row["requested_at"].astimezone(UTC),
    )
