"""A tenant's data as the vendor's staff open it: read in one transaction with the record of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Request
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.audit.openings import record_opening
from control_plane.kernel.ids import TenantId, format_id
from web.api.common import principal
from web.compose import Application


@asynccontextmanager
async def opened_by_staff(
    request: Request[Any, Any, Any],
    application: Application,
    owner: TenantId,
    object_type: str,
    object_id: str | None = None,
) -> AsyncIterator[AsyncSession]:
    """Bind the block to ``owner``, and record who opened what once the block has read it.

    What the block refuses is not on record, and nothing leaves before the record is committed.

    Args:
        request: of a signed-in member of staff.
        application: the use cases.
        owner: whose data is opened.
        object_type: what is opened, such as ``invoice``.
        object_id: the object's text id; the organisation's own where there is none.
    """
    actor, opened = principal(request).actor, object_id or format_id("ten", owner)
    async with application.work(owner) as session:
        yield session
        await record_opening(session, owner, actor, object_type, opened)
