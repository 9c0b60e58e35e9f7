"""Find out whose API key it is."""

from dataclasses import dataclass

from control_plane.identity.domain import Principal
from control_plane.identity.lookups import api_key
from control_plane.identity.secret_texts import API_KEY, secret_hash
from control_plane.kernel.clock import Clock
from control_plane.runtime.unit_of_work import AuthWork


@dataclass(frozen=True, slots=True)
class AuthenticateApiKey:
    """Resolve a key's secret to its tenant and scopes."""

    auth: AuthWork
    clock: Clock

    async def __call__(self, secret: str) -> Principal | None:
        """Return what it grants; None when unknown, revoked, or expired on its tenant's clock."""
        if not secret.startswith(API_KEY):
            return None
        return await api_key(self.auth, secret_hash(secret), self.clock.now())
