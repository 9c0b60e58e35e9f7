"""How long people stay signed in, in real time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from control_plane.identity.lookups import Lookups
from control_plane.identity.secret_texts import SESSION, new_secret, secret_hash
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import SessionId, UserId, new_id
from control_plane.runtime.unit_of_work import AuthWork

IDLE = timedelta(hours=12)
"""A session ends when nobody used it for so long."""

LIFETIME = timedelta(days=30)
"""A session ends then, however much it is used."""

TOUCH_EVERY = timedelta(minutes=5)
"""Sliding costs a write, so it is not done at every request."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session just opened. ``secret`` goes into the cookie and nowhere else."""

    secret: str
    user_id: UserId
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OpenSession:
    """Open a session for a person whose identity was just proved."""

    auth: AuthWork
    clock: Clock

    async def __call__(self, user_id: UserId) -> SignedIn:
        """Store the session and return its secret."""
        secret, now = new_secret(SESSION), self.clock.now()
        expires_at = now + LIFETIME
        async with self.auth() as session:
            await Lookups(session).open_session(
                SessionId(new_id()),
                secret_hash(secret),
                user_id,
                at=now,
                idle_expires_at=now + IDLE,
                expires_at=expires_at,
            )
        return SignedIn(secret, user_id, expires_at)
