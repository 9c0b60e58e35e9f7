"""Hears of every published snapshot at once: LISTEN on one connection of this process's own."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from contextvars import Context
from datetime import datetime

import psycopg
import structlog

from control_plane.entitlements.channel import CHANNEL, read_notification
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId
from control_plane.runtime.notices import listening, pause_after
from control_plane.runtime.settings import Settings

BEAT_SECONDS = 5.0
"""How often the connection is asked for the revisions that matter here, heard of or not."""

_ANSWER_SECONDS = 10.0
_REVISIONS = "SELECT tenant_id, revision FROM newest_entitlement_revisions(%s)"

Changed = Callable[[TenantId, int], None]
Beat = Callable[[datetime, Mapping[TenantId, int]], None]

log = structlog.get_logger()


class EntitlementChanges:
    """Tells callbacks in this process's event loop of each new revision of each tenant.

    A notification that PostgreSQL sent while nobody listened is lost. So the revisions of the
    tenants that are followed here are read again after each reconnection and at each beat, on the
    same connection: its answer proves that it lives. Opened by the first who subscribes; it
    reconnects for ever, with full jitter.
    """

    def __init__(
        self, settings: Settings, clock: Clock, *, beat_seconds: float = BEAT_SECONDS
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._beat_seconds = beat_seconds
        self._changed: dict[object, Changed] = {}
        self._beats: dict[object, tuple[Callable[[], Collection[TenantId]], Beat]] = {}
        self._task: asyncio.Task[None] | None = None
        self._connections = 0
        self._heard_at = float("-inf")
        self.epoch: int | None = None
        """The number of the present, unbroken connection; None while there is none."""

    @property
    def heard_seconds(self) -> float:
        """Seconds since the connection last answered; infinite before it first did."""
        return self._clock.monotonic() - self._heard_at

    def subscribe(self, changed: Changed) -> Callable[[], None]:
        """Call ``changed(tenant, revision)`` for every notification; return how to end that.

        While ``epoch`` is None or another than it was, some may have been missed.
        """
        token = object()
        self._changed[token] = changed
        self._run()

        def end() -> None:
            self._changed.pop(token, None)

        return end

    def follow(self, tenants: Callable[[], Collection[TenantId]], beat: Beat) -> Callable[[], None]:
        """Call ``beat(at, revisions)`` every few seconds; return how to end that.

        ``at`` was taken before the revisions of ``tenants()`` were read, so each of them was the
        newest at ``at`` or became so since.
        """
        token = object()
        self._beats[token] = (tenants, beat)
        self._run()

        def end() -> None:
            self._beats.pop(token, None)

        return end

    async def close(self) -> None:
        """End listening."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _run(self) -> None:
        if self._task is None or self._task.done():
            # In a context of its own: it outlives the request that was the first to ask.
            self._task = asyncio.get_running_loop().create_task(
                self._listen_for_ever(), context=Context()
            )

    async def _listen_for_ever(self) -> None:
        failures = 0
        while True:
            epoch = self._connections
            try:
                await self._listen()
            except (psycopg.Error, OSError, TimeoutError) as error:
                log.warning("entitlement_listener_lost", reason=str(error) or type(error).__name__)
            except Exception:
                log.exception("entitlement_listener_failed")
            finally:
                self.epoch = None
            failures = 0 if self._connections > epoch else failures + 1
            await pause_after(failures)

    async def _listen(self) -> None:
        async with listening(self._settings, CHANNEL) as connection:
            self._connections += 1
            self.epoch = self._connections
            log.info("entitlement_listener_connected", epoch=self.epoch)
            while True:
                await self._beat(connection)
                async for notice in connection.notifies(timeout=self._beat_seconds):
                    self._heard_at = self._clock.monotonic()
                    self._tell(notice.payload)

    async def _beat(self, connection: psycopg.AsyncConnection) -> None:
        """Read the revisions followed; a connection that does not answer in time is given up."""
        at = self._clock.now()
        wanted: set[TenantId] = set()
        for tenants, _ in self._beats.values():
            wanted.update(tenants())
        async with asyncio.timeout(_ANSWER_SECONDS):
            answer = await connection.execute(_REVISIONS, [sorted(wanted)])
            rows = await answer.fetchall()
        self._heard_at = self._clock.monotonic()
        revisions = {TenantId(tenant_id): int(revision) for tenant_id, revision in rows}
        for _, beat in tuple(self._beats.values()):
            beat(at, revisions)

    def _tell(self, payload: str) -> None:
        try:
            tenant_id, revision = read_notification(payload)
        except ValueError:
            log.warning("entitlement_notice_unreadable", payload=payload[:100])
            return
        for changed in tuple(self._changed.values()):
            changed(tenant_id, revision)
