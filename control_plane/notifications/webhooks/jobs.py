"""Finds deliveries that are due, and old ones that are over."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import text

from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, WebhookDeliveryId, format_id
from control_plane.notifications.webhooks.deliveries import KEPT
from control_plane.notifications.webhooks.services.deliver import (
    LONGEST_ATTEMPT,
    DeliverWebhook,
)
from control_plane.runtime.unit_of_work import SystemWork

MOST_AT_ONCE = 128
MOST_PER_ENDPOINT = 4

log = structlog.get_logger()

# Everybody has a turn: an endpoint with a long queue, or one that hangs, holds up no other.
_CLAIM = text(
    """
    UPDATE webhook_deliveries SET claimed_until = :until, attempts = attempts + 1,
        tries = tries + 1
    WHERE (tenant_id, id) IN (
        SELECT due.tenant_id, due.id FROM (
            SELECT DISTINCT tenant_id, endpoint_id FROM webhook_deliveries
            WHERE state = 'pending' AND next_at <= :now
        ) e CROSS JOIN LATERAL (
            SELECT d.tenant_id, d.id FROM webhook_deliveries d
            WHERE d.tenant_id = e.tenant_id AND d.endpoint_id = e.endpoint_id
              AND d.state = 'pending' AND d.next_at <= :now
              AND (d.claimed_until IS NULL OR d.claimed_until < :now)
            ORDER BY d.next_at, d.id
            LIMIT greatest(0, :per_endpoint - (
                SELECT count(*) FROM webhook_deliveries c
                WHERE c.tenant_id = e.tenant_id AND c.endpoint_id = e.endpoint_id
                  AND c.state = 'pending' AND c.claimed_until >= :now))
            FOR UPDATE SKIP LOCKED
        ) due LIMIT :most
    )
    RETURNING tenant_id, id
    """
)
_PURGE = text(
    "DELETE FROM webhook_messages WHERE (tenant_id, id) IN (SELECT tenant_id, id "
    "FROM webhook_messages WHERE created_at < :before LIMIT :most FOR UPDATE SKIP LOCKED)"
)


@dataclass(frozen=True, slots=True)
class SendWebhooks:
    """Attempts what is due, many at once; a claim that lapses is taken by whoever looks next."""

    system: SystemWork
    deliver: DeliverWebhook
    clock: Clock
    name: str = "send-webhooks"
    every_seconds: float = 1.0
    patience_seconds: float = 2.0
    _running: set["asyncio.Task[None]"] = field(default_factory=set)

    async def run(self) -> int:
        """Begin what is due and return how many that were; slow answers are not waited for."""
        started = await self._start()
        if self._running:
            await asyncio.wait(self._running, timeout=self.patience_seconds)
        return started

    async def run_all(self) -> int:
        """Attempt until nothing is due any more, every answer waited for."""
        total = 0
        while started := await self._start():
            total += started
            await asyncio.wait(self._running)
        return total

    async def _start(self) -> int:
        room = MOST_AT_ONCE - len(self._running)
        claims = await self._claim(room) if room > 0 else []
        for tenant_id, delivery_id in claims:
            task = asyncio.create_task(self._attempt(tenant_id, delivery_id))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return len(claims)

    async def _claim(self, room: int) -> list[tuple[TenantId, WebhookDeliveryId]]:
        now = self.clock.now()
        bound = {
            "now": now,
            "until": now + LONGEST_ATTEMPT,
            "per_endpoint": MOST_PER_ENDPOINT,
            "most": room,
        }
        async with self.system() as session:
            rows = (await session.execute(_CLAIM, bound)).all()
        return [(TenantId(row[0]), WebhookDeliveryId(row[1])) for row in rows]

    async def _attempt(self, tenant_id: TenantId, delivery_id: WebhookDeliveryId) -> None:
        try:
            await self.deliver(tenant_id, delivery_id)
        except Exception:
            # Left claimed: whoever looks after the claim has lapsed tries again.
            log.exception(
                "webhook_attempt_failed",
                tenant_id=format_id("ten", tenant_id),
                delivery=format_id("whd", delivery_id),
            )


@dataclass(frozen=True, slots=True)
class PurgeWebhooks:
    """Deletes messages after thirty days, with their deliveries and attempts."""

    system: SystemWork
    clock: Clock
    batch: int = 1_000
    name: str = "purge-webhooks"
    every_seconds: float = 3600.0

    async def run(self) -> int:
        """Delete what is over and return how many messages that were."""
        return await self._delete(self.clock.now() - KEPT)

    async def _delete(self, before: datetime) -> int:
        deleted, found = 0, self.batch
        while found == self.batch:
            async with self.system() as session:
                bound = {"before": before, "most": self.batch}
                result = await session.execute(_PURGE, bound)
                found = result.rowcount  # type: ignore[attr-defined] # a cursor's result has it
            deleted += found
        return deleted
