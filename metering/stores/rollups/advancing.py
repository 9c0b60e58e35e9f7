"""Taking one set of rollups from its snapshot to a later one."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.catalog.domain import Aggregation
from control_plane.kernel.ids import TenantId
from metering.domain.covers import QUARTER
from metering.domain.rollups import DIVISIBLE
from metering.stores.rollups.making import (
    DAYS_AGAIN,
    FORGET,
    add_sql,
    again_sql,
    take_sql,
    touched_sql,
    values_sql,
)
from metering.stores.rollups.sets import RollupSet

_STOP = text(
    """
    SELECT CAST(CAST(e.recorded AS text) AS bigint) + 1
    FROM usage_events AS e
    WHERE e.tenant_id = :tenant_id AND e.type = :type
    AND e.recorded >= pg_snapshot_xmin(CAST(:since AS pg_snapshot))
    AND NOT pg_visible_in_snapshot(e.recorded, CAST(:since AS pg_snapshot))
    ORDER BY e.recorded OFFSET :most LIMIT 1
    """
)


async def next_stop(
    session: AsyncSession, tenant_id: TenantId, one: RollupSet, until: str, most: int
) -> str:
    """Return how far a set may go at once: to ``until``, or to about ``most`` events.

    Of the transactions before a number, ``until`` knows those that still run: all others make a
    snapshot of their own.
    """
    bound = {"tenant_id": tenant_id, "type": one.definition.event_type, "since": one.snapshot}
    found = await session.scalar(_STOP, {**bound, "most": most})
    if found is None:
        return until
    return _before(until, max(int(found), int(one.snapshot.split(":")[1])))


def _before(until: str, number: int) -> str:
    """Return the snapshot of what is inside ``until`` and has a number below this one."""
    xmin, xmax, running = until.split(":")
    if number >= int(xmax):
        return until
    below = [xid for xid in running.split(",") if xid and int(xid) < number]
    return f"{min(int(xmin), number)}:{number}:{','.join(below)}"


async def advance(session: AsyncSession, tenant_id: TenantId, one: RollupSet, until: str) -> None:
    """Add what came since the set's snapshot, and take off what was taken back."""
    kind, shape = one.definition.aggregation, one.shape
    bound = {"tenant_id": tenant_id, **one.bound, "since": one.snapshot, "until": until}
    if one.added:
        await session.execute(add_sql(shape), bound)
        if kind is Aggregation.UNIQUE:
            await session.execute(values_sql(shape, taken=False), bound)
    if not one.taken:
        return
    await session.execute(take_sql(shape), bound)
    if kind is Aggregation.UNIQUE:
        await session.execute(values_sql(shape, taken=True), bound)
    elif kind not in DIVISIBLE:
        found = await session.scalars(touched_sql(shape), bound)
        if quarters := sorted(start.astimezone(UTC) for start in found):
            await _make_again(session, one, bound, quarters)


async def _make_again(
    session: AsyncSession, one: RollupSet, bound: dict[str, Any], quarters: Sequence[datetime]
) -> None:
    """Find the extremes of buckets again that something was taken from."""
    days = sorted({at.replace(hour=0, minute=0) for at in quarters})
    at = {**bound, "starts": list(quarters), "ends": [start + QUARTER for start in quarters]}
    again = again_sql(one.shape)
    await session.execute(FORGET, at)
    await session.execute(again, at)
    await session.execute(DAYS_AGAIN, {**bound, "days": days})
