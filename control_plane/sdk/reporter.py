"""Brings spooled usage events to the control plane, at least once, each under one id."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from control_plane.kernel.calendar import instant_text
from control_plane.sdk.spool import Spooled, UsageEventConflict, UsageSpool, own_transaction

__all__ = ["Send", "UsageEventConflict", "UsageReporter", "UsageSpool", "usage_event"]

Send = Callable[[list[dict[str, object]]], Awaitable[list[dict[str, object]]]]
"""Posts a batch of CloudEvents and returns one result per event: source, id, status, reason."""

_STORED = frozenset({"accepted", "duplicate", "quarantined"})  # the control plane has them
_REFUSED = frozenset({"conflict", "rejected"})

STORED = "stored"

_log = logging.getLogger(__name__)


def usage_event(
    *,
    source: str,
    event_id: str,
    event_type: str,
    subject: str,
    time: datetime,
    data: Mapping[str, object],
) -> dict[str, object]:
    """Return a CloudEvents 1.0 event in structured JSON form; decimals in ``data`` go as texts."""
    return {
        "specversion": "1.0",
        "source": source,
        "id": event_id,
        "type": event_type,
        "subject": subject,
        "time": instant_text(time),
        "datacontenttype": "application/json",
        "data": dict(data),
    }


class UsageReporter:
    """Empties a ``UsageSpool`` through ``send``, batch by batch, in the order of appending.

    What the control plane stored is forgotten; what it refused for good moves to ``usage_dead``
    with the reason; whatever has no answer stays and goes again, under its id.

    Give it a connection of its own. Should it share the module's, it keeps away while a
    transaction is open there: events that may yet be rolled back are never sent.
    """

    def __init__(
        self, connection: sqlite3.Connection, send: Send, *, batch_size: int = 500
    ) -> None:
        self._connection = connection
        self._send = send
        self._batch_size = batch_size
        self._lock = asyncio.Lock()
        self.last_error: str | None = None

    @property
    def pending(self) -> int:
        """How many events wait to be sent."""
        return UsageSpool.depth(self._connection)

    @property
    def dead(self) -> int:
        """How many events were refused for good."""
        return UsageSpool.dead(self._connection)

    async def flush(self) -> int:
        """Send until nothing waits or sending fails; return how many events were settled.

        A failure is logged and kept in ``last_error``, and loses nothing. Flushes take turns.
        """
        settled = 0
        async with self._lock:
            while not self._connection.in_transaction:
                batch = UsageSpool.pending(self._connection, self._batch_size)
                done = await self._deliver(batch) if batch else 0
                settled += done
                if not done:
                    break
        return settled

    async def _deliver(self, batch: list[Spooled]) -> int:
        try:
            results = await self._send([spooled.event for spooled in batch])
            stored, refused = _sort(batch, results)
        except Exception as error:  # noqa: BLE001 - whatever the transport raises, nothing is lost
            self.last_error = f"{type(error).__name__}: {error}"
            _log.warning("usage events kept for another try: %s", self.last_error)
            return 0
        # Joining another's open transaction here is harmless: were it rolled back, the same events
        # would go again and be answered as duplicates.
        with own_transaction(self._connection):
            UsageSpool.acknowledge(self._connection, stored)
            UsageSpool.bury(self._connection, refused)
        unanswered = len(batch) - len(stored) - len(refused)
        self.last_error = f"{unanswered} events without an answer" if unanswered else None
        return len(stored) + len(refused)


def _sort(
    batch: list[Spooled], results: list[dict[str, object]]
) -> tuple[list[int], dict[int, str]]:
    """Split a batch into what is stored and what is refused, by each event's own result."""
    stored: list[int] = []
    refused: dict[int, str] = {}
    said = verdicts([spooled.event for spooled in batch], results)
    for spooled, verdict in zip(batch, said, strict=True):
        if verdict == STORED:
            stored.append(spooled.seq)
        elif verdict is not None:
            refused[spooled.seq] = verdict
    return stored, refused


def verdicts(events: list[dict[str, object]], results: list[dict[str, object]]) -> list[str | None]:
    """Say of each event in order: `STORED`, why it was refused, or None without an answer."""
    answers = {(result["source"], result["id"]): result for result in results}
    said: list[str | None] = []
    for event in events:
        answer = answers.get((event["source"], event["id"]), {})
        if answer.get("status") in _STORED:
            said.append(STORED)
        elif answer.get("status") in _REFUSED:
            said.append(f"{answer['status']}: {answer.get('reason')}")
        else:
            said.append(None)
    return said
