"""Sign up: a person and their organisation."""

from dataclasses import dataclass

from control_plane.identity.passwords import checked_password, hash_password
from control_plane.identity.users import create_user
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, UserId, new_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.domain import known_language, normal_email, normal_name
from control_plane.tenancy.services.create_organisation import CreateOrganisation


@dataclass(frozen=True, slots=True)
class SignUp:
    """Create a person, their organisation and their ownership of it, or nothing at all."""

    work: UnitOfWork
    clock: Clock
    create_organisation: CreateOrganisation

    async def __call__(
        self,
        *,
        email: str,
        password: str,
        name: str,
        organisation_name: str,
        language: str = "en",
        sandbox: bool = False,
        zone: str = "Asia/Shanghai",
        currency: str = "CNY",
    ) -> tuple[UserId, TenantId]:
        """Create all three in one transaction.

        Raises:
            EmailInvalid, NameInvalid, LanguageUnknown, UnknownZone, UnknownCurrency: as named.
            PasswordTooShort, PasswordTooLong: as named.
            EmailTaken: there is an account for the address.
        """
        address = normal_email(email)
        person = normal_name(name)
        organisation = normal_name(organisation_name, field="organisation_name")
        spoken = known_language(language)
        hashed = await hash_password(checked_password(password))
        tenant_id = TenantId(new_id())
        async with self.work(tenant_id) as session:
            user_id = await create_user(
                session,
                email=address,
                name=person,
                language=spoken,
                at=self.clock.now(),
                password_hash=hashed,
            )
            await self.create_organisation(
                user_id=user_id,
                name=organisation,
                language=spoken,
                sandbox=sandbox,
                zone=zone,
                currency=currency,
                tenant_id=tenant_id,
            )
        return user_id, tenant_id
