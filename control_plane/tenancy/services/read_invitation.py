"""Show an invitation to whoever holds its secret."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from control_plane.kernel.canonical import sha256_hex
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import AuthWork
from control_plane.tenancy.domain import Role
from control_plane.tenancy.errors import InvitationNotFound


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """What the holder of the secret is invited to."""

    tenant_id: TenantId
    id: UUID
    organisation: str
    email: str
    role: Role


@dataclass(frozen=True, slots=True)
class ReadInvitation:
    """Find an invitation by its secret alone: its holder belongs to no tenant yet."""

    auth: AuthWork
    clock: Clock

    async def __call__(self, secret: str) -> OpenInvitation:
        """Read the invitation.

        Raises:
            InvitationNotFound: unknown, used, revoked or expired.
        """
        async with self.auth() as session:
            row = (
                await session.execute(
                    text("SELECT * FROM auth_invitation(:hash, :at)"),
                    {"hash": sha256_hex(secret.encode()), "at": self.clock.now()},
                )
            ).one_or_none()
        if row is None:
            raise InvitationNotFound
        return OpenInvitation(TenantId(row[0]), row[1], row[2], row[3], Role(row[4]))
