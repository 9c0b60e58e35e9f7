"""How events enter ClickHouse: looked up, registered, inserted, and acknowledged by PostgreSQL."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId, new_id
from metering.domain.events import UsageEvent
from metering.stores.clickhouse.client import ClickHouse, Row
from metering.stores.clickhouse.registry import Registry
from metering.stores.clickhouse.schema import NONE, TABLES, Writing
from metering.stores.ingest_sql import Identity
from metering.stores.outcomes import claims

_MOST_SOURCES = 64
_MOST_BESIDE = 1_000
"""Rows that a look-up may read and not need."""

# Any of the sources with any of the ids: the pairs are told apart here, and the key of the table
# is used there.
_STANDING = """
    SELECT source, id, hash FROM usage_identities
    WHERE tenant_id = %(tenant_id)s AND source IN %(sources)s AND id {ids}
    AND insertion NOT IN %(unfinished)s
"""
_CLAIMED = """
    SELECT source, target_id, by_id FROM usage_retractions
    WHERE tenant_id = %(tenant_id)s AND source IN %(sources)s AND target_id {ids}
    AND insertion NOT IN %(unfinished)s
"""


@dataclass(frozen=True, slots=True)
class Entered:
    """What was not stored, and why: see `metering.stores.outcomes.outcomes`."""

    standing: Mapping[Identity, bytes]
    claimed: frozenset[Identity]
    stored: Sequence[UsageEvent]


@dataclass(frozen=True, slots=True)
class Entrance:
    """Stores events of one tenant exactly once, within a transaction of PostgreSQL."""

    clickhouse: ClickHouse
    registry: Registry

    async def enter(
        self, session: AsyncSession, tenant_id: TenantId, events: Sequence[UsageEvent]
    ) -> Entered:
        """Store what is new; what others stored or took back before stands.

        No two of the events have the same identity.
        """
        begun = await self.registry.begin(session, tenant_id)
        standing = await self.standing(tenant_id, events, begun.unfinished)
        stored = events
        if standing:
            stored = [event for event in events if (event.source, event.id) not in standing]
        takers = [event for event in stored if event.takes_back is not None]
        claimed: frozenset[Identity] = frozenset()
        if takers:
            known = await self._claimed(tenant_id, takers, begun.unfinished)
            _, refused = claims(takers, known)
            claimed = frozenset((event.source, event.id) for event in refused)
            stored = [event for event in stored if (event.source, event.id) not in claimed]
        await self.insert(session, tenant_id, begun.transaction, stored)
        return Entered(standing, claimed, stored)

    async def insert(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        transaction: int,
        events: Sequence[UsageEvent],
    ) -> None:
        """Insert events that are known to be new; they count once the transaction commits."""
        if not events:
            return
        insertion = await self.registry.open(tenant_id, transaction)
        # Of this attempt alone: numbers come again where PostgreSQL was restored from a backup.
        token = str(new_id())
        taking = any(event.takes_back is not None for event in events)
        writing = Writing(tenant_id, events, transaction, insertion, taking)
        # In threads: columns of one table are made while another one's are on their way. In those
        # of ClickHouse: the others may be busy with passwords, and nobody else stores until then.
        makes = [partial(writing.block, table) for table in (TABLES if taking else TABLES[:2])]
        await _together([self.clickhouse.insert_made(make, token) for make in makes])
        await self.registry.close(session, tenant_id, insertion)

    async def standing(
        self, tenant_id: TenantId, events: Sequence[UsageEvent], unfinished: Sequence[int]
    ) -> dict[Identity, bytes]:
        """Return the hashes of those events' identities that are stored."""
        wanted = [e.source for e in events], [e.id for e in events]
        rows = await self._found(_STANDING, tenant_id, *wanted, unfinished)
        return {(source, id_): bytes(hash_) for source, id_, hash_ in rows}

    async def _claimed(
        self, tenant_id: TenantId, events: Iterable[UsageEvent], unfinished: Sequence[int]
    ) -> dict[Identity, str]:
        taking = [(e.source, e.takes_back.id) for e in events if e.takes_back is not None]
        sources, targets = [source for source, _ in taking], [target for _, target in taking]
        rows = await self._found(_CLAIMED, tenant_id, sources, targets, unfinished)
        return {(source, target): by for source, target, by in rows}

    async def _found(
        self,
        sql: str,
        tenant_id: TenantId,
        sources: Sequence[str],
        ids: Sequence[str],
        unfinished: Sequence[int],
    ) -> list[Row]:
        distinct = sorted(set(sources))
        found: list[Row] = []
        for at in range(0, len(distinct), _MOST_SOURCES):
            some = distinct[at : at + _MOST_SOURCES]
            bound = {
                "tenant_id": tenant_id,
                "sources": some,
                "unfinished": [*unfinished, NONE],
            }
            theirs = ids
            if len(some) < len(distinct):
                pairs = zip(sources, ids, strict=True)
                theirs = [id_ for source, id_ in pairs if some[0] <= source <= some[-1]]
            found += await self._among(sql, bound, theirs)
        wanted = set(zip(sources, ids, strict=True)) if found else ()
        return [row for row in found if (row[0], row[1]) in wanted]

    async def _among(self, sql: str, bound: dict[str, Any], ids: Sequence[str]) -> Sequence[Row]:
        """Ask for a range of ids; ask for each where the range holds many others.

        Most senders write ids that grow with time: then nothing is there yet, and that is told
        without naming one of them.
        """
        most = len(ids) + _MOST_BESIDE
        within = sql.replace("{ids}", "BETWEEN %(first)s AND %(last)s")
        ends = {"first": min(ids), "last": max(ids), "most": most + 1}
        rows = await self.clickhouse.ask(f"{within} LIMIT %(most)s", {**bound, **ends})
        if len(rows) <= most:
            return rows
        return await self.clickhouse.ask(sql.replace("{ids}", "IN %(ids)s"), {**bound, "ids": ids})


async def _together(inserts: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Wait for all of them; where one fails, none begins after the failure is told."""
    tasks = [asyncio.ensure_future(insert) for insert in inserts]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
