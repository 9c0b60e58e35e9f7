"""The conventions that one tenant's money follows, where they differ from everybody's."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from billing.changing import Changing
from billing.repositories.accounts import AccountRepository
from billing.services.accounts.choosing import refuse_what_its_entity_forbids
from control_plane.audit.record import record
from control_plane.catalog.policies import DEFAULTS, Choices
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.repository import OrganisationRepository

_STORE = text(
    "UPDATE billing_accounts SET policies = CAST(:policies AS jsonb) WHERE tenant_id = :tenant_id"
)


@dataclass(frozen=True, slots=True)
class ReadPolicies:
    """A tenant's own choices; those of its plans and prices are the catalogue's."""

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId) -> Choices:
        """Return them by name, nothing where the tenant follows everybody's.

        Raises:
            OrganisationNotFound: there is no such tenant.
        """
        async with self.work(tenant_id) as session:
            await OrganisationRepository(session).get(tenant_id)
            account = await AccountRepository(session).get(tenant_id)
            return {} if account is None else dict(account.policies)


@dataclass(frozen=True, slots=True)
class SetPolicies:
    """Choose conventions for one tenant. What is due already is invoiced first, by the old ones."""

    work: UnitOfWork
    changing: Changing

    async def __call__(
        self, *, tenant_id: TenantId, policies: Mapping[str, str | int], actor: str
    ) -> Choices:
        """Keep exactly these choices, and return them.

        Raises:
            PolicyUnknown, PolicyValueUnknown: a name or a value is no policy's.
            RoundingNotAllowed: its invoices must follow EN 16931, and the policy breaks that.
            AccountParked: billing is halted.
        """
        chosen = {name: DEFAULTS.over(policies).body()[name] for name in policies}
        async with self.work(tenant_id) as session:
            books = await self.changing.current_books(session, tenant_id)
            await refuse_what_its_entity_forbids(session, books.account.entity, chosen)
            await session.execute(_STORE, {"tenant_id": tenant_id, "policies": json.dumps(chosen)})
            facts = {"before": dict(books.account.policies), "after": chosen}
            named = format_id("ten", tenant_id)
            await record(session, tenant_id, actor, "billing.policies_set", "tenant", named, facts)
        return chosen
