"""What must happen after a commit, delivered at least once.

A use case enqueues in its own transaction; the relay claims rows with
``SKIP LOCKED`` under a lease, hands each to its topic's handler and marks it
done. A handler that fails is tried again with growing pauses; after
`MAX_ATTEMPTS` the row is kept as dead, with its last error, for a person.
A relay that is cancelled gives back what it has not delivered.
"""

import asyncio
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import OutboxId, TenantId, format_id, new_id
from control_plane.runtime.unit_of_work import SystemWork
from control_plane.runtime.writes import Write

LEASE = timedelta(seconds=60)
"""How long a claimed row is left alone; a relay killed in between loses no row."""

LIMIT = 50
"""How many rows are claimed at a time."""

PROMPT_CHANNEL = "outbox_prompt"
"""Notified of by the commit of each message of `control_plane.runtime.topics.PROMPT`."""

MAX_ATTEMPTS = 20
MAX_PAUSE_SECONDS = 300
_RELEASE_SECONDS = 5.0

log = structlog.get_logger()


class Handler(Protocol):
    """Does the outside work of one topic. Called again after any failure, so idempotent."""

    async def __call__(
        self, tenant_id: TenantId, payload: dict[str, object], delivery_id: OutboxId
    ) -> None:
        """Deliver, or raise. ``delivery_id`` stays the same over all attempts."""


_ENQUEUE = text(
    "INSERT INTO outbox (tenant_id, id, topic, payload, available_at) "
    "VALUES (:tenant_id, :id, :topic, CAST(:payload AS jsonb), "
    "coalesce(:available_at, transaction_timestamp()))"
)


@dataclass(frozen=True, slots=True)
class _Claim:
    tenant_id: TenantId
    id: OutboxId
    topic: str
    payload: dict[str, object]
    attempts: int


async def enqueue(
    session: AsyncSession,
    tenant_id: TenantId,
    topic: str,
    payload: Mapping[str, object],
    *,
    available_at: datetime | None = None,
) -> OutboxId:
    """Record a message in the caller's transaction; it leaves after the commit.

    Args:
        session: the use case's transaction.
        tenant_id: whose message it is.
        topic: one of `control_plane.runtime.topics`.
        payload: JSON; ids as text.
        available_at: not before this instant (UTC, real time); at once without.
    """
    outbox_id = OutboxId(new_id())
    write = message(tenant_id, topic, payload, available_at=available_at, outbox_id=outbox_id)
    await session.execute(write.statement, write.values)
    return outbox_id


def message(
    tenant_id: TenantId,
    topic: str,
    payload: Mapping[str, object],
    *,
    available_at: datetime | None = None,
    outbox_id: OutboxId | None = None,
) -> Write:
    """Return what `enqueue` writes, for a use case that sends many writes together."""
    return Write(
        _ENQUEUE,
        {
            "tenant_id": tenant_id,
            "id": outbox_id or OutboxId(new_id()),
            "topic": topic,
            "payload": json.dumps(dict(payload)),
            "available_at": available_at,
        },
    )


_CLAIM = """
    UPDATE outbox SET claimed_until = :until, attempts = attempts + 1
    WHERE (tenant_id, id) IN (
        SELECT tenant_id, id FROM outbox
        WHERE done_at IS NULL AND dead_at IS NULL {mine}
          AND (CAST(:only AS text[]) IS NULL OR topic = ANY(CAST(:only AS text[])))
          AND topic <> ALL(CAST(:besides AS text[]))
          AND available_at <= :now AND (claimed_until IS NULL OR claimed_until < :now)
        ORDER BY available_at, id LIMIT :most FOR UPDATE SKIP LOCKED
    )
    RETURNING tenant_id, id, topic, payload, attempts
"""
_RELEASE = text(
    "UPDATE outbox SET claimed_until = NULL, attempts = attempts - 1 "
    "WHERE tenant_id = :tenant_id AND id = :id AND attempts = :attempts "
    "AND claimed_until IS NOT NULL AND done_at IS NULL AND dead_at IS NULL"
)
_CLAIM_ANY = text(_CLAIM.format(mine=""))
_CLAIM_ONE_TENANT = text(_CLAIM.format(mine="AND tenant_id = :tenant_id"))


