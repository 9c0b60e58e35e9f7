"""Roll a tenant's usage up: from the last snapshot to a new one, in one transaction."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from metering.domain.rollups import Definition, wanted
from metering.stores.alert_marks import MARK_DUE
from metering.stores.rollups.advancing import advance, next_stop
from metering.stores.rollups.sets import (
    RollupSet,
    begin_sets,
    clear_retired,
    move_sets,
    read_sets,
    retire_sets,
    types_with_events,
)

MOST_AT_ONCE = 20_000
"""Events of one meter rolled up in a transaction, or those of one ingest where that is more."""

# Usage that moved to another store has no rollups here, and what is left here is no longer all.
_ENTER = text(
    "INSERT INTO usage_rolling (tenant_id, revision, unfinished) SELECT :tenant_id, 0, true "
    "WHERE NOT EXISTS (SELECT FROM usage_stores WHERE tenant_id = :tenant_id "
    "AND store <> 'postgres') ON CONFLICT DO NOTHING"
)
_LOCK = text(
    "SELECT revision FROM usage_rolling WHERE tenant_id = :tenant_id FOR UPDATE SKIP LOCKED"
)
_SNAPSHOT = text("SELECT CAST(pg_current_snapshot() AS text)")
_DONE = text(
    "UPDATE usage_rolling SET revision = :revision, unfinished = :unfinished "
    "WHERE tenant_id = :tenant_id AND (revision, unfinished) <> (:revision, :unfinished)"
)
_ROLLED = text(
    "DELETE FROM usage_commits WHERE tenant_id = :tenant_id "
    "AND pg_visible_in_snapshot(recorded, CAST(:until AS pg_snapshot))"
)


@dataclass(slots=True)
class Needs:
    """Remembers which rollups the catalogue asks for, from one revision to the next."""

    _revision: int = -1
    _needed: frozenset[Definition] = frozenset()

    async def __call__(self, session: AsyncSession) -> tuple[int, frozenset[Definition]]:
        """Return the revision on sale, and the definitions of its meters."""
        catalog = CatalogRepository(session)
        revision = await catalog.revision()
        if revision != self._revision:
            needed = wanted((await catalog.meters()).values())
            self._revision, self._needed = revision, needed
        return self._revision, self._needed


@dataclass(frozen=True, slots=True)
class RollUsage:
    """Bring a tenant's rollups up to now: one worker at a time, all or nothing.

    Each set of rollups holds exactly the events inside its saved snapshot, before and after; a
    worker that dies between any two statements changed nothing. What is new in the catalogue is
    built from the events, ``most_at_once`` of them a call; what it replaces answers meanwhile.
    """

    work: UnitOfWork
    clock: Clock
    most_at_once: int = MOST_AT_ONCE
    needs: Needs = field(default_factory=Needs)

    async def __call__(self, tenant_id: TenantId) -> bool:
        """Roll what is new, and tell whether there is more to do at once."""
        bound = {"tenant_id": tenant_id}
        async with self.work(tenant_id) as session:
            await session.execute(_ENTER, bound)
            if await session.scalar(_LOCK, bound) is None:
                return False  # another worker is at it
            revision, needed = await self.needs(session)
            now = self.clock.now()  # before the snapshot: all that was committed by then is in it
            until = str(await session.scalar(_SNAPSHOT))
            sets = await self._sets(session, tenant_id, needed, until)
            moved = await self._move(session, tenant_id, sets, until, now)
            await retire_sets(session, tenant_id, superseded(moved, needed))
            clearing = await clear_retired(session, tenant_id)
            lagging = [one for one in moved if one.snapshot != until]
            answering = [one.snapshot for one in lagging if one.ready]
            rolled = min(answering, key=xmax, default=until)
            await session.execute(_ROLLED, {**bound, "until": rolled})
            unfinished = clearing or bool(lagging)
            done = {**bound, "revision": revision, "unfinished": unfinished}
            await session.execute(_DONE, done)
            await session.execute(MARK_DUE, bound)
        return unfinished

    async def _sets(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        needed: frozenset[Definition],
        until: str,
    ) -> list[RollupSet]:
        """Read the sets, beginning those that the catalogue asks for and events are there for."""
        sets = await read_sets(session, tenant_id, until)
        missing = needed - {one.definition for one in sets}
        types = sorted({definition.event_type for definition in missing})
        there = await types_with_events(session, tenant_id, types)
        fresh = [definition for definition in missing if definition.event_type in there]
        if not fresh:
            return sets
        await begin_sets(session, tenant_id, fresh)
        return await read_sets(session, tenant_id, until)

    async def _move(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        sets: list[RollupSet],
        until: str,
        now: datetime,
    ) -> list[RollupSet]:
        """Take every set as far as it goes at once; return them as they stand then."""
        level, moved = [], []
        for one in sets:
            stop = until
            if one.added:
                stop = await next_stop(session, tenant_id, one, until, self.most_at_once)
            if one.added or one.taken:
                await advance(session, tenant_id, one, stop)
            if stop == until:
                level.append(one.rollup)
            else:
                rollups = [one.rollup]
                await move_sets(session, tenant_id, rollups, stop, now=now, caught_up=False)
            moved.append(replace(one, snapshot=stop, ready=one.ready or stop == until))
        if level:
            await move_sets(session, tenant_id, level, until, now=now, caught_up=True)
        return moved


def xmax(snapshot: str) -> int:
    """Return the number of the first transaction that a snapshot cannot know."""
    return int(snapshot.split(":")[1])


def superseded(sets: list[RollupSet], needed: frozenset[Definition]) -> list[int]:
    """Return the sets that nobody asks any more: newer ones answer, or the catalogue changed.

    A set whose definition is gone answers until each that counts alike is ready.
    """
    newest = {one.definition: one.rollup for one in sets if one.ready}
    ready = {one.definition for one in sets if one.ready}
    awaited = {d.base for d in needed} & {
        one.definition.base for one in sets if one.definition in needed - ready
    }
    found = []
    for one in sets:
        if one.definition in needed:
            if one.ready and newest[one.definition] != one.rollup:
                found.append(one.rollup)
        elif one.definition.base not in awaited:
            found.append(one.rollup)
    return found
