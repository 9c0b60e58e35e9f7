"""Periodic work of identity."""

from dataclasses import dataclass

from control_plane.identity.lookups import Lookups
from control_plane.kernel.clock import Clock
from control_plane.runtime.unit_of_work import AuthWork


@dataclass(frozen=True, slots=True)
class PurgeSessions:
    """Deletes sessions and half-finished sign-ins that expired; they admit nobody anyway."""

    auth: AuthWork
    clock: Clock
    name: str = "purge-sessions"
    every_seconds: float = 3600.0

    async def run(self) -> int:
        """Delete what expired and return how many rows that were."""
        async with self.auth() as session:
            return await Lookups(session).purge(self.clock.now())
