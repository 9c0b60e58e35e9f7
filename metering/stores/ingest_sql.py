"""How events enter PostgreSQL: identity and event in one statement."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import BOUND, UnitOfWork
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
def _store(tenant: str, *before: str) -> TextClause:
    parts = ", ".join([*before, f"incoming AS MATERIALIZED ({ARRIVING})"])
    return text(
        f"""
        WITH {parts},
        fresh AS (
            INSERT INTO usage_identities (tenant_id, source, id, hash, event_time)
            SELECT {tenant}, source, id, hash, time FROM incoming
            WHERE (SELECT set_config('synchronous_commit', 'on', true)) = 'on' ORDER BY n
            ON CONFLICT DO NOTHING
            RETURNING source, id
        ),
        stored AS (
            INSERT INTO usage_events (tenant_id, type, time, source, id, subject, data, hash)
            SELECT {tenant}, type, time, source, id, subject, data, hash FROM incoming
            WHERE (SELECT count(*) FROM fresh) = CAST(:size AS bigint)
                OR (source, id) IN (SELECT source, id FROM fresh)
            ORDER BY n
        ),
        committed AS (
            INSERT INTO usage_commits (tenant_id, events)
            SELECT {tenant}, count(*) FROM fresh HAVING count(*) > 0
        )
        SELECT source, id FROM incoming
        WHERE (SELECT count(*) FROM fresh) <> CAST(:size AS bigint)
            AND (source, id) NOT IN (SELECT source, id FROM fresh)
        """  # noqa: S608 - built from our own text
    )


_STORE = _store(":tenant_id")
_STORE_AT_ONCE = _store("(SELECT tenant_id FROM bound)", BOUND)

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
    bound = {"tenant_id": tenant_id, **_bound(events)}
    known = (await run(session, _STORE, bound)).tuples().all()
    return await standing_hashes(session, tenant_id, _named(known))


async def store_events_at_once(
    work: UnitOfWork, tenant_id: TenantId, events: Mapping[Identity, UsageEvent]
) -> dict[Identity, bytes]:
    """Insert and commit as `store_events`, in one round trip and no transaction of the caller's."""
    known = await work.at_once(tenant_id, _STORE_AT_ONCE, _bound(events))
    if not known:
        return {}
    async with work(tenant_id) as session:
        return await standing_hashes(session, tenant_id, _named(known))


def _bound(events: Mapping[Identity, UsageEvent]) -> dict[str, str | bytes | int]:
    ordered = [events[identity] for identity in sorted(events)]
    return {"size": len(ordered), **columns(ordered)}


def _named(identities: Iterable[Sequence[Any]]) -> list[dict[str, str]]:
    return [{"source": source, "id": identity} for source, identity in identities]


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
