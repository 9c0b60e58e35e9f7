"""Sets of rollups: which definition each holds for a tenant, and as of which snapshot."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.catalog.domain import Aggregation
from control_plane.kernel.ids import TenantId
from metering.domain.rollups import Definition
from metering.stores.rollups.making import Shape

NOTHING = "3:3:"
"""The snapshot before any transaction."""


@dataclass(frozen=True, slots=True)
class RollupSet:
    """What one definition of a tenant's usage is rolled up to.

    ``added`` and ``taken`` tell whether anything of its type came, or went, since its snapshot.
    """

    rollup: int
    definition: Definition
    snapshot: str
    ready: bool
    added: bool = False
    taken: bool = False

    @property
    def bound(self) -> dict[str, Any]:
        """What the statements about its definition are bound to."""
        return {
            "rollup": self.rollup,
            "type": self.definition.event_type,
            "property": self.definition.counted,
            "money": self.definition.money,
            "filters": self.definition.filters.decode(),
            "dimensions": list(self.definition.dimensions),
        }

    @property
    def shape(self) -> Shape:
        """What the statements about its definition depend on."""
        definition = self.definition
        filtered = definition.filters != b"[]"
        return Shape(definition.aggregation, filtered, len(definition.dimensions))


_COLUMNS = """
    s.rollup, s.type, s.aggregation, s.property, s.money, CAST(s.filters AS text), s.dimensions,
    CAST(s.snapshot AS text), s.ready
