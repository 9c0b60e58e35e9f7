"""API keys that were looked up within the last second."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from control_plane.identity.domain import Principal
from control_plane.identity.lookups import KeyFound
from control_plane.kernel.clock import Clock

KNOWN_SECONDS: Final = 1.0
"""How long a key that was revoked by another process may still work in this one."""
MOST_KNOWN: Final = 10_000

LookUp: TypeAlias = Callable[[], Awaitable[KeyFound | None]]


@dataclass(slots=True)
class KnownKeys:
    """Remembers whose a key is, by the hash of its secret, from when that was asked for.

    Only of keys that exist and that no clock ends. Make one per process: whoever revokes a key in
    it calls `forget` once that is committed.
    """

    clock: Clock
    most: int = MOST_KNOWN
    _known: dict[str, tuple[Principal, float]] = field(default_factory=dict)
    _forgotten: int = 0

    async def find(self, secret_hash: str, look_up: LookUp) -> Principal | None:
        """Return what is remembered, or else what ``look_up`` finds."""
        asked_at, forgotten = self.clock.monotonic(), self._forgotten
        principal, until = self._known.get(secret_hash, (None, asked_at))
        if principal is not None and asked_at < until:
            return principal
        found = await look_up()
        if found is None:
            return None
        # What was read before a revocation may be answered after it.
        if found.lasting and forgotten == self._forgotten:
            self._remember(secret_hash, found.principal, asked_at + KNOWN_SECONDS)
        return found.principal

    def forget(self, secret_hash: str) -> None:
        """Have the key asked for again, and nothing remembered of what is being asked now."""
        self._forgotten += 1
        self._known.pop(secret_hash, None)

    def _remember(self, secret_hash: str, principal: Principal, until: float) -> None:
        self._known.pop(secret_hash, None)
        if len(self._known) >= self.most:
            del self._known[next(iter(self._known))]  # who is here longest is over first
        self._known[secret_hash] = (principal, until)
