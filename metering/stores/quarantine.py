"""Quarantined events in PostgreSQL, whichever store the counted ones are in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from metering.domain.canonical import CANONICAL
from metering.domain.cloudevents import parse_data
from metering.domain.events import TakesBack, TakingBack, UsageEvent
from metering.domain.quarantine import QuarantinedEvent, QuarantinedType

Identity = tuple[str, str]

# One transaction of a tenant's at a time, so that the bound holds and nothing is replayed twice.
# Taken before any identity is written: whoever ingests and whoever replays wait in one order.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('usage_quarantine:' || :tenant_id, 0))")

_COUNT = text("SELECT count(*) FROM usage_quarantine WHERE tenant_id = :tenant_id")

_STANDING = text(
    """
    SELECT source, id, hash FROM usage_quarantine
    JOIN json_to_recordset(CAST(:document AS json)) AS known (source text, id text)
    USING (source, id)
    WHERE tenant_id = :tenant_id
    """
)

_KEEP = text(
    """
    INSERT INTO usage_quarantine (tenant_id, type, time, source, id, subject, data, hash,
        takes_back, target_id, received_at, revision)
    SELECT :tenant_id, type, time, source, id, subject, data, decode(hash, 'hex'),
        takes_back, target_id, :received_at, 0
    FROM json_to_recordset(CAST(:document AS json)) AS event (
        n integer, type text, time timestamptz, source text, id text, subject text, data jsonb,
        hash text, takes_back text, target_id text
    ) ORDER BY n
    """
)

_COLUMNS = """
    seq, type, time, source, id, subject, CAST(data AS text) AS data, hash,
    takes_back, target_id, received_at, refusal
"""

_LIST = text(
    f"""
    SELECT {_COLUMNS} FROM usage_quarantine
    WHERE tenant_id = :tenant_id AND (CAST(:type AS text) IS NULL OR type = :type)
      AND (CAST(:after AS bigint) IS NULL OR seq < :after)
    ORDER BY seq DESC LIMIT :limit
    """  # noqa: S608 - built from our own text
)

_TYPES = text(
    """
    SELECT type, count(*), min(received_at), max(received_at) FROM usage_quarantine
    WHERE tenant_id = :tenant_id GROUP BY type ORDER BY type
    """
)

# What was never tried first, then what was tried longest ago: nothing waits behind what stays.
_REPLAYABLE = text(
    f"""
    SELECT {_COLUMNS} FROM usage_quarantine
    WHERE tenant_id = :tenant_id AND type = ANY(:types)
      AND (CAST(:before AS integer) IS NULL OR revision < :before)
    ORDER BY tried_at NULLS FIRST, seq LIMIT :limit
    """  # noqa: S608 - built from our own text
)

_LEAVE = text("DELETE FROM usage_quarantine WHERE tenant_id = :tenant_id AND seq = ANY(:seqs)")

_STAY = text(
    """
    UPDATE usage_quarantine AS kept
    SET refusal = tried.refusal, revision = :revision, tried_at = clock_timestamp()
    FROM json_to_recordset(CAST(:document AS json)) AS tried (seq bigint, refusal text)
    WHERE kept.tenant_id = :tenant_id AND kept.seq = tried.seq
    """
)

_DISCARD = text("DELETE FROM usage_quarantine WHERE tenant_id = :tenant_id AND type = :type")


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event in quarantine, under its number."""

    seq: int
    kept: QuarantinedEvent


