"""Find out who holds a session cookie."""

from dataclasses import dataclass

from control_plane.identity.domain import Principal
from control_plane.identity.lookups import Lookups
from control_plane.identity.secret_texts import SESSION, secret_hash
from control_plane.identity.sessions import IDLE, TOUCH_EVERY
from control_plane.kernel.clock import Clock
from control_plane.runtime.unit_of_work import AuthWork


@dataclass(frozen=True, slots=True)
class AuthenticateSession:
    """Resolve a session secret to a person in one tenant, and let the session slide on."""

    auth: AuthWork
    clock: Clock

    async def __call__(self, secret: str) -> Principal | None:
        """Return who it is; None when the session is unknown, closed or expired."""
        if not secret.startswith(SESSION):
            return None
        now, hashed = self.clock.now(), secret_hash(secret)
        async with self.auth() as session:
            lookups = Lookups(session)
            found = await lookups.session_by(hashed, now)
            if found is None:
                return None
            if now - found.seen_at >= TOUCH_EVERY:
                await lookups.touch_session(hashed, now, now + IDLE)
        return found.principal
