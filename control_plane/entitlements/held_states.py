"""The newest snapshots of tenants, opened once and answered from until a newer one is known of."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from control_plane.entitlements.errors import SnapshotNotPublished
from control_plane.entitlements.repository import SnapshotRepository, StoredSnapshot
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.sdk.decide import Checker
from control_plane.sdk.snapshot import Snapshot, parse_snapshot

MOST_BYTES = 64_000_000
"""Payload bytes of snapshots that one process keeps open; beyond, the least used is let go."""

LONGEST_SILENCE_SECONDS = 15.0
"""After so long without a sign of life, news is taken for dead and the revision is read."""

LOOK_AGAIN_SECONDS = 1.0
"""Who waits for a revision looks by itself this often while there is no news."""


class RevisionNews(Protocol):
    """Word of revisions as they are committed, from anywhere."""

    @property
    def epoch(self) -> int | None:
        """Which unbroken stretch of listening this is; None while nobody listens."""

    @property
    def heard_seconds(self) -> float:
        """How long ago the connection last proved that it is alive."""

    def subscribe(self, callback: Callable[[TenantId, int], None]) -> Callable[[], None]:
        """Call back in the event loop with every tenant and revision heard of, until undone."""


@dataclass(frozen=True, slots=True)
class HeldState:
    """A tenant's snapshot, and its answers; ``size`` is the length of its payload in bytes."""

    snapshot: Snapshot
    size: int
    checker: Checker = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "checker", Checker(self.snapshot))

    @property
    def revision(self) -> int:
        """The snapshot's revision."""
        return self.snapshot.revision

    def present(self, clock: Clock) -> datetime:
        """Return the tenant's present: its test clock's instant if it has one, else real time."""
        at = self.snapshot.test_clock_at
        return clock.now() if at is None else at


@dataclass(slots=True)
class _Entry:
    """What is known of one tenant: the newest revision heard of, and the newest read."""

    heard: int = 0
    held: HeldState | None = None
    epoch: int | None = None
    waiting: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class HeldStates:
    """Keeps tenants' newest snapshots.

    A snapshot is answered from without looking only while news of revisions has come without a
    break since before it was read. Revisions never go back: a late read does not replace a newer.
    """

    def __init__(self, work: UnitOfWork, news: RevisionNews, most_bytes: int = MOST_BYTES) -> None:
        self._work = work
        self._news = news
        self._most_bytes = most_bytes
        self._bytes = 0
        self._entries: OrderedDict[TenantId, _Entry] = OrderedDict()
        self._unsubscribe: Callable[[], None] | None = None
        self.ended = False
        """Whether the process is about to go: nobody waits here any more."""

    async def newest(self, tenant_id: TenantId, at_least: int = 0) -> HeldState:
        """Return the newest snapshot; it may still be older than ``at_least``.

        Raises:
            SnapshotNotPublished: nothing was published for the tenant yet.
        """
        return self.known(tenant_id, at_least) or await self._look(
            tenant_id, self._entry(tenant_id)
        )

    def known(self, tenant_id: TenantId, at_least: int = 0) -> HeldState | None:
        """Return the newest snapshot if that is known without looking, and not too old."""
        if self._unsubscribe is None:  # listening starts in the loop that asks
            self._unsubscribe = self._news.subscribe(self._hear)
        entry = self._entries.get(tenant_id)
        if entry is None:
            return None
        self._entries.move_to_end(tenant_id)
        held, epoch = entry.held, entry.epoch
        if (
            held is None
            or epoch is None
            or (revision := held.snapshot.revision) < entry.heard
            or revision < at_least
            or epoch != self._news.epoch
            or self._news.heard_seconds > LONGEST_SILENCE_SECONDS
        ):
            return None
        return held

    async def wait_beyond(self, tenant_id: TenantId, revision: int, seconds: float) -> HeldState:
        """Return the newest snapshot once it is beyond ``revision``, or after ``seconds`` anyway.

        Raises:
            SnapshotNotPublished: nothing was published for the tenant yet.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while True:
            entry = self._entry(tenant_id)
            changed = entry.changed
            held = await self.newest(tenant_id, revision + 1)
            left = until - loop.time()
            if held.revision > revision or left <= 0 or self.ended:
                return held
            await _wait(entry, changed, min(left, LOOK_AGAIN_SECONDS))

    def end(self) -> None:
        """Let whoever waits go at once: the process is about to."""
        self.ended = True
        for entry in self._entries.values():
            _wake(entry)

    def age_seconds(self) -> int:
        """Return how long ago, at most, an answer's revision was known to be the newest."""
        heard = self._news.heard_seconds
        return int(heard) if heard <= LONGEST_SILENCE_SECONDS else 0

    async def _look(self, tenant_id: TenantId, entry: _Entry) -> HeldState:
        """Read the newest snapshot, or see that the one held still is."""
        epoch, held = self._news.epoch, entry.held  # before reading: it never vouches for too much
        entry.waiting += 1
        try:
            async with self._work(tenant_id) as session:
                snapshots = SnapshotRepository(session)
                if held is not None and await snapshots.revision(tenant_id) <= held.revision:
                    entry.epoch = epoch
                    return entry.held or held
                stored = await snapshots.latest(tenant_id)
            if stored is None:
                raise SnapshotNotPublished
            entry.epoch = epoch
            return self._keep(entry, stored)
        finally:
            entry.waiting -= 1

    def _keep(self, entry: _Entry, stored: StoredSnapshot) -> HeldState:
        before = entry.held
        if before is not None and before.revision >= stored.revision:
            return before
        payload = stored.envelope.payload
        entry.held = HeldState(parse_snapshot(payload), len(payload))
        self._bytes += len(payload) - (before.size if before else 0)
        self._let_go(entry)
        _wake(entry)
        return entry.held

    def _let_go(self, kept: _Entry) -> None:
        """Forget the least used tenants beyond the bound, never one that somebody waits for."""
        for tenant_id, entry in list(self._entries.items()):
            if self._bytes <= self._most_bytes:
                return
            if entry is not kept and entry.held is not None and not entry.waiting:
                self._bytes -= entry.held.size
                del self._entries[tenant_id]

    def _entry(self, tenant_id: TenantId) -> _Entry:
        entry = self._entries.get(tenant_id)
        if entry is None:
            entry = self._entries[tenant_id] = _Entry()
        self._entries.move_to_end(tenant_id)
        return entry

    def _hear(self, tenant_id: TenantId, revision: int) -> None:
        entry = self._entries.get(tenant_id)
        if entry is not None and revision > entry.heard:
            entry.heard = revision
            _wake(entry)


def _wake(entry: _Entry) -> None:
    entry.changed.set()
    entry.changed = asyncio.Event()


async def _wait(entry: _Entry, changed: asyncio.Event, seconds: float) -> None:
    entry.waiting += 1
    try:
        async with asyncio.timeout(seconds):
            await changed.wait()
    except TimeoutError:
        pass
    finally:
        entry.waiting -= 1
