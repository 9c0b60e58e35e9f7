"""What each tenant's services are told as it happens, read and signed once for all of them."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from typing import Self

import structlog

from control_plane.entitlements.changes import EntitlementChanges
from control_plane.entitlements.services.read_snapshot import ReadSnapshot
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import TenantId
from control_plane.sdk.envelope import Envelope
from control_plane.sdk.events import event_text
from control_plane.sdk.fast_json import loads

_READS = 3  # for a revision that was told of but is not there: the next beat looks again

log = structlog.get_logger()


@dataclass(frozen=True)
class FeedState:
    """The newest snapshot of a tenant, and the newest word that it is the newest.

    ``vouch`` signs that word; a key ring that lists its key is told before it.
    """

    revision: int
    snapshot: Envelope
    vouch: Callable[[], Envelope]

    @cached_property
    def heartbeat(self) -> Envelope:
        """The heartbeat, signed once somebody wants it: who is told of a change does not."""
        return self.vouch()

    @cached_property
    def news(self) -> bytes:
        """The snapshot as a server-sent event, written once for all who follow."""
        return self.event("snapshot", self.snapshot)

    @cached_property
    def beat(self) -> bytes:
        """The heartbeat as a server-sent event."""
        return self.event("heartbeat", self.heartbeat)

    @cached_property
    def services(self) -> frozenset[str]:
        """The hashes of the tokens that the snapshot knows as the tenant's services'."""
        found = loads(self.snapshot.payload).get("services", ())
        return frozenset(service["hash"] for service in found)

    def event(self, name: str, envelope: Envelope) -> bytes:
        """Return an event that carries an envelope; its id is the revision."""
        return event_text(name, envelope.to_json(), str(self.revision))


class Feed:
    """One tenant's state in this process, while anybody follows it."""

    def __init__(self) -> None:
        self.state: FeedState | None = None
        self.followers = 0
        self.wanted = 0
        self.reading: asyncio.Task[None] | None = None
        self._waiting: set[asyncio.Future[None]] = set()

    def put(self, state: FeedState) -> None:
        """Make ``state`` the newest, unless what is held is newer, and wake whoever waits."""
        held = self.state
        if held is not None and held.revision > state.revision:
            return
        self.state = state
        self.wake()

    def wake(self) -> None:
        """Let everybody who waits look again."""
        waiting, self._waiting = self._waiting, set()
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def changed(self) -> None:
        """Wait to be woken."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            await waiter
        finally:
            self._waiting.discard(waiter)


class SnapshotFeeds:
    """Follows tenants' snapshots: what is newest, then each change and each beat."""

    def __init__(self, changes: EntitlementChanges, read: ReadSnapshot) -> None:
        self._changes = changes
        self._read = read
        self._feeds: dict[TenantId, Feed] = {}
        self._started = False
        self._ended = False

    @property
    def followers(self) -> int:
        """How many follow, over all tenants."""
        return sum(feed.followers for feed in self._feeds.values())

    def end(self) -> None:
        """Let nobody wait any longer: what everybody follows ends."""
        self._ended = True
        for feed in self._feeds.values():
            feed.wake()

    def follow(self, tenant_id: TenantId) -> "Following":
        """Give what is newest now, then every newer state; those in between may be passed over."""
        return Following(self, tenant_id)

    @property
    def ended(self) -> bool:
        """Whether nobody is to wait any longer."""
        return self._ended

    def open(self, tenant_id: TenantId) -> Feed:
        """Begin to follow: registered first, so that nothing falls between that and a reading."""
        if not self._started:
            self._started = True
            self._changes.subscribe(self._heard)
            self._changes.follow(self._tenants, self._beat)
        feed = self._feeds.setdefault(tenant_id, Feed())
        feed.followers += 1
        return feed

    def leave(self, tenant_id: TenantId, feed: Feed) -> None:
        """Follow no more."""
        feed.followers -= 1
        if not feed.followers and self._feeds.get(tenant_id) is feed:
            del self._feeds[tenant_id]

    def _tenants(self) -> Collection[TenantId]:
        return self._feeds.keys()

    async def fresh(self, tenant_id: TenantId, feed: Feed) -> FeedState:
        """Read what is newest."""
        snapshot, revision, at = await self._read.newest(tenant_id)
        vouch = partial(self._read.heartbeat, tenant_id, revision, at)
        feed.put(FeedState(revision, snapshot, vouch))
        state = feed.state
        assert state is not None  # noqa: S101 - it was put there
        return state

    def _heard(self, tenant_id: TenantId, revision: int) -> None:
        feed = self._feeds.get(tenant_id)
        if feed is None:
            return
        feed.wanted = max(feed.wanted, revision)
        if feed.reading is None or feed.reading.done():
            feed.reading = asyncio.create_task(self._catch_up(tenant_id, feed))

    def _beat(self, at: datetime, revisions: Mapping[TenantId, int]) -> None:
        """Vouch for what is newest still; fetch what is newer. ``at`` is before the reading."""
        for tenant_id, revision in revisions.items():
            feed = self._feeds.get(tenant_id)
            if feed is None or feed.state is None:
                continue
            if revision > feed.state.revision:
                self._heard(tenant_id, revision)
            elif revision == feed.state.revision:
                vouch = partial(self._read.heartbeat, tenant_id, revision, at)
                feed.put(replace(feed.state, vouch=vouch))

    async def _catch_up(self, tenant_id: TenantId, feed: Feed) -> None:
        for _ in range(_READS):
            if feed.state is not None and feed.state.revision >= feed.wanted:
                return
            try:
                await self.fresh(tenant_id, feed)
            except TallyardError as error:
                log.warning("snapshot_not_read", reason=str(error))


class Following:
    """The states of one tenant: ``async with`` it, then iterate.

    Raises:
        SnapshotNotPublished: nothing was published for the tenant yet; from the first step.
    """

    def __init__(self, feeds: SnapshotFeeds, tenant_id: TenantId) -> None:
        self._feeds = feeds
        self._tenant_id = tenant_id
        self._told: FeedState | None = None

    async def __aenter__(self) -> Self:
        self._feed = self._feeds.open(self._tenant_id)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._feeds.leave(self._tenant_id, self._feed)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> FeedState:
        feed = self._feed
        if self._told is None:
            self._told = await self._feeds.fresh(self._tenant_id, feed)
            return self._told
        while not self._feeds.ended:
            if feed.state is not None and feed.state is not self._told:
                self._told = feed.state
                return self._told
            await feed.changed()
        raise StopAsyncIteration
