"""Find out which module instance is calling."""

from dataclasses import dataclass

from control_plane.identity.domain import Principal
from control_plane.identity.lookups import service_token
from control_plane.identity.secret_texts import SERVICE_TOKEN, secret_hash
from control_plane.runtime.unit_of_work import AuthWork


@dataclass(frozen=True, slots=True)
class AuthenticateServiceToken:
    """Resolve a service token to its tenant and instance."""

    auth: AuthWork

    async def __call__(self, secret: str) -> Principal | None:
        """Return which instance it is; None when the token is unknown or revoked."""
        if not secret.startswith(SERVICE_TOKEN):
            return None
        return await service_token(self.auth, secret_hash(secret))
