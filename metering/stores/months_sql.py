"""The months that events lie in, in PostgreSQL."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from metering.domain.retention import UsageMonth, month_of

_MONTHS = text(
    """
    SELECT to_date(right(relname, 7), 'YYYY_MM'), pg_total_relation_size(pg_class.oid)
    FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = CAST('usage_events' AS regclass) AND relname <> 'usage_events_default'
    ORDER BY relname
    """
)
_AHEAD = text("SELECT usage_partition_for(:at)")
_HAS = text(
    """
    SELECT EXISTS (
        SELECT FROM usage_events WHERE tenant_id = :tenant_id AND time >= :start AND time < :end
    )
    """
)
_DROP = text("SELECT usage_month_drop(:month, :keep)")
_DROP_REST = text("SELECT usage_events_drop_rest(:until, :keep, :most)")
_IDENTITIES_FROM = text("SELECT identities_from FROM usage_horizon")
_FORGET = text("SELECT usage_identities_forget(:until, :most)")


async def usage_months(session: AsyncSession) -> list[UsageMonth]:
    """Return the months that have a place of their own, in order."""
    found = []
    for day, size in await session.execute(_MONTHS):
        start = datetime(day.year, day.month, 1, tzinfo=UTC)
        found.append(month_of(start, int(size)))
    return found


async def make_month(session: AsyncSession, at: datetime) -> None:
    """Make the place of a month where there is none; what lies elsewhere moves there."""
    await session.execute(_AHEAD, {"at": at})


async def has_events(
    session: AsyncSession, tenant_id: TenantId, start: datetime, end: datetime
) -> bool:
    """Tell whether a tenant has events of any type in a time."""
    bound = {"tenant_id": tenant_id, "start": start, "end": end}
    return bool((await session.execute(_HAS, bound)).scalar_one())


async def drop_month(session: AsyncSession, month: str, keep: Sequence[str]) -> None:
    """Drop a month's events but for those of types to ``keep``, as the system."""
    await session.execute(_DROP, {"month": month, "keep": list(keep)})


async def drop_rest(session: AsyncSession, until: datetime, keep: Sequence[str], most: int) -> int:
    """Drop up to ``most`` events before a time that lie in no month of their own."""
    bound = {"until": until, "keep": list(keep), "most": most}
    return int((await session.execute(_DROP_REST, bound)).scalar_one())


async def identities_from(session: AsyncSession) -> datetime | None:
    """Return the time before which identities are forgotten; None: none ever were."""
    found: datetime | None = (await session.execute(_IDENTITIES_FROM)).scalar_one()
    return None if found is None else found.astimezone(UTC)


async def forget_identities(session: AsyncSession, until: datetime, most: int) -> int:
    """Forget up to ``most`` identities of dropped events before a time."""
    found = await session.execute(_FORGET, {"until": until, "most": most})
    return int(found.scalar_one())
