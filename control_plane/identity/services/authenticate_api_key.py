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

    async def __call__(self, secret: str, *, fresh: bool = False) -> Principal | None:
        """Return what it grants; None when unknown, revoked, or expired on its tenant's clock.

        Revoked by another process, it may work for one second more: not where it is asked for
        ``fresh``, which looks it up whatever is remembered.
        """
        if not secret.startswith(API_KEY):
            return None
        digest = secret_hash(secret)
        look_up = partial(api_key, self.auth, digest, self.clock.now())
        if fresh:
            found = await look_up()
            return None if found is None else found.principal
        return await self.known.find(digest, look_up)
