"""How events enter PostgreSQL: identity and event in one statement."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from control_plane.runtime.writes import run
from metering.domain.events import UsageEvent
from metering.stores.columns_sql import ARRIVING, columns

Identity: TypeAlias = tuple[str, str]
"""(source, id) within a tenant."""

# One JSON document, for what is seldom; `columns_sql` is for what is not.
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
#
# Mostly every identity is new: then nothing is compared. Acknowledged means on disk,
# whatever the server's or the role's default.
_STORE = text(
    f"""
    WITH incoming AS MATERIALIZED ({ARRIVING}),
    fresh AS (
        INSERT INTO usage_identities (tenant_id, source, id, hash, event_time)
        SELECT :tenant_id, source, id, hash, time FROM incoming
        WHERE (SELECT set_config('synchronous_commit', 'on', true)) = 'on' ORDER BY n
        ON CONFLICT DO NOTHING
        RETURNING source, id
    ),
    stored AS (
        INSERT INTO usage_events (tenant_id, type, time, source, id, subject, data, hash)
        SELECT :tenant_id, type, time, source, id, subject, data, hash FROM incoming
        WHERE (SELECT count(*) FROM fresh) = CAST(:size AS bigint)
            OR (source, id) IN (SELECT source, id FROM fresh)
        ORDER BY n
    ),
    committed AS (
        INSERT INTO usage_commits (tenant_id, events)
        SELECT :tenant_id, count(*) FROM fresh HAVING count(*) > 0
    )
    SELECT source, id FROM incoming
    WHERE (SELECT count(*) FROM fresh) <> CAST(:size AS bigint)
        AND (source, id) NOT IN (SELECT source, id FROM fresh)
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
DURABLE = text("SET LOCAL synchronous_commit = on")


async def store_events(
    session: AsyncSession, tenant_id: TenantId, events: Mapping[Identity, UsageEvent]
) -> dict[Identity, bytes]:
    """Insert the events whose identity is new, none of which takes another one back.

    Returns the standing hash of every event that was *not* inserted.
    """
    ordered = [events[identity] for identity in sorted(events)]
    bound = {"tenant_id": tenant_id, "size": len(ordered), **columns(ordered)}
    result = await run(session, _STORE, bound)
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
