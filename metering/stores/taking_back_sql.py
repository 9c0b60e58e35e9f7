"""How events that take another one back enter PostgreSQL: each target is claimed once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from metering.domain.events import UsageEvent
from metering.stores.ingest_sql import (
    DURABLE,
    INCOMING,
    Identity,
    document,
    standing_hashes,
    store_events,
)
from metering.stores.outcomes import claims

# One delivery of a tenant at a time says what is taken back: the claims that it looks up stay as
# they are until it commits. Deliveries of ordinary events wait for nobody.
_ALONE = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(:tenant_id || ' takes usage back', 0))"
)

_CLAIMED = text(
    """
    SELECT source, target_id, by_id FROM usage_retractions
    JOIN json_to_recordset(CAST(:document AS json)) AS known (source text, target_id text)
    USING (source, target_id)
    WHERE tenant_id = :tenant_id
    """
)

_TAKE = text(
    f"""
    WITH incoming AS MATERIALIZED ({INCOMING}),
    taking AS MATERIALIZED (
        SELECT source, id, kind, target_id FROM json_to_recordset(CAST(:taking AS json))
            AS taking (source text, id text, kind text, target_id text)
    ),
    fresh AS (
        INSERT INTO usage_identities (tenant_id, source, id, hash, event_time)
        SELECT :tenant_id, source, id, hash, time FROM incoming ORDER BY n
        ON CONFLICT DO NOTHING
        RETURNING source, id
    ),
    stored AS (
        INSERT INTO usage_events (tenant_id, type, time, source, id, subject, data, hash)
        SELECT :tenant_id, type, time, source, id, subject, data, hash
        FROM incoming JOIN fresh USING (source, id) JOIN taking USING (source, id)
        WHERE kind <> 'retracts' ORDER BY n
    ),
    taken AS (
        INSERT INTO usage_retractions
            (tenant_id, source, target_id, by_id, kind, type, time, data)
        SELECT :tenant_id, source, target_id, id, kind, type, time, data
        FROM incoming JOIN fresh USING (source, id) JOIN taking USING (source, id)
    ),
    committed AS (
        INSERT INTO usage_commits (tenant_id, events)
        SELECT :tenant_id, count(*) FROM fresh HAVING count(*) > 0
    )
    SELECT source, id FROM fresh
    """  # noqa: S608 - built from our own text
)


@dataclass(frozen=True, slots=True)
class Stored:
    """What was not stored: because its identity was known, or what it takes back was taken.

    ``standing`` holds the hashes of known identities.
    """

    standing: Mapping[Identity, bytes]
    claimed: frozenset[Identity] = frozenset()


async def store(
    session: AsyncSession, tenant_id: TenantId, events: Mapping[Identity, UsageEvent]
) -> Stored:
    """Insert what is new: ordinary events, corrections and retractions."""
    takers = {key: event for key, event in events.items() if event.takes_back is not None}
    if not takers:
        return Stored(await store_events(session, tenant_id, events))
    taken = await _take_back(session, tenant_id, takers)
    rest = {key: event for key, event in events.items() if key not in takers}
    standing = await store_events(session, tenant_id, rest) if rest else {}
    return Stored({**taken.standing, **standing}, taken.claimed)


async def _take_back(
    session: AsyncSession, tenant_id: TenantId, takers: Mapping[Identity, UsageEvent]
) -> Stored:
    await session.execute(DURABLE)
    await session.execute(_ALONE, {"tenant_id": str(tenant_id)})
    standing = await standing_hashes(session, tenant_id, _named(takers))
    waiting = {key: event for key, event in takers.items() if key not in standing}
    while waiting:
        known = await _claimed(session, tenant_id, waiting.values())
        first, refused = claims(waiting.values(), known)
        fresh = await _insert(session, tenant_id, first)
        lost = [identity(event) for event in first if identity(event) not in fresh]
        if not lost:
            return Stored(standing, frozenset(identity(event) for event in refused))
        # Somebody else sent ordinary events with these ids just now: their claims are void.
        standing |= await standing_hashes(session, tenant_id, _named(lost))
        waiting = {identity(event): event for event in refused}
    return Stored(standing)


async def _claimed(
    session: AsyncSession, tenant_id: TenantId, events: Iterable[UsageEvent]
) -> dict[Identity, str]:
    wanted = [{"source": e.source, "target_id": e.takes_back.id} for e in events if e.takes_back]
    bound = {"tenant_id": tenant_id, "document": msgspec.json.encode(wanted).decode()}
    rows = await session.execute(_CLAIMED, bound)
    return {(source, target): by for source, target, by in rows}


async def _insert(
    session: AsyncSession, tenant_id: TenantId, events: Sequence[UsageEvent]
) -> set[Identity]:
    if not events:
        return set()
    ordered = sorted(events, key=identity)
    taking: list[dict[str, Any]] = [
        {"source": e.source, "id": e.id, "kind": e.takes_back.kind, "target_id": e.takes_back.id}
        for e in ordered
        if e.takes_back is not None
    ]
    bound = {
        "tenant_id": tenant_id,
        "document": document(ordered),
        "taking": msgspec.json.encode(taking).decode(),
    }
    return {(source, id_) for source, id_ in await session.execute(_TAKE, bound)}


def identity(event: UsageEvent) -> Identity:
    """Return what an event is known by within its tenant."""
    return (event.source, event.id)


def _named(identities: Iterable[Identity]) -> list[dict[str, str]]:
    return [{"source": source, "id": id_} for source, id_ in identities]
