"""Create a tenant with its first owner."""

from dataclasses import dataclass

from control_plane.audit.record import record
from control_plane.kernel.clock import Clock
from control_plane.kernel.currency import currency as known_currency
from control_plane.kernel.ids import TenantId, UserId, format_id, new_id
from control_plane.kernel.zones import load_zone
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.domain import (
    Organisation,
    Role,
    known_language,
    normal_name,
    slug_of,
)
from control_plane.tenancy.repository import MemberRepository, OrganisationRepository


@dataclass(frozen=True, slots=True)
class CreateOrganisation:
    """Create a tenant whose one member is its owner, in one transaction."""

    work: UnitOfWork
    clock: Clock

    async def __call__(
        self,
        *,
        user_id: UserId,
        name: str,
        language: str = "en",
        sandbox: bool = False,
        zone: str = "Asia/Shanghai",
        currency: str = "CNY",
        tenant_id: TenantId | None = None,
    ) -> TenantId:
        """Create the tenant and return its id.

        ``tenant_id`` joins a transaction opened for a tenant that is just being
        born (sign-up creates the person in the same one).

        Raises:
            NameInvalid, LanguageUnknown, UnknownZone, UnknownCurrency: as named.
        """
        born = tenant_id or TenantId(new_id())
        tidy = normal_name(name, field="organisation_name")
        organisation = Organisation(
            id=born,
            slug=slug_of(tidy, born),
            name=tidy,
            zone=load_zone(zone).key,
            language=known_language(language),
            currency=known_currency(currency).code,
            sandbox=sandbox,
            state="active",
            created_at=self.clock.now(),
        )
        await self._store(organisation, user_id)
        return organisation.id

    async def _store(self, organisation: Organisation, user_id: UserId) -> None:
        tenant_id = organisation.id
        async with self.work(tenant_id) as session:
            await OrganisationRepository(session).add(organisation)
            await MemberRepository(session).add(
                tenant_id, user_id, Role.OWNER, organisation.created_at
            )
            await record(
                session,
                tenant_id,
                format_id("usr", user_id),
                "organisation.created",
                "organisation",
                format_id("ten", tenant_id),
                {"name": organisation.name, "sandbox": organisation.sandbox},
            )
