"""Rollups of a tenant whose usage moves to another store, or back: they are of what is here."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId

# The row is there before it goes, so that whoever rolls up just now comes to an end first.
_WANT = text(
    "INSERT INTO usage_rolling (tenant_id, revision, unfinished) VALUES (:tenant_id, 0, true) "
    "ON CONFLICT (tenant_id) DO UPDATE SET revision = 0, unfinished = true"
)
_FORGET = [
    text(f"DELETE FROM {table} WHERE tenant_id = :tenant_id")  # noqa: S608 - our own names
    for table in (
        "usage_rollup_values",
        "usage_rollups",
        "usage_rollup_sets",
        "usage_commits",
        "usage_rolling",
    )
]


async def forget_rollups(session: AsyncSession, tenant_id: TenantId) -> None:
    """Remove a tenant's rollups: what is here is no longer all of its usage."""
    await want_rollups(session, tenant_id)
    for statement in _FORGET:
        await session.execute(statement, {"tenant_id": tenant_id})


async def want_rollups(session: AsyncSession, tenant_id: TenantId) -> None:
    """Have a tenant's rollups made from its events."""
    await session.execute(_WANT, {"tenant_id": tenant_id})
