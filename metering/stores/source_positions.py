"""How far a stream was taken in, in PostgreSQL: by tenant with its events, and over all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from metering.sources.messages import Message

MOST_BODY_BYTES = 65_536

_KNOWN = text("SELECT EXISTS (SELECT 1 FROM organisations WHERE id = :tenant_id)")
_BEGIN = text(
    """
    INSERT INTO usage_source_positions (tenant_id, source, sequence)
    VALUES (:tenant_id, :source, 0) ON CONFLICT DO NOTHING
    """
)
_LOCK = text(
    """
    SELECT sequence FROM usage_source_positions
    WHERE tenant_id = :tenant_id AND source = :source FOR UPDATE
    """
)
_MOVE = text(
    """
    UPDATE usage_source_positions SET sequence = :sequence
    WHERE tenant_id = :tenant_id AND source = :source
    """
)
_REFUSE = text(
    """
    INSERT INTO usage_source_refusals
        (tenant_id, source, sequence, subject, reasons, body, seen_at)
    VALUES (:tenant_id, :source, :sequence, :subject, CAST(:reasons AS jsonb), :body, :seen_at)
    """
)
_STRAY = text(
    """
    INSERT INTO usage_source_strays (source, sequence, subject, reason, body, seen_at)
    VALUES (:source, :sequence, :subject, :reason, :body, :seen_at) ON CONFLICT DO NOTHING
    """
)
_REACHED = text("SELECT coalesce(max(sequence), 0) FROM usage_sources WHERE source = :source")
_REACH = text(
    """
    INSERT INTO usage_sources (source, sequence) VALUES (:source, :sequence)
    ON CONFLICT (source) DO UPDATE
    SET sequence = greatest(usage_sources.sequence, excluded.sequence)
    """
)
_DEAD = text(
    """
    SELECT seen_at, source, sequence, subject, CAST(reasons AS text), body, tenant_id
    FROM usage_source_refusals
    UNION ALL
    SELECT seen_at, source, sequence, subject,
        CAST(jsonb_build_array(jsonb_build_object('reason', reason)) AS text), body,
        CAST(NULL AS uuid)
    FROM usage_source_strays
    ORDER BY seen_at DESC, source, sequence DESC LIMIT :limit
    """
)


async def lock_position(session: AsyncSession, tenant_id: TenantId, source: str) -> int | None:
    """Return up to where a tenant's messages are stored, and keep others waiting until the commit.

    None: there is no such tenant.
    """
    bound = {"tenant_id": tenant_id, "source": source}
    if not await session.scalar(_KNOWN, {"tenant_id": tenant_id}):
        return None
    await session.execute(_BEGIN, bound)
    return int(await session.scalar(_LOCK, bound))


async def move_position(
    session: AsyncSession, tenant_id: TenantId, source: str, sequence: int
) -> None:
    """Say up to where a tenant's messages are stored, once this transaction commits."""
    bound = {"tenant_id": tenant_id, "source": source, "sequence": sequence}
    await session.execute(_MOVE, bound)


async def keep_refusals(
    session: AsyncSession,
    tenant_id: TenantId,
    source: str,
    refused: Sequence[tuple[Message, list[dict[str, Any]]]],
    seen_at: datetime,
) -> None:
    """Keep messages of which something was refused, each with its reasons."""
    rows = [
        _row(message, source, seen_at)
        | {"tenant_id": tenant_id, "reasons": msgspec.json.encode(reasons).decode()}
        for message, reasons in refused
    ]
    if rows:
        await session.execute(_REFUSE, rows)


async def reached(session: AsyncSession, source: str) -> int:
    """Return up to where every tenant's messages are stored."""
    return int(await session.scalar(_REACHED, {"source": source}))


async def reach(
    session: AsyncSession,
    source: str,
    sequence: int,
    strays: Sequence[tuple[Message, str]],
    seen_at: datetime,
) -> None:
    """Say up to where every tenant's are, and keep the messages that are nobody's."""
    rows = [_row(message, source, seen_at) | {"reason": reason} for message, reason in strays]
    if rows:
        await session.execute(_STRAY, rows)
    await session.execute(_REACH, {"source": source, "sequence": sequence})


async def dead(session: AsyncSession, limit: int) -> Sequence[Any]:
    """Return what was not taken in, the latest first."""
    return (await session.execute(_DEAD, {"limit": limit})).all()


def _row(message: Message, source: str, seen_at: datetime) -> dict[str, Any]:
    return {
        "source": source,
        "sequence": message.sequence,
        "subject": message.subject,
        "body": message.body[:MOST_BODY_BYTES],
        "seen_at": seen_at,
    }
