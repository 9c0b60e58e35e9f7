"""How events enter ClickHouse: looked up, registered, inserted, and acknowledged by PostgreSQL."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId, new_id
from metering.domain.events import UsageEvent
from metering.stores.clickhouse.client import ClickHouse, Row
from metering.stores.clickhouse.registry import Registry
from metering.stores.clickhouse.schema import NONE, Stamped, blocks
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
        self, session: AsyncSession, tenant_id: TenantId, events: Mapping[Identity, UsageEvent]
    ) -> Entered:
        """Store what is new; what others stored or took back before stands."""
        transaction = await self.registry.begin(session, tenant_id)
        seen = await self.registry.visible(session, tenant_id)
        standing = await self.standing(tenant_id, events, seen.unfinished)
        fresh = [event for key, event in events.items() if key not in standing]
        takers = [event for event in fresh if event.takes_back is not None]
        claimed: frozenset[Identity] = frozenset()
        stored = fresh
        if takers:
            known = await self._claimed(tenant_id, takers, seen.unfinished)
            _, refused = claims(takers, known)
            claimed = frozenset((event.source, event.id) for event in refused)
            stored = [event for event in fresh if (event.source, event.id) not in claimed]
        await self.insert(session, tenant_id, transaction, stored)
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
        made = blocks(tenant_id, [Stamped(event, transaction, insertion) for event in events])
        # Of this attempt alone: numbers come again where PostgreSQL was restored from a backup.
        token = str(new_id())
        await asyncio.gather(*[self.clickhouse.insert(block, token) for block in made])
        await self.registry.close(session, tenant_id, insertion)

    async def standing(
        self, tenant_id: TenantId, identities: Iterable[Identity], unfinished: Sequence[int]
    ) -> dict[Identity, bytes]:
        """Return the hashes of those identities that are stored."""
        rows = await self._found(_STANDING, tenant_id, set(identities), unfinished)
        return {(source, id_): bytes(hash_) for source, id_, hash_ in rows}

    async def _claimed(
        self, tenant_id: TenantId, events: Iterable[UsageEvent], unfinished: Sequence[int]
    ) -> dict[Identity, str]:
        targets = {(e.source, e.takes_back.id) for e in events if e.takes_back is not None}
        rows = await self._found(_CLAIMED, tenant_id, targets, unfinished)
        return {(source, target): by for source, target, by in rows}

    async def _found(
        self, sql: str, tenant_id: TenantId, wanted: set[Identity], unfinished: Sequence[int]
    ) -> list[Row]:
        sources = sorted({source for source, _ in wanted})
        found: list[Row] = []
        for at in range(0, len(sources), _MOST_SOURCES):
            some = sources[at : at + _MOST_SOURCES]
            ids = [id_ for source, id_ in wanted if some[0] <= source <= some[-1]]
            bound = {
                "tenant_id": tenant_id,
                "sources": some,
                "unfinished": [*unfinished, NONE],
            }
            found += await self._among(sql, bound, ids)
        return [row for row in found if (row[0], row[1]) in wanted]

    async def _among(self, sql: str, bound: dict[str, Any], ids: list[str]) -> Sequence[Row]:
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
