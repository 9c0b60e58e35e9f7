"""Use case: tell a tenant when what it may do changes, by itself or by a new revision."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from control_plane.entitlements.held_states import HeldState, HeldStates
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId
from control_plane.sdk.decide import Decision, decide

BEAT_SECONDS = 5.0
"""A follower hears something this often, so that silence means a dead connection."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Every feature's answer at one instant."""

    revision: int
    at: datetime
    decisions: tuple[tuple[str, Decision], ...]

    @property
    def changes_at(self) -> datetime | None:
        """The next instant at which an answer changes by itself, as far as is known."""
        ends = [d.valid_until for _, d in self.decisions if d.valid_until is not None]
        return min((end for end in ends if end > self.at), default=None)


@dataclass(frozen=True, slots=True)
class FollowEntitlements:
    """Follow the newest snapshot, and the windows that open and close in it."""

    states: HeldStates
    clock: Clock
    beat_seconds: float = BEAT_SECONDS

    async def after(self, tenant_id: TenantId, have: int, seconds: float) -> tuple[Seen, bool]:
        """Return the answers once they differ from revision ``have``'s, or after ``seconds``.

        The second member tells whether they do: a newer revision came, or a window opened or
        closed meanwhile.

        Raises:
            SnapshotNotPublished: nothing was published for the tenant yet.
        """
        before = self._seen(await self.states.newest(tenant_id))
        if before.revision > have:
            return before, True
        wait = min(seconds, self._until_change(before))
        now = self._seen(await self.states.wait_beyond(tenant_id, before.revision, wait))
        return now, now.revision > have or now.decisions != before.decisions

    async def follow(self, tenant_id: TenantId) -> AsyncIterator[tuple[Seen, bool]]:
        """Yield the answers at once and after every change; without one, a sign of life.

        It ends when the process is about to.

        Raises:
            SnapshotNotPublished: nothing was published for the tenant yet.
        """
        told = self._seen(await self.states.newest(tenant_id))
        yield told, True
        while not self.states.ended:
            wait = min(self.beat_seconds, self._until_change(told))
            now = self._seen(await self.states.wait_beyond(tenant_id, told.revision, wait))
            changed = now.revision > told.revision or now.decisions != told.decisions
            yield now, changed
            told = now

    def _seen(self, held: HeldState) -> Seen:
        at = held.present(self.clock)
        snapshot = held.snapshot
        decisions = tuple(
            (code, decide(snapshot, code, at, age_seconds=0)) for code in snapshot.features
        )
        return Seen(held.revision, at, decisions)

    def _until_change(self, seen: Seen) -> float:
        """Return the seconds until an answer changes by itself; more than any wait where none."""
        at = seen.changes_at
        return float("inf") if at is None else (at - seen.at).total_seconds()


class StreamRoom:
    """Counts open streams, in all and of each tenant."""

    def __init__(self, most: int, most_of_one: int) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._open: Counter[TenantId] = Counter()

    def full(self, tenant_id: TenantId) -> int | None:
        """Return how many there may be, if there are as many; None while there is room."""
        if self._open.total() >= self._most:
            return self._most
        return self._most_of_one if self._open[tenant_id] >= self._most_of_one else None

    @contextmanager
    def entered(self, tenant_id: TenantId) -> Iterator[None]:
        """Count a stream while it is open."""
        self._open[tenant_id] += 1
        try:
            yield
        finally:
            self._open[tenant_id] -= 1
            if not self._open[tenant_id]:
                del self._open[tenant_id]
