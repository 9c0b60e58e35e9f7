"""Find out whose API key it is."""

from dataclasses import dataclass
from functools import partial

from control_plane.identity.domain import Principal
from control_plane.identity.known_keys import KnownKeys
from control_plane.identity.lookups import api_key
from control_plane.identity.secret_texts import API_KEY, secret_hash
from control_plane.kernel.clock import Clock
from control_plane.runtime.unit_of_work import AuthWork


@dataclass(frozen=True, slots=True)
class AuthenticateApiKey:
    """Resolve a key's secret to its tenant and scopes."""

    auth: AuthWork
    clock: Clock
    known: KnownKeys

    async def __call__(self, secret: str) -> Principal | None:
        """Return what it grants; None when unknown, revoked, or expired on its tenant's clock.

        Revoked by another process, it may work for one second more.
        """
        if not secret.startswith(API_KEY):
            return None
        digest = secret_hash(secret)
        return await self.known.find(digest, partial(api_key, self.auth, digest, self.clock.now()))
