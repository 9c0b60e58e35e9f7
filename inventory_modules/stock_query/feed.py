"""The feed: the ledger's events, read by sequence and projected once each."""

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp
import msgspec
import structlog

from inventory_modules.chassis.database import Database
from inventory_modules.stock_query import storage
from inventory_modules.stock_query.events import Event, read_event

_PAGE = 1000
_log = structlog.get_logger(__name__)


class FeedBroken(Exception):
    """The ledger's events do not continue what is projected; a person has to look."""


@dataclass(frozen=True, slots=True)
class Page:
    """Events in order, and the newest sequence that the ledger had before they were read."""

    events: Sequence[Event]
    newest: int


@dataclass(frozen=True, slots=True)
class Feed:
    """Follows the tenant's ledger, however long either side was away."""

    database: Database
    session: aiohttp.ClientSession
    ledger_url: str
    token: str = field(repr=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def catch_up(self) -> bool:
        """Project what is new; ``True`` when the ledger has nothing beyond it."""
        async with self._turn:
            while True:
                page = await self._fetch()
                if page is None:
                    return False
                if await self.database.write(partial(project, page=page)) >= page.newest:
                    return True

    def pending(self) -> int:
        """Return how many of the movements known of are not projected yet."""
        sequence, newest = storage.progress(self.database.reader)
        return newest - sequence

    async def _fetch(self) -> Page | None:
        sequence, _ = storage.progress(self.database.reader)
        try:
            async with self.session.get(
                f"{self.ledger_url}/v1/events",
                params={"after": str(sequence), "limit": str(_PAGE)},
                headers={"Authorization": f"Bearer {self.token}"},
                raise_for_status=True,
            ) as response:
                body: dict[str, Any] = msgspec.json.decode(await response.read())
        except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError) as error:
            _log.warning("ledger_not_read", reason=str(error) or type(error).__name__)
            return None
        return Page([read_event(event) for event in body["events"]], int(body["last_sequence"]))


def project(connection: sqlite3.Connection, page: Page) -> int:
    """Project a page in order within the caller's transaction; return the sequence reached.

    What was projected before is passed over, so a page that comes twice counts once.

    Raises:
        FeedBroken: an event is missing in between, or the ledger is behind its own past.
    """
    sequence, _ = storage.progress(connection)
    if page.newest < sequence:
        raise FeedBroken(f"the ledger ends at {page.newest}, {sequence} was projected")
    for event in page.events:
        if event.sequence <= sequence:
            continue
        if event.sequence != sequence + 1:
            raise FeedBroken(f"{event.sequence} came after {sequence}")
        storage.insert_event(connection, event)
        sequence = event.sequence
    newest = max(page.newest, sequence)
    if (sequence, newest) != storage.progress(connection):
        storage.set_progress(connection, sequence, newest)
    return sequence