@dataclass(frozen=True, slots=True)
class OutboxRelay:
    """Delivers what use cases enqueued, one after another. Any number may run at once.

    With ``only`` it takes messages of these topics alone, and none of those ``besides``: what has
    to leave at once must not wait for mails and containers. It claims up to ``limit`` at a time,
    for as long as ``lease``: what takes longer than that may be delivered twice at once.
    """

    system: SystemWork
    handlers: Mapping[str, Handler]
    clock: Clock
    only: Collection[str] | None = None
    besides: Collection[str] = ()
    lease: timedelta = LEASE
    limit: int = LIMIT

    async def run_once(self, *, tenant_id: TenantId | None = None) -> int:
        """Deliver up to ``limit`` due messages and return how many were tried.

        Cancelled meanwhile, it gives back what it has not delivered, for the next relay.
        """
        claiming = asyncio.ensure_future(self._claim(tenant_id))
        settled = 0
        try:
            claims = await asyncio.shield(claiming)
            for claim in claims:
                await self._deliver(claim)
                settled += 1
        except asyncio.CancelledError:
            await asyncio.shield(self._release(claiming, settled))
            raise
        return len(claims)

    async def drain(self, tenant_id: TenantId) -> bool:
        """Deliver until nothing is due for the tenant; tell whether any still waits."""
        while await self.run_once(tenant_id=tenant_id):
            pass
        async with self.system() as session:
            waiting = await session.scalar(
                text(
                    "SELECT count(*) FROM outbox WHERE tenant_id = :tenant_id "
                    "AND done_at IS NULL AND dead_at IS NULL"
                ),
                {"tenant_id": tenant_id},
            )
        return bool(waiting)

    async def _claim(self, tenant_id: TenantId | None) -> list[_Claim]:
        # A row enqueued a moment ago carries PostgreSQL's time, which may run ahead of ours.
        now = self.clock.now() + timedelta(seconds=1)
        values = {
            "now": now,
            "until": now + self.lease,
            "most": self.limit,
            "tenant_id": tenant_id,
            "only": None if self.only is None else sorted(self.only),
            "besides": sorted(self.besides),
        }
        if tenant_id is None:
            values.pop("tenant_id")
        statement = _CLAIM_ANY if tenant_id is None else _CLAIM_ONE_TENANT
        async with self.system() as session:
            rows = (await session.execute(statement, values)).all()
        return [_Claim(TenantId(r[0]), OutboxId(r[1]), r[2], r[3], r[4]) for r in rows]

    async def _release(self, claiming: asyncio.Future[list[_Claim]], settled: int) -> None:
        """Leave claims to whoever comes next, unless somebody else has them by now."""
        try:
            async with asyncio.timeout(_RELEASE_SECONDS):
                mine = [
                    {"tenant_id": claim.tenant_id, "id": claim.id, "attempts": claim.attempts}
                    for claim in (await claiming)[settled:]
                ]
                if mine:
                    async with self.system() as session:
                        await session.execute(_RELEASE, mine)
        except Exception:
            log.warning("outbox_release_failed", exc_info=True)  # the lease ends by itself

    async def _deliver(self, claim: _Claim) -> None:
        with structlog.contextvars.bound_contextvars(
            tenant_id=format_id("ten", claim.tenant_id), trace_id=str(claim.id)
        ):
            await self._hand_over(claim)

    async def _hand_over(self, claim: _Claim) -> None:
        try:
            handler = self.handlers[claim.topic]
            await handler(claim.tenant_id, claim.payload, claim.id)
        except Exception as error:
            log.warning(
                "outbox_delivery_failed",
                topic=claim.topic,
                attempts=claim.attempts,
                exc_info=True,
            )
            await self._postpone(claim, f"{type(error).__name__}: {error}")
        else:
            await self._settle(claim)

    async def _settle(self, claim: _Claim) -> None:
        async with self.system() as session:
            await session.execute(
                text(
                    "UPDATE outbox SET done_at = :now, claimed_until = NULL, last_error = NULL "
                    "WHERE tenant_id = :tenant_id AND id = :id"
                ),
                {"now": self.clock.now(), "tenant_id": claim.tenant_id, "id": claim.id},
            )

    async def _postpone(self, claim: _Claim, reason: str) -> None:
        now = self.clock.now()
        pause = timedelta(seconds=min(2 ** min(claim.attempts, 9), MAX_PAUSE_SECONDS))
        async with self.system() as session:
            await session.execute(
                text(
                    "UPDATE outbox SET claimed_until = NULL, last_error = :reason, "
                    "available_at = :next, dead_at = :dead "
                    "WHERE tenant_id = :tenant_id AND id = :id"
                ),
                {
                    "reason": reason[:2000],
                    "next": now + pause,
                    "dead": now if claim.attempts >= MAX_ATTEMPTS else None,
                    "tenant_id": claim.tenant_id,
                    "id": claim.id,
                },
            )


@dataclass(frozen=True, slots=True)
class RelayJob:
    """Delivers due messages of every tenant at each tick."""

    relay: OutboxRelay
    name: str = "outbox-relay"
    every_seconds: float = 0.5

    async def run(self) -> int:
        """Deliver until nothing is due, and return how many messages were tried."""
        handled = 0
        while tried := await self.relay.run_once():
            handled += tried
        return handled


@dataclass(frozen=True, slots=True)
class OutboxParticipant:
    """Lets a test clock wait until a tenant's messages are delivered."""

    relay: OutboxRelay

    async def next_boundary(self, tenant_id: TenantId, after: datetime) -> datetime | None:
        """Messages follow facts: they set no boundary of their own."""
        del tenant_id, after
        return None

    async def settle(self, tenant_id: TenantId) -> bool:
        """Deliver what is due; busy while anything was delivered or still waits."""
        moved = await self.relay.run_once(tenant_id=tenant_id)
        return bool(await self.relay.drain(tenant_id) or moved)
