"""Give one of the vendor's own people an account."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text

from control_plane.identity.domain import StaffRole
from control_plane.identity.errors import EmailTaken
from control_plane.identity.passwords import checked_password, hash_password
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import UserId, new_id
from control_plane.runtime.database import Database
from control_plane.runtime.roles import Role
from control_plane.tenancy.domain import known_language, normal_email, normal_name

_CREATE = text(
    "INSERT INTO users (id, email, name, password_hash, language, staff_roles, created_at) "
    "VALUES (:id, :email, :name, :password_hash, :language, :staff_roles, :at) "
    "ON CONFLICT (email) DO NOTHING RETURNING true"
)


@dataclass(frozen=True, slots=True)
class CreateStaffUser:
    """Create an operator or a finance person, who belong to no tenant.

    Works as the owner of the database, on purpose: no role that serves
    requests can make anybody staff.
    """

    database: Database
    clock: Clock

    async def __call__(
        self,
        *,
        email: str,
        password: str,
        name: str,
        staff_roles: Collection[StaffRole],
        language: str = "en",
    ) -> UserId:
        """Create the person.

        Raises:
            EmailInvalid, NameInvalid, LanguageUnknown, PasswordTooShort, PasswordTooLong: as named.
            EmailTaken: there is an account for the address.
        """
        user_id, address = UserId(new_id()), normal_email(email)
        values = {
            "id": user_id,
            "email": address,
            "name": normal_name(name),
            "password_hash": await hash_password(checked_password(password)),
            "language": known_language(language),
            "staff_roles": sorted(role.value for role in staff_roles),
            "at": self.clock.now(),
        }
        async with self.database.engine(Role.OWNER).begin() as connection:
            if not await connection.scalar(_CREATE, values):
                raise EmailTaken(email=address, field="email")
        return user_id
