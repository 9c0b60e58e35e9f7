"""Read fapiao: a tenant's own, one of them, or all tenants'."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlmodel import col

from billing.domain.fapiao.records import Fapiao
from billing.repositories.fapiao import FapiaoFilter, FapiaoRepository
from control_plane.kernel.ids import FapiaoId, TenantId
from control_plane.runtime.unit_of_work import StaffWork, UnitOfWork
from control_plane.tenancy.models import OrganisationRow

EVERYTHING = FapiaoFilter()


@dataclass(frozen=True, slots=True)
class FapiaoView:
    """A fapiao, the blue one it belongs to if it is red, and the red ones if it is blue."""

    fapiao: Fapiao
    blue: Fapiao | None
    reds: tuple[Fapiao, ...]


@dataclass(frozen=True, slots=True)
class ListFapiao:
    """The tenant's fapiao, the latest first."""

    work: UnitOfWork

    async def __call__(
        self, tenant_id: TenantId, wanted: FapiaoFilter = EVERYTHING
    ) -> Sequence[Fapiao]:
        """Return a page; pass the id of its last as ``before`` to go on."""
        async with self.work(tenant_id) as session:
            return await FapiaoRepository(session).list(replace(wanted, tenant_id=tenant_id))


@dataclass(frozen=True, slots=True)
class GetFapiao:
    """One fapiao of the tenant."""

    work: UnitOfWork

    async def __call__(self, *, tenant_id: TenantId, fapiao_id: FapiaoId) -> FapiaoView:
        """Return it with what it is tied to.

        Raises:
            FapiaoNotFound: the tenant has none of that id.
        """
        async with self.work(tenant_id) as session:
            repository = FapiaoRepository(session)
            fapiao = await repository.get(tenant_id, fapiao_id)
            blue = fapiao.blue_id and await repository.get(tenant_id, fapiao.blue_id)
            return FapiaoView(fapiao, blue or None, tuple(await repository.reds_of(fapiao)))


@dataclass(frozen=True, slots=True)
class CustomerFapiao:
    """A fapiao and whose it is."""

    fapiao: Fapiao
    customer: str
    sandbox: bool


@dataclass(frozen=True, slots=True)
class ListAllFapiao:
    """The fapiao of every tenant, the latest first. Read-only, for finance."""

    staff: StaffWork

    async def __call__(self, wanted: FapiaoFilter = EVERYTHING) -> list[CustomerFapiao]:
        """Return a page; pass the id of its last as ``before`` to go on."""
        async with self.staff() as session:
            found = await FapiaoRepository(session).list(wanted)
            rows = await session.execute(
                select(
                    col(OrganisationRow.id), col(OrganisationRow.name), col(OrganisationRow.sandbox)
                ).where(col(OrganisationRow.id).in_({f.tenant_id for f in found}))
            )
            names = {row.id: row for row in rows}
        return [
            CustomerFapiao(f, names[f.tenant_id].name, names[f.tenant_id].sandbox) for f in found
        ]
