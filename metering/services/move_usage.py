"""Move a live tenant's usage from one store to another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork, set_tenant
from metering.errors_moving import (
    StoresDiffer,
    UsageAlreadyThere,
    UsageMovesElsewhere,
    UsageNotMoving,
)
from metering.stores.moving import Chunk, MovableStore, Stage, Sums
from metering.stores.rollups.leaving import forget_rollups, want_rollups
from metering.stores.routes import (
    Route,
    StoreName,
    hold_route,
    lock_route,
    read_route,
    write_route,
)

CHUNK = 5_000
"""Rows copied at once, and in memory."""

_STAGES = list(Stage)
_SNAPSHOT = text("SELECT CAST(pg_current_snapshot() AS text)")
_STILL = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


@dataclass(frozen=True, slots=True)
class MoveUsage:
    """Copy what there is, write what comes to both, compare, and switch.

    Writers and readers go on all the while; they wait for nothing but the commits that begin and
    end the move. Whoever runs this may be killed at any moment: running it again goes on where it
    was. A move that is not wanted any more is abandoned, and nobody notices.
    """

    work: UnitOfWork
    system: SystemWork
    stores: Mapping[StoreName, MovableStore]
    chunk: int = CHUNK

    async def __call__(
        self,
        tenant_id: TenantId,
        to: StoreName,
        *,
        progress: Callable[[Stage, int], None] = lambda _stage, _rows: None,
    ) -> int:
        """Move the usage; return how many rows were copied in all.

        Raises:
            UsageAlreadyThere: the store keeps the tenant's usage already.
            UsageMovesElsewhere: a move to another store is under way.
            StoresDiffer: the copy is not what it was made of; nothing was switched.
        """
        route = await self._begin(tenant_id, to)
        while route.stage is not None:
            route = await self._copy(tenant_id, route)
            if route.stage is not None:
                progress(Stage(route.stage), route.copied)
        compared = await self._compare(tenant_id, route)
        await self._switch(tenant_id, route, compared)
        return route.copied

    async def abandon(self, tenant_id: TenantId) -> StoreName:
        """Give a move up: the tenant's usage stays where it is; return the store it does not go to.

        Raises:
            UsageNotMoving: no move is under way.
        """
        async with self.work(tenant_id) as session:
            route = await lock_route(session, tenant_id)
            if route.moving_to is None:
                raise UsageNotMoving
            await write_route(session, tenant_id, Route(route.store))
        await self.stores[route.moving_to].clear(tenant_id)
        return route.moving_to

    async def _begin(self, tenant_id: TenantId, to: StoreName) -> Route:
        """Have writers write to both stores, and say what is to be copied: all before that."""
        async with self.work(tenant_id) as session:
            route = await read_route(session, tenant_id)
        _admit(route, to)
        if route.moving_to is None:
            # What an earlier move left there would be counted beside the copy.
            await self.stores[to].clear(tenant_id)
            async with self.work(tenant_id) as session:
                route = await lock_route(session, tenant_id)
                _admit(route, to)
                if route.moving_to is None:
                    await write_route(session, tenant_id, Route(route.store, to))
        async with self.work(tenant_id) as session:
            route = await lock_route(session, tenant_id)
            if route.cutoff is None:
                # Nobody who wrote to one store only is still at it.
                cutoff = str(await session.scalar(_SNAPSHOT))
                route = replace(route, cutoff=cutoff, stage=_STAGES[0].value)
                await write_route(session, tenant_id, route)
        return route

    async def _copy(self, tenant_id: TenantId, route: Route) -> Route:
        """Copy a chunk, and remember how far it went."""
        source, target, cutoff = self._sides(route)
        stage = Stage(str(route.stage))
        async with self.work(tenant_id) as session:
            held = await hold_route(session, tenant_id)  # beside writers, and nobody abandons it
            if held.moving_to is not route.moving_to or held.cutoff != cutoff:
                raise UsageNotMoving
            taken = await source.chunk(
                session, tenant_id, stage, cutoff=cutoff, mark=route.mark, limit=self.chunk
            )
            if taken.stored:
                await target.put(session, tenant_id, stage, taken.stored)
            now = _further(route, stage, taken)
            await write_route(session, tenant_id, now)
        return now

    async def _compare(self, tenant_id: TenantId, route: Route) -> str:
        """Compare all that both stores hold now; return the cut-off of that."""
        source, target, _ = self._sides(route)
        async with self.system() as session:
            await session.execute(_STILL)
            await set_tenant(session, tenant_id)
            cutoff = str(await session.scalar(_SNAPSHOT))
            found = [
                await store.sums(session, tenant_id, cutoff=cutoff, since=None)
                for store in (source, target)
            ]
        _agree(*found)
        return cutoff

    async def _switch(self, tenant_id: TenantId, route: Route, compared: str) -> None:
        """Compare what came since, while nobody writes, and send everybody to the other store."""
        source, target, _ = self._sides(route)
        async with self.work(tenant_id) as session:
            held = await lock_route(session, tenant_id)
            if held.moving_to is None or held.moving_to is not route.moving_to:
                raise UsageNotMoving
            cutoff = str(await session.scalar(_SNAPSHOT))
            found = [
                await store.sums(session, tenant_id, cutoff=cutoff, since=compared)
                for store in (source, target)
            ]
            _agree(*found)
            await write_route(session, tenant_id, Route(held.moving_to, copied=held.copied))
            await self._rollups(session, tenant_id, held.moving_to)

    async def _rollups(self, session: AsyncSession, tenant_id: TenantId, to: StoreName) -> None:
        """Rollups are of what PostgreSQL holds: they go with it, and are made again for it."""
        await forget_rollups(session, tenant_id)
        if to is StoreName.POSTGRES:
            await want_rollups(session, tenant_id)

    def _sides(self, route: Route) -> tuple[MovableStore, MovableStore, str]:
        if route.moving_to is None or route.cutoff is None:
            raise UsageNotMoving
        return self.stores[route.store], self.stores[route.moving_to], route.cutoff


def _admit(route: Route, to: StoreName) -> None:
    if route.moving_to is not None and route.moving_to is not to:
        raise UsageMovesElsewhere(store=route.moving_to.value, field="to")
    if route.store is to:
        raise UsageAlreadyThere(store=to.value, field="to")


def _further(route: Route, stage: Stage, taken: Chunk) -> Route:
    if taken.mark is not None:
        return replace(route, mark=taken.mark, copied=route.copied + len(taken.stored))
    following = _STAGES[_STAGES.index(stage) + 1 :]
    return replace(route, mark=None, stage=following[0].value if following else None)


def _agree(source: Sums, target: Sums) -> None:
    for slice_ in sorted(source.keys() | target.keys()):
        there, here = source.get(slice_), target.get(slice_)
        if there != here:
            stage, type_, month = slice_
            raise StoresDiffer(
                what=f"{stage} {type_} {month}".replace("  0", ""),
                source=(there or (0,))[0],
                target=(here or (0,))[0],
            )
