"""Go on in another organisation."""

from dataclasses import dataclass

from control_plane.identity.lookups import Lookups
from control_plane.identity.secret_texts import secret_hash
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import AuthWork
from control_plane.tenancy.errors import OrganisationNotFound


@dataclass(frozen=True, slots=True)
class SwitchTenant:
    """Move a session to another of its person's organisations."""

    auth: AuthWork

    async def __call__(self, *, secret: str, tenant_id: TenantId) -> None:
        """Switch.

        Raises:
            OrganisationNotFound: the person is no member there, or it does not exist.
        """
        async with self.auth() as session:
            if not await Lookups(session).switch_tenant(secret_hash(secret), tenant_id):
                raise OrganisationNotFound
