"""Which store keeps a tenant's usage, as PostgreSQL knows it."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId


class StoreName(StrEnum):
    """The stores an installation may have."""

    POSTGRES = "postgres"
    CLICKHOUSE = "clickhouse"


@dataclass(frozen=True, slots=True)
class Route:
    """Where a tenant's usage is kept, and how far a move of it has come.

    ``cutoff`` is what is copied; what came after it is written to both stores. ``mark`` says where
    copying the ``stage`` goes on.
    """

    store: StoreName = StoreName.POSTGRES
    moving_to: StoreName | None = None
    cutoff: str | None = None
    stage: str | None = None
    mark: str | None = None
    copied: int = 0


_KEY = "hashtextextended(:tenant_id || ' routes usage', 0)"
_SHARED = text(f"SELECT pg_advisory_xact_lock_shared({_KEY})")
_ALONE = text(f"SELECT pg_advisory_xact_lock({_KEY})")
_READ = text(
    "SELECT store, moving_to, cutoff, stage, mark, copied FROM usage_stores "
    "WHERE tenant_id = :tenant_id"
)
_WRITE = text(
    """
    INSERT INTO usage_stores (tenant_id, store, moving_to, cutoff, stage, mark, copied)
    VALUES (:tenant_id, :store, :moving_to, :cutoff, :stage, :mark, :copied)
    ON CONFLICT (tenant_id) DO UPDATE SET store = :store, moving_to = :moving_to,
        cutoff = :cutoff, stage = :stage, mark = :mark, copied = :copied
    """
)


async def read_route(session: AsyncSession, tenant_id: TenantId) -> Route:
    """Return the route as of now.

    Readers take no lock: a store that is named now holds everything committed until now, and so
    every cut-off that was taken before.
    """
    row = (await session.execute(_READ, {"tenant_id": tenant_id})).one_or_none()
    if row is None:
        return Route()
    moving = None if row[1] is None else StoreName(row[1])
    return Route(StoreName(row[0]), moving, row[2], row[3], row[4], int(row[5]))


async def hold_route(session: AsyncSession, tenant_id: TenantId) -> Route:
    """Return the route for a writer: it stays until the writer's transaction ends."""
    await session.execute(_SHARED, {"tenant_id": str(tenant_id)})
    return await read_route(session, tenant_id)


async def lock_route(session: AsyncSession, tenant_id: TenantId) -> Route:
    """Return the route for whoever changes it, once no writer's transaction is under way."""
    await session.execute(_ALONE, {"tenant_id": str(tenant_id)})
    return await read_route(session, tenant_id)


async def write_route(session: AsyncSession, tenant_id: TenantId, route: Route) -> None:
    """Change the route. Only whoever locked it may change where writers go."""
    bound = {
        "tenant_id": tenant_id,
        "store": route.store,
        "moving_to": route.moving_to,
        "cutoff": route.cutoff,
        "stage": route.stage,
        "mark": route.mark,
        "copied": route.copied,
    }
    await session.execute(_WRITE, bound)
