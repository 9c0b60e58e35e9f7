"""Use case: say which legal entity bills a customer."""

from dataclasses import dataclass

from sqlalchemy import text

from billing.errors_tax import EntityNotAllowed
from billing.repositories.accounts import AccountRepository
from billing.repositories.tax import TaxRepository
from billing.services.accounts.choosing import refuse_for
from control_plane.audit.record import record
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.repository import OrganisationRepository

_ASSIGN = text("UPDATE billing_accounts SET entity = :entity WHERE tenant_id = :tenant_id")


@dataclass(frozen=True, slots=True)
class AssignEntity:
    """Have a customer billed by another legal entity, from its next invoice on."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(self, *, tenant_id: TenantId, entity: str, actor: str) -> None:
        """Assign the entity.

        Raises:
            EntityNotFound: there is none of this code.
            EntityNotAllowed: a sandbox's entity for a real customer, or the other way.
            OrganisationNotFound: there is no such customer.
            RoundingNotAllowed: its invoices must follow EN 16931, and the customer's policies
                break that.
        """
        async with self.work(tenant_id) as session:
            organisation = await OrganisationRepository(session).get(tenant_id)
            found = await TaxRepository(session).entity(entity)
            if found.sandbox != organisation.sandbox:
                raise EntityNotAllowed(entity=entity, field="entity")
            now = await self.tenant_clock.now(session, tenant_id)
            default = "sandbox" if organisation.sandbox else "live"
            account = await AccountRepository(session).open(tenant_id, default, now)
            if account.entity == entity:
                return
            refuse_for(found, account.policies)
            await session.execute(_ASSIGN, {"tenant_id": tenant_id, "entity": entity})
            details = {"before": account.entity, "after": entity}
            shown = format_id("ten", tenant_id)
            await record(
                session, tenant_id, actor, "entity.assigned", "organisation", shown, details
            )