@dataclass(frozen=True, slots=True)
class Quarantine:
    """One tenant's quarantine, within one transaction."""

    session: AsyncSession
    tenant_id: TenantId

    async def lock(self) -> None:
        """Let no other transaction write this quarantine until this one has ended."""
        await self.session.execute(_LOCK, {"tenant_id": str(self.tenant_id)})

    async def count(self) -> int:
        """Return how many events are in it."""
        return int(await self.session.scalar(_COUNT, self._bound()) or 0)

    async def standing(self, identities: Iterable[Identity]) -> dict[Identity, bytes]:
        """Return the hashes of those events that are in it."""
        wanted = [{"source": source, "id": id_} for source, id_ in identities]
        rows = await self.session.execute(_STANDING, self._bound(document=_json(wanted)))
        return {(source, id_): bytes(hash_) for source, id_, hash_ in rows}

    async def keep(self, events: Iterable[UsageEvent], received_at: datetime) -> None:
        """Add events whose identities are not in it."""
        document = _json([_row(n, event) for n, event in enumerate(events)])
        await self.session.execute(_KEEP, self._bound(document=document, received_at=received_at))

    async def page(self, event_type: str | None, after: int | None, limit: int) -> list[Waiting]:
        """Return at most ``limit`` events, the latest first."""
        return await self._read(_LIST, type=event_type, after=after, limit=limit)

    async def types(self, known: Iterable[str]) -> tuple[QuarantinedType, ...]:
        """Count what is in it by type; ``known`` are the types that a meter counts by now."""
        counted = set(known)
        rows = await self.session.execute(_TYPES, self._bound())
        return tuple(
            QuarantinedType(
                type=kind,
                events=events,
                first_received_at=first.astimezone(UTC),
                last_received_at=last.astimezone(UTC),
                known=kind in counted,
            )
            for kind, events, first, last in rows
        )

    async def replayable(
        self, types: Iterable[str], *, before: int | None, limit: int
    ) -> list[Waiting]:
        """Return events of some types; with ``before``, not tried since that revision."""
        return await self._read(_REPLAYABLE, types=list(types), before=before, limit=limit)

    async def leave(self, seqs: Sequence[int]) -> None:
        """Remove events: they are counted, or kept elsewhere."""
        await self.session.execute(_LEAVE, self._bound(seqs=list(seqs)))

    async def stay(self, refusals: Mapping[int, str], revision: int) -> None:
        """Note why a replay left events where they were, by the catalogue of ``revision``."""
        tried = [{"seq": seq, "refusal": refusal} for seq, refusal in refusals.items()]
        await self.session.execute(_STAY, self._bound(document=_json(tried), revision=revision))

    async def discard(self, event_type: str) -> int:
        """Remove every event of a type, and return how many there were."""
        result: Any = await self.session.execute(_DISCARD, self._bound(type=event_type))
        return int(result.rowcount)

    async def _read(self, statement: Any, **more: Any) -> list[Waiting]:
        rows = await self.session.execute(statement, self._bound(**more))
        return [_waiting(row) for row in rows.mappings()]

    def _bound(self, **more: Any) -> dict[str, Any]:
        return {"tenant_id": self.tenant_id, **more}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _row(n: int, event: UsageEvent) -> dict[str, Any]:
    taken = event.takes_back
    return {
        "n": n,
        "type": event.type,
        "time": event.time,
        "source": event.source,
        "id": event.id,
        "subject": event.subject,
        "data": msgspec.Raw(event.data_json),
        "hash": event.body_hash.hex(),
        "takes_back": taken and taken.kind.value,
        "target_id": taken and taken.id,
    }


def _waiting(row: RowMapping) -> Waiting:
    data = parse_data(row["data"].encode())  # jsonb has its own order of keys and spaces
    taken = row["takes_back"]
    event = UsageEvent(
        source=row["source"],
        id=row["id"],
        type=row["type"],
        subject=row["subject"],
        time=row["time"].astimezone(UTC),
        data=data,
        data_json=CANONICAL.encode(data),
        body_hash=bytes(row["hash"]),
        takes_back=taken and TakesBack(TakingBack(taken), row["target_id"]),
    )
    kept = QuarantinedEvent(event, row["received_at"].astimezone(UTC), row["refusal"])
    return Waiting(int(row["seq"]), kept)
