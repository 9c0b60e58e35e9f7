"""Brings spooled calls to the control plane, and speaks for every spool of a service."""

import asyncio
import logging
from collections.abc import Sequence
from itertools import takewhile
from typing import Protocol

from control_plane.sdk.call_spool import CallSpool
from control_plane.sdk.reporter import STORED, Send, verdicts
from control_plane.sdk.segments import Record, Segment

_log = logging.getLogger(__name__)


class Reporter(Protocol):
    """Something that sends what waits."""

    last_error: str | None

    @property
    def pending(self) -> int:
        """How many events wait to be sent."""

    @property
    def dead(self) -> int:
        """How many events were refused for good."""

    async def flush(self) -> int:
        """Send until nothing waits or sending fails; return how many events were settled."""


class CallReporter:
    """Empties a ``CallSpool`` through ``send``, file by file, each in the order of recording.

    An event's id comes from where its record stands: sent again by this process or by another,
    it is the same event.
    """

    def __init__(self, spool: CallSpool, send: Send, *, batch_size: int = 500) -> None:
        self._spool = spool
        self._send = send
        self._batch_size = batch_size
        self._lock = asyncio.Lock()
        self.last_error: str | None = None

    @property
    def pending(self) -> int:
        """How many calls wait to be sent."""
        return self._spool.pending

    @property
    def dead(self) -> int:
        """How many calls were refused for good."""
        return self._spool.dead

    async def flush(self) -> int:
        """Send until nothing waits or sending fails; return how many events were settled.

        A failure is logged and kept in ``last_error``, and loses nothing. Flushes take turns.
        """
        settled = 0
        async with self._lock:
            for segment in self._spool.holding():
                while segment.waiting:
                    done = await self._deliver(segment)
                    settled += done
                    if not done:
                        return settled
        return settled

    async def _deliver(self, segment: Segment) -> int:
        batch = self._spool.events(segment, self._batch_size)
        events = [event for _, event in batch]
        try:
            said = verdicts(events, await self._send(events))
        except Exception as error:  # noqa: BLE001 - whatever the transport raises, nothing is lost
            self.last_error = f"{type(error).__name__}: {error}"
            _log.warning("calls kept for another try: %s", self.last_error)
            return 0
        # Files are acknowledged from the front: what follows an event without an answer goes again.
        known = [verdict for verdict in takewhile(lambda one: one is not None, said) if verdict]
        refused = [(e, why) for e, why in zip(events, known, strict=False) if why != STORED]
        if refused:
            await asyncio.to_thread(self._spool.bury, refused)
        self._settle(segment, [record for record, _ in batch[: len(known)]])
        left = len(batch) - len(known)
        self.last_error = f"{left} events without an answer" if left else None
        return len(known)

    def _settle(self, segment: Segment, records: list[Record]) -> None:
        if records:
            self._spool.acknowledge(segment, records)


class Reporters:
    """Several reporters as one."""

    def __init__(self, parts: Sequence[Reporter]) -> None:
        self._parts = tuple(parts)

    @property
    def pending(self) -> int:
        """How many events wait to be sent."""
        return sum(part.pending for part in self._parts)

    @property
    def dead(self) -> int:
        """How many events were refused for good."""
        return sum(part.dead for part in self._parts)

    @property
    def last_error(self) -> str | None:
        """What kept a part from sending all it had, the first such part's."""
        return next((part.last_error for part in self._parts if part.last_error), None)

    async def flush(self) -> int:
        """Send what waits, part by part; return how many events were settled."""
        return sum([await part.flush() for part in self._parts])
