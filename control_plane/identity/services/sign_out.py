"""Sign out."""

from dataclasses import dataclass

from control_plane.identity.lookups import Lookups
from control_plane.identity.secret_texts import secret_hash
from control_plane.runtime.unit_of_work import AuthWork


@dataclass(frozen=True, slots=True)
class SignOut:
    """End a session for good."""

    auth: AuthWork

    async def __call__(self, secret: str) -> None:
        """Delete the session; an unknown one is no error."""
        async with self.auth() as session:
            await Lookups(session).close_session(secret_hash(secret))
