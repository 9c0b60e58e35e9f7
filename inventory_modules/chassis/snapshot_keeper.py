"""Keeps what was last heard of the subscription on disk, for a start without the control plane.

The subscriber keeps it new; here it is fetched only when somebody cannot wait.
"""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from contextlib import suppress

import aiohttp
import structlog

from control_plane.kernel.clock import Clock
from control_plane.kernel.errors import TallyardError
from control_plane.sdk.client import EntitlementState, SnapshotOutdated
from control_plane.sdk.envelope import Envelope
from control_plane.sdk.keyring import KeyRing
from inventory_modules.chassis.control_client import ControlClient
from inventory_modules.chassis.database import Database

SCHEMA = (
    """
    CREATE TABLE snapshot_envelopes (
        position INTEGER PRIMARY KEY,
        envelope TEXT NOT NULL
    ) STRICT;
    """,
    """
    CREATE TABLE key_rings (
        position INTEGER PRIMARY KEY,
        envelope TEXT NOT NULL
    ) STRICT;
    """,
)
_PAUSE_SECONDS = 0.25  # between refreshes that unknown keys ask for
_KEEP_SECONDS = 60.0  # between heartbeats written to disk

_log = structlog.get_logger(__name__)


class SnapshotKeeper:
    """Fetches snapshots and heartbeats; several who ask at a time share one fetch."""

    def __init__(
        self,
        *,
        state: EntitlementState,
        ring: KeyRing,
        client: ControlClient,
        database: Database,
        clock: Clock,
    ) -> None:
        self._state = state
        self._ring = ring
        self._client = client
        self._database = database
        self._clock = clock
        self._lock = asyncio.Lock()
        self._fetched_at = float("-inf")
        self._reachable = True
        self._kept_at = float("-inf")
        self._keeping: set[asyncio.Task[None]] = set()

    def restore(self) -> None:
        """Take up what was kept on disk; its age counts from its signed instant as ever."""
        # The rings first: each is signed by a key of the one before, back to those we were given.
        self._ring.follow(self._kept("key_rings"))
        envelopes = self._kept("snapshot_envelopes")
        try:
            for envelope in envelopes[:1]:
                self._state.apply_snapshot(envelope)
            for envelope in envelopes[1:]:
                self._state.apply_heartbeat(envelope)
        except TallyardError as error:  # keys may have been changed since; a new one will come
            _log.warning("kept_snapshot_refused", reason=str(error))

    def note(self, changed: bool) -> None:  # noqa: FBT001 - the subscriber's callback
        """Keep what the subscriber took, soon."""
        keeping = asyncio.get_running_loop().create_task(self._keep(changed=changed))
        self._keeping.add(keeping)
        keeping.add_done_callback(self._keeping.discard)

    async def close(self) -> None:
        """Finish what is being kept."""
        await asyncio.gather(*self._keeping, return_exceptions=True)

    async def pull(self) -> bool:
        """Fetch and apply what is newest; ``False`` if the control plane gave no good answer."""
        async with self._lock:
            self._reachable = await self._pull()
            return self._reachable

    async def refresh(self) -> bool:
        """Make sure that all is known which was published before this call; ``False`` if it is not.

        Whoever sends wrong keys all the time makes the service ask four times a second at most,
        and not at all while the control plane is out of reach.
        """
        asked_at = self._clock.monotonic()
        if not self._reachable:
            return False
        async with self._lock:
            if self._fetched_at < asked_at:
                await asyncio.sleep(self._fetched_at + _PAUSE_SECONDS - self._clock.monotonic())
                self._reachable = await self._pull()
            return self._reachable

    async def _pull(self) -> bool:
        self._fetched_at = self._clock.monotonic()
        try:
            answer = await self._client.fetch_snapshot(self._state.revision, self._ring.serial)
            self._ring.follow(answer.keys)
            changed = bool(answer.keys)
            if answer.snapshot is not None:
                with suppress(SnapshotOutdated):  # the subscriber was told of a newer one meanwhile
                    changed |= self._state.apply_snapshot(answer.snapshot)
            if answer.heartbeat is not None:
                self._state.apply_heartbeat(answer.heartbeat)
        except (aiohttp.ClientError, TimeoutError, ValueError, TallyardError) as error:
            _log.warning("snapshot_not_fetched", reason=str(error) or type(error).__name__)
            return False
        await self._keep(changed=changed)
        return True

    async def _keep(self, *, changed: bool) -> None:
        now = self._clock.monotonic()
        if not changed and now - self._kept_at < _KEEP_SECONDS:
            return
        tables = {
            "key_rings": _rows(self._ring.applied),
            "snapshot_envelopes": _rows(self._state.envelopes),
        }

        def replace(connection: sqlite3.Connection) -> None:
            for table, rows in tables.items():
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own two names
                connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", rows)  # noqa: S608

        self._kept_at = now
        await self._database.write(replace)

    def _kept(self, table: str) -> list[Envelope]:
        rows = self._database.reader.execute(
            f"SELECT envelope FROM {table} ORDER BY position"  # noqa: S608 - one of our own two names
        ).fetchall()
        return [Envelope.from_json(json.loads(text)) for (text,) in rows]


def _rows(envelopes: Sequence[Envelope]) -> list[tuple[int, str]]:
    return [(n, json.dumps(envelope.to_json())) for n, envelope in enumerate(envelopes)]