"""

_SETS = text(
    f"""
    WITH until AS MATERIALIZED (SELECT CAST(:until AS pg_snapshot) AS until)
    SELECT {_COLUMNS}, EXISTS (
        SELECT FROM usage_events AS e
        WHERE e.tenant_id = s.tenant_id AND e.type = s.type
        AND e.recorded >= pg_snapshot_xmin(s.snapshot)
        AND e.recorded < pg_snapshot_xmax(until.until)
        AND NOT pg_visible_in_snapshot(e.recorded, s.snapshot)
        AND pg_visible_in_snapshot(e.recorded, until.until)
    ), EXISTS (
        SELECT FROM usage_retractions AS r
        WHERE r.tenant_id = s.tenant_id AND r.recorded >= pg_snapshot_xmin(s.snapshot)
        AND NOT pg_visible_in_snapshot(r.recorded, s.snapshot)
        AND pg_visible_in_snapshot(r.recorded, until.until)
    )
    FROM usage_rollup_sets AS s, until
    WHERE s.tenant_id = :tenant_id AND NOT s.retired ORDER BY s.rollup
    """  # noqa: S608 - built from our own text
)

_KEPT = text(
    f"""
    SELECT {_COLUMNS} FROM usage_rollup_sets AS s
    WHERE s.tenant_id = :tenant_id AND NOT s.retired ORDER BY s.rollup FOR UPDATE
    """  # noqa: S608 - built from our own text
)

_TYPES = text(
    """
    SELECT asked.type FROM unnest(CAST(:types AS text[])) AS asked (type)
    CROSS JOIN LATERAL (
        SELECT FROM usage_events AS e
        WHERE e.tenant_id = :tenant_id AND e.type = asked.type COLLATE "C"
        ORDER BY e.time LIMIT 1
    ) AS one
    """
)

_BEGIN = text(
    """
    INSERT INTO usage_rollup_sets (tenant_id, base, dimensions, type, aggregation, property, money,
        filters, snapshot, rolled_at, ready)
    VALUES (:tenant_id, :base, :dimensions, :type, :aggregation, :property, :money,
        CAST(:filters AS json), CAST(:snapshot AS pg_snapshot), 'epoch', false)
    """
)

_MOVE = text(
    """
    UPDATE usage_rollup_sets SET snapshot = CAST(:until AS pg_snapshot),
        rolled_at = CASE WHEN :caught_up THEN :now ELSE rolled_at END,
        ready = ready OR :caught_up
    WHERE tenant_id = :tenant_id AND rollup = ANY(:rollups)
    """
)

_RETIRE = text(
    "UPDATE usage_rollup_sets SET retired = true, ready = false "
    "WHERE tenant_id = :tenant_id AND rollup = ANY(:rollups)"
)

_PART = 10_000


def _clear(table: str) -> str:
    return f"""
        DELETE FROM {table} WHERE ctid = ANY(ARRAY(
            SELECT r.ctid FROM {table} AS r JOIN usage_rollup_sets AS s USING (tenant_id, rollup)
            WHERE s.tenant_id = :tenant_id AND s.retired LIMIT {_PART}
        ))
    """  # noqa: S608 - built from our own text


_CLEAR = text(_clear("usage_rollups"))
_CLEAR_VALUES = text(_clear("usage_rollup_values"))
_END = text("DELETE FROM usage_rollup_sets WHERE tenant_id = :tenant_id AND retired")
_RETIRED = text(
    "SELECT EXISTS (SELECT FROM usage_rollup_sets WHERE tenant_id = :tenant_id AND retired)"
)


async def read_sets(session: AsyncSession, tenant_id: TenantId, until: str) -> list[RollupSet]:
    """Return the sets that are kept, the oldest first, with what is new for each at a snapshot."""
    rows = await session.execute(_SETS, {"tenant_id": tenant_id, "until": until})
    return [_set(row) for row in rows]


async def kept_sets(session: AsyncSession, tenant_id: TenantId) -> list[RollupSet]:
    """Return the sets that are kept, locked in their snapshots until the transaction ends."""
    return [_set(row) for row in await session.execute(_KEPT, {"tenant_id": tenant_id})]


async def types_with_events(
    session: AsyncSession, tenant_id: TenantId, types: Sequence[str]
) -> set[str]:
    """Return those event types of which the tenant has any."""
    if not types:
        return set()
    return set(await session.scalars(_TYPES, {"tenant_id": tenant_id, "types": list(types)}))


async def begin_sets(
    session: AsyncSession, tenant_id: TenantId, definitions: Sequence[Definition]
) -> None:
    """Begin sets of rollups that hold nothing yet."""
    for definition in definitions:
        values = {
            "tenant_id": tenant_id,
            "base": definition.base,
            "dimensions": list(definition.dimensions),
            "type": definition.event_type,
            "aggregation": definition.aggregation.value,
            "property": definition.counted,
            "money": definition.money,
            "filters": definition.filters.decode(),
            "snapshot": NOTHING,
        }
        await session.execute(_BEGIN, values)


async def move_sets(
    session: AsyncSession,
    tenant_id: TenantId,
    rollups: Sequence[int],
    until: str,
    *,
    now: object,
    caught_up: bool,
) -> None:
    """Say that sets hold what a snapshot contains; they answer once they ``caught_up``."""
    values = {"until": until, "now": now, "caught_up": caught_up, "rollups": list(rollups)}
    await session.execute(_MOVE, {"tenant_id": tenant_id, **values})


async def retire_sets(session: AsyncSession, tenant_id: TenantId, rollups: Sequence[int]) -> None:
    """Say that sets answer no more."""
    if rollups:
        await session.execute(_RETIRE, {"tenant_id": tenant_id, "rollups": list(rollups)})


async def clear_retired(session: AsyncSession, tenant_id: TenantId) -> bool:
    """Delete some of what retired sets hold, and tell whether anything is left of them."""
    bound = {"tenant_id": tenant_id}
    if not await session.scalar(_RETIRED, bound):
        return False
    gone: Any = await session.execute(_CLEAR, bound)
    values: Any = await session.execute(_CLEAR_VALUES, bound)
    if gone.rowcount < _PART and values.rowcount < _PART:
        await session.execute(_END, bound)
        return False
    return True


def _set(row: Any) -> RollupSet:
    rollup, type_, aggregation, prop, money, filters, dimensions, snapshot, ready, *news = row
    definition = Definition(
        event_type=type_,
        aggregation=Aggregation(aggregation),
        counted=prop,
        money=money,
        filters=filters.encode(),
        dimensions=tuple(dimensions),
    )
    return RollupSet(int(rollup), definition, snapshot, ready, *map(bool, news))
