"""From when on events are kept, in PostgreSQL, of whatever store."""

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.runtime.writes import run

KEPT_FROM = "(SELECT events_from FROM usage_horizon)"
"""An expression: the time before which events were dropped, NULL where none ever were."""

_KEPT_FROM = text(f"SELECT {KEPT_FROM}")


async def kept_from(session: AsyncSession) -> datetime | None:
    """Return the time before which events were dropped, of every tenant; None: none ever were."""
    found: datetime | None = (await run(session, _KEPT_FROM, {})).scalar_one()
    return None if found is None else found.astimezone(UTC)
