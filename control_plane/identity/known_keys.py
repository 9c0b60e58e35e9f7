"""API keys that were looked up within the last second."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from control_plane.identity.domain import Principal
from control_plane.identity.lookups import KeyFound
from control_plane.kernel.clock import Clock

KNOWN_SECONDS: Final = 1.0
"""How long a key that was revoked by another process may still work in this one."""
MOST_KNOWN: Final = 10_000

LookUp: TypeAlias = Callable[[], Awaitable[KeyFound | None]]


class _Asking(NamedTuple):
    """A look-up that is under way, since when."""

    asked_at: float
    answer: "asyncio.Future[KeyFound | None]"


@dataclass(slots=True)
class KnownKeys:
    """Remembers whose a key is, by the hash of its secret, from when that was asked for.

    Only of keys that exist and that no clock ends. Whoever asks while a look-up of the same key is
    under way waits for its answer, unless that would be older than what is remembered may be.
    Make one per process: whoever revokes a key in it calls `forget` once that is committed.
    """

    clock: Clock
    most: int = MOST_KNOWN
    _known: dict[str, tuple[Principal, float]] = field(default_factory=dict)
    _asking: dict[str, _Asking] = field(default_factory=dict)
    _forgotten: int = 0

    async def find(self, secret_hash: str, look_up: LookUp) -> Principal | None:
        """Return what is remembered, or else what ``look_up`` finds."""
        asked_at, forgotten = self.clock.monotonic(), self._forgotten
        principal, until = self._known.get(secret_hash, (None, asked_at))
        if principal is not None and asked_at < until:
            return principal
        asking, joined = self._asking.get(secret_hash), True
        if asking is None or asked_at >= asking.asked_at + KNOWN_SECONDS:
            asking = self._ask(secret_hash, look_up, asked_at)
            joined = False
        # Whoever goes away meanwhile takes nobody's answer along.
        found = await asyncio.shield(asking.answer)
        if joined and found is not None and not found.lasting:
            found = await look_up()  # what a clock ends is judged by each one's own instant
        if found is None:
            return None
        # What was read before a revocation may be answered after it.
        if found.lasting and forgotten == self._forgotten:
            self._remember(secret_hash, found.principal, asking.asked_at + KNOWN_SECONDS)
        return found.principal

    def forget(self, secret_hash: str) -> None:
        """Have the key asked for again, and nothing remembered of what is being asked now."""
        self._forgotten += 1
        self._known.pop(secret_hash, None)
        self._asking.pop(secret_hash, None)

    def _ask(self, secret_hash: str, look_up: LookUp, asked_at: float) -> _Asking:
        answer = asyncio.get_running_loop().create_task(_answer(look_up), context=Context())
        asking = self._asking[secret_hash] = _Asking(asked_at, answer)

        def over(_: object) -> None:
            if self._asking.get(secret_hash) is asking:
                del self._asking[secret_hash]

        answer.add_done_callback(over)
        return asking

    def _remember(self, secret_hash: str, principal: Principal, until: float) -> None:
        self._known.pop(secret_hash, None)
        if len(self._known) >= self.most:
            del self._known[next(iter(self._known))]  # who is here longest is over first
        self._known[secret_hash] = (principal, until)


async def _answer(look_up: LookUp) -> KeyFound | None:
    return await look_up()
