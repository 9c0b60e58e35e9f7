"""How events enter PostgreSQL: identity and event in one statement."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from metering.domain.events import UsageEvent

Identity: TypeAlias = tuple[str, str]
"""(source, id) within a tenant."""

# Measured against arrays (unnest) and COPY into a temporary table: one JSON
# document was the fastest, and `data` reaches jsonb without a number being read
# by anybody on the way.
INCOMING = """
    SELECT n, source, id, type, subject, time, data, decode(hash, 'hex') AS hash
    FROM json_to_recordset(CAST(:document AS json)) AS event (
        n integer, source text, id text, type text, subject text,
        time timestamptz, data jsonb, hash text
    )
"""

# ON CONFLICT waits for a concurrent transaction that inserts the same identity:
# if that one commits, the event is not fresh here; if it fails, it is. The
# fixed order keeps two such transactions from waiting for each other.
_STORE = text(
    f"""
    WITH incoming AS MATERIALIZED ({INCOMING}),
    fresh AS (
        INSERT INTO usage_identities (tenant_id, source, id, hash, event_time)
        SELECT :tenant_id, source, id, hash, time FROM incoming ORDER BY n
        ON CONFLICT DO NOTHING
        RETURNING source, id
    ),
    stored AS (
        INSERT INTO usage_events (tenant_id, type, time, source, id, subject, data, hash)
        SELECT :tenant_id, type, time, source, id, subject, data, hash
        FROM incoming JOIN fresh USING (source, id) ORDER BY n
    )
    SELECT source, id FROM incoming
    WHERE NOT EXISTS (
        SELECT FROM fresh WHERE fresh.source = incoming.source AND fresh.id = incoming.id
    )
    """  # noqa: S608 - built from our own text
)

# A statement of its own: only a new snapshot shows what others committed
# while the first one waited.
_STANDING = text(
    """
    SELECT source, id, hash FROM usage_identities
    JOIN json_to_recordset(CAST(:document AS json)) AS known (source text, id text)
    USING (source, id)
    WHERE tenant_id = :tenant_id
    """
)

# Acknowledged means on disk, whatever the server's or the role's default.
_DURABLE = text("SET LOCAL synchronous_commit = on")


async def store_events(
    session: AsyncSession, tenant_id: TenantId, events: Mapping[Identity, UsageEvent]
) -> dict[Identity, bytes]:
    """Insert the events whose identity is new.

    Returns the standing hash of every event that was *not* inserted.
    """
    await session.execute(_DURABLE)
    ordered = [events[identity] for identity in sorted(events)]
    result = await session.execute(_STORE, {"tenant_id": tenant_id, "document": document(ordered)})
    known = [{"source": source, "id": identity} for source, identity in result]
    return await standing_hashes(session, tenant_id, known)


async def standing_hashes(
    session: AsyncSession, tenant_id: TenantId, identities: Sequence[Mapping[str, str]]
) -> dict[Identity, bytes]:
    """Return the hashes of those events (``source`` and ``id``) that are stored."""
    if not identities:
        return {}
    wanted = msgspec.json.encode(identities).decode()
    rows = await session.execute(_STANDING, {"tenant_id": tenant_id, "document": wanted})
    return {(source, identity): bytes(hash_) for source, identity, hash_ in rows}


def document(events: Sequence[UsageEvent]) -> str:
    """Write events as the JSON that `INCOMING` reads."""
    rows: list[dict[str, Any]] = [
        {
            "n": n,
            "source": event.source,
            "id": event.id,
            "type": event.type,
            "subject": event.subject,
            "time": event.time,
            "data": msgspec.Raw(event.data_json),
            "hash": event.body_hash.hex(),
        }
        for n, event in enumerate(events)
    ]
    return msgspec.json.encode(rows).decode()
