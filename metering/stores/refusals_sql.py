"""Events that came too late, in PostgreSQL: kept to be looked at, counted by nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from metering.domain.events import UsageEvent
from metering.errors import EventRefused
from metering.stores.ingest_sql import INCOMING, Identity, document, standing_hashes

_KEEP = text(
    f"""
    INSERT INTO usage_refusals
        (tenant_id, reason, refused_at, type, time, source, id, subject, data, hash)
    SELECT :tenant_id, :reason, :refused_at, type, time, source, id, subject, data, hash
    FROM ({INCOMING}) AS incoming ORDER BY n
    ON CONFLICT DO NOTHING
    """  # noqa: S608 - built from our own text
)

LIST = text(
    """
    SELECT seq, reason, refused_at,
        time, source, id, type, subject, CAST(data AS text) AS data, hash
    FROM usage_refusals
    WHERE tenant_id = :tenant_id AND (CAST(:after AS bigint) IS NULL OR seq < :after)
    ORDER BY seq DESC LIMIT :limit
    """
)


async def keep_refused(
    session: AsyncSession,
    tenant_id: TenantId,
    refused: Sequence[tuple[UsageEvent, EventRefused]],
    refused_at: datetime,
) -> Mapping[Identity, bytes]:
    """Insert what was not stored in time; return the standing hashes of what was."""
    identities = [{"source": event.source, "id": event.id} for event, _ in refused]
    standing = await standing_hashes(session, tenant_id, identities)
    await keep_unknown(session, tenant_id, refused, refused_at, standing)
    return standing


async def keep_unknown(
    session: AsyncSession,
    tenant_id: TenantId,
    refused: Sequence[tuple[UsageEvent, EventRefused]],
    refused_at: datetime,
    standing: Mapping[Identity, bytes],
) -> None:
    """Insert what was refused, but for what is ``standing`` in the store."""
    by_reason: dict[str, list[UsageEvent]] = {}
    for event, refusal in refused:
        if (event.source, event.id) not in standing:
            by_reason.setdefault(refusal.code, []).append(event)
    for reason, events in by_reason.items():
        bound: dict[str, Any] = {"reason": reason, "refused_at": refused_at}
        await session.execute(
            _KEEP, {"tenant_id": tenant_id, "document": document(events), **bound}
        )
