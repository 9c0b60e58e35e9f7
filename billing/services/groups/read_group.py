"""What an organisation sees of its group."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import col

from billing.domain.groups.records import (
    Cadence,
    ConsolidatedDetail,
    ConsolidatedInvoice,
    Membership,
    MembershipState,
    SharedInvoice,
)
from billing.repositories.consolidated import ConsolidatedRepository
from billing.repositories.group_payments import GroupPaymentRepository
from billing.repositories.groups import GroupRepository
from control_plane.audit.record import record
from control_plane.kernel.ids import ConsolidatedInvoiceId, TenantId, format_id
from control_plane.runtime.unit_of_work import StaffWork, UnitOfWork
from control_plane.tenancy.models import OrganisationRow

LIVING = frozenset({MembershipState.REQUESTED, MembershipState.ACTIVE})


@dataclass(frozen=True, slots=True)
class Group:
    """One's own parent, or one's children; and how their invoices are put together."""

    parent: Membership | None
    children: tuple[Membership, ...]
    cadence: Cadence


@dataclass(frozen=True, slots=True)
class ReadGroup:
    """Memberships that live, on either side."""

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId) -> Group:
        """Return the group as the tenant sees it."""
        async with self.work(tenant_id) as session:
            repository = GroupRepository(session)
            living = [m for m in await repository.memberships(tenant_id) if m.state in LIVING]
            cadence = await repository.cadence(tenant_id)
        own = [m for m in living if m.child_id == tenant_id]
        children = tuple(m for m in living if m.parent_id == tenant_id)
        return Group(own[0] if own else None, children, cadence)


@dataclass(frozen=True, slots=True)
class SetCadence:
    """Choose whether one date's invoices, or one month's, become one document."""

    work: UnitOfWork

    async def __call__(self, *, tenant_id: TenantId, cadence: Cadence, actor: str) -> None:
        """Keep the choice; what was issued stays."""
        async with self.work(tenant_id) as session:
            await GroupRepository(session).set_cadence(tenant_id, cadence)
            await record(
                session,
                tenant_id,
                actor,
                "group.cadence_changed",
                "organisation",
                format_id("ten", tenant_id),
                {"cadence": cadence.value},
            )


@dataclass(frozen=True, slots=True)
class ListGroupInvoices:
    """What children showed, and the documents over it."""

    work: UnitOfWork

    async def shared(self, tenant_id: TenantId) -> Sequence[SharedInvoice]:
        """Return the copies of children's invoices, the latest first."""
        async with self.work(tenant_id) as session:
            return await ConsolidatedRepository(session).shared(tenant_id)

    async def consolidated(self, tenant_id: TenantId) -> Sequence[ConsolidatedInvoice]:
        """Return the consolidated invoices, the latest first."""
        async with self.work(tenant_id) as session:
            return await ConsolidatedRepository(session).consolidated(tenant_id)

    async def one(self, tenant_id: TenantId, wanted: ConsolidatedInvoiceId) -> ConsolidatedDetail:
        """Return a consolidated invoice with what is in it, and what became of that.

        Raises:
            ConsolidatedInvoiceNotFound: the tenant has none of that id.
        """
        async with self.work(tenant_id) as session:
            repository = ConsolidatedRepository(session)
            payments = GroupPaymentRepository(session)
            made = await repository.get(tenant_id, wanted)
            return ConsolidatedDetail(
                made=made,
                invoices=tuple(await repository.shared(tenant_id, consolidated_id=wanted)),
                notes=tuple(await payments.notes(made)),
                payments=tuple(await payments.of(tenant_id, wanted)),
            )


@dataclass(frozen=True, slots=True)
class ListAllConsolidated:
    """Every parent's consolidated invoices with its name, for finance. Read-only."""

    staff: StaffWork

    async def __call__(self) -> list[tuple[ConsolidatedInvoice, str]]:
        """Return the latest 200."""
        async with self.staff() as session:
            found = await ConsolidatedRepository(session).consolidated()
            rows = await session.execute(
                select(col(OrganisationRow.id), col(OrganisationRow.name)).where(
                    col(OrganisationRow.id).in_({made.tenant_id for made in found})
                )
            )
            names = {row.id: row.name for row in rows}
        return [(made, names[made.tenant_id]) for made in found]
