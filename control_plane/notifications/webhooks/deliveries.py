"""Messages and deliveries in the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import (
    TenantId,
    WebhookDeliveryId,
    WebhookEndpointId,
    WebhookMessageId,
    format_id,
    new_id,
)
from control_plane.notifications.webhooks.domain import (
    Attempt,
    Delivery,
    DeliveryState,
    Message,
)
from control_plane.notifications.webhooks.errors import WebhookDeliveryNotFound

KEPT = timedelta(days=30)
"""How long messages, deliveries and attempts are kept, in real time."""

_ADD_MESSAGE = text(
    "INSERT INTO webhook_messages (tenant_id, id, type, body, created_at) "
    "VALUES (:tenant_id, :id, :type, :body, :at) ON CONFLICT DO NOTHING"
)
_ADD = text(
    "INSERT INTO webhook_deliveries (tenant_id, id, message_id, endpoint_id, state, next_at) "
    "VALUES (:tenant_id, :id, :message_id, :endpoint_id, 'pending', :at) ON CONFLICT DO NOTHING"
)
_SELECT = """
    SELECT d.tenant_id, d.id, d.message_id, d.endpoint_id, d.state, d.attempts, d.tries,
           d.next_at, d.ended_at, d.last_status, d.last_error, m.type, m.body, m.created_at
    FROM webhook_deliveries d
    JOIN webhook_messages m ON m.tenant_id = d.tenant_id AND m.id = d.message_id
    WHERE d.tenant_id = :tenant_id
"""
_GET = text(f"{_SELECT} AND d.id = :id")
_LOCK = text(f"{_SELECT} AND d.id = :id FOR UPDATE OF d")
_LIST = text(
    f"{_SELECT} AND (CAST(:endpoint_id AS uuid) IS NULL OR d.endpoint_id = :endpoint_id) "
    "AND (CAST(:state AS text) IS NULL OR d.state = :state) "
    "AND (CAST(:after AS uuid) IS NULL OR d.id < :after) ORDER BY d.id DESC LIMIT :most"
)
_ATTEMPTS = text(
    "SELECT number, at, milliseconds, status, error, answer FROM webhook_attempts "
    "WHERE tenant_id = :tenant_id AND delivery_id = :id ORDER BY number"
)
_ADD_ATTEMPT = text(
    "INSERT INTO webhook_attempts "
    "(tenant_id, delivery_id, number, at, milliseconds, status, error, answer) "
    "VALUES (:tenant_id, :delivery_id, :number, :at, :milliseconds, :status, :error, :answer) "
    "ON CONFLICT DO NOTHING"
)
_UPDATE = text(
    "UPDATE webhook_deliveries SET state = :state, tries = :tries, next_at = :next_at, "
    "claimed_until = NULL, ended_at = :ended_at, last_status = :last_status, "
    "last_error = :last_error WHERE tenant_id = :tenant_id AND id = :id"
)
_GIVE_UP = text(
    "UPDATE webhook_deliveries SET state = 'dead', ended_at = :at, claimed_until = NULL, "
    "last_error = 'endpoint_disabled' WHERE tenant_id = :tenant_id "
    "AND endpoint_id = :endpoint_id AND state = 'pending'"
)
_REPLAY = text(
    "UPDATE webhook_deliveries SET state = 'pending', tries = 0, next_at = :at, ended_at = NULL, "
    "claimed_until = NULL WHERE tenant_id = :tenant_id AND endpoint_id = :endpoint_id "
    "AND (CAST(:id AS uuid) IS NULL AND state = 'dead' OR id = :id) AND state <> 'pending'"
)
_COUNTS = text(
    "SELECT endpoint_id, state, count(*) FROM webhook_deliveries WHERE tenant_id = :tenant_id "
    "GROUP BY endpoint_id, state"
)


@dataclass(frozen=True, slots=True)
class DeliveryRepository:
    """The deliveries of the session's tenant, within one transaction."""

    session: AsyncSession

    async def add_message(self, tenant_id: TenantId, message: Message) -> None:
        """Keep a message; known already, it stays as it is."""
        await self.session.execute(
            _ADD_MESSAGE,
            {
                "tenant_id": tenant_id,
                "id": message.id,
                "type": message.type,
                "body": message.body,
                "at": message.created_at,
            },
        )

    async def add(
        self, tenant_id: TenantId, message: Message, endpoint_id: WebhookEndpointId
    ) -> None:
        """Put a message on its way to an endpoint, once."""
        await self.session.execute(
            _ADD,
            {
                "tenant_id": tenant_id,
                "id": WebhookDeliveryId(new_id()),
                "message_id": message.id,
                "endpoint_id": endpoint_id,
                "at": message.created_at,
            },
        )

    async def get(
        self, tenant_id: TenantId, delivery_id: WebhookDeliveryId, *, lock: bool = False
    ) -> Delivery:
        """Return one delivery.

        Raises:
            WebhookDeliveryNotFound: the tenant has none of that id.
        """
        found = await self.session.execute(
            _LOCK if lock else _GET, {"tenant_id": tenant_id, "id": delivery_id}
        )
        row = found.mappings().one_or_none()
        if row is None:
            raise WebhookDeliveryNotFound(id=format_id("whd", delivery_id))
        return _delivery(row)

    async def page(
        self,
        tenant_id: TenantId,
        *,
        endpoint_id: WebhookEndpointId | None = None,
        state: DeliveryState | None = None,
        after: WebhookDeliveryId | None = None,
        limit: int = 50,
    ) -> list[Delivery]:
        """Return a page of deliveries, the latest first."""
        bound = {
            "tenant_id": tenant_id,
            "endpoint_id": endpoint_id,
            "state": state,
            "after": after,
            "most": limit,
        }
        rows = await self.session.execute(_LIST, bound)
        return [_delivery(row) for row in rows.mappings()]

    async def attempts(self, delivery: Delivery) -> list[Attempt]:
        """Return what each call brought."""
        bound = {"tenant_id": delivery.tenant_id, "id": delivery.id}
        return [Attempt(**row) for row in (await self.session.execute(_ATTEMPTS, bound)).mappings()]

    async def counts(self, tenant_id: TenantId) -> Mapping[tuple[WebhookEndpointId, str], int]:
        """Return how many deliveries each endpoint has in each state."""
        rows = await self.session.execute(_COUNTS, {"tenant_id": tenant_id})
        return {(WebhookEndpointId(row[0]), row[1]): row[2] for row in rows}

    async def add_attempt(self, delivery: Delivery, attempt: Attempt) -> None:
        """Keep what a call brought."""
        await self.session.execute(
            _ADD_ATTEMPT,
            {
                "tenant_id": delivery.tenant_id,
                "delivery_id": delivery.id,
                "number": attempt.number,
                "at": attempt.at,
                "milliseconds": attempt.milliseconds,
                "status": attempt.status,
                "error": attempt.error,
                "answer": attempt.answer,
            },
        )

    async def update(self, delivery: Delivery) -> None:
        """Keep what became of a delivery, and let go of its claim."""
        await self.session.execute(
            _UPDATE,
            {
                "tenant_id": delivery.tenant_id,
                "id": delivery.id,
                "state": delivery.state.value,
                "tries": delivery.tries,
                "next_at": delivery.next_at,
                "ended_at": delivery.ended_at,
                "last_status": delivery.last_status,
                "last_error": delivery.last_error,
            },
        )

    async def give_up(
        self, tenant_id: TenantId, endpoint_id: WebhookEndpointId, at: datetime
    ) -> None:
        """Keep for a replay what still waits for an endpoint that is disabled."""
        bound = {"tenant_id": tenant_id, "endpoint_id": endpoint_id, "at": at}
        await self.session.execute(_GIVE_UP, bound)

    async def replay(
        self,
        tenant_id: TenantId,
        endpoint_id: WebhookEndpointId,
        at: datetime,
        delivery_id: WebhookDeliveryId | None = None,
    ) -> int:
        """Send again: one delivery that has ended, or all dead ones; return how many."""
        bound = {"tenant_id": tenant_id, "endpoint_id": endpoint_id, "at": at, "id": delivery_id}
        result = await self.session.execute(_REPLAY, bound)
        return int(result.rowcount)  # type: ignore[attr-defined] # a cursor's result has it


def _delivery(row: RowMapping) -> Delivery:
    return Delivery(
        tenant_id=TenantId(row["tenant_id"]),
        id=WebhookDeliveryId(row["id"]),
        message=Message(
            WebhookMessageId(row["message_id"]), row["type"], row["body"], row["created_at"]
        ),
        endpoint_id=WebhookEndpointId(row["endpoint_id"]),
        state=DeliveryState(row["state"]),
        attempts=row["attempts"],
        tries=row["tries"],
        next_at=row["next_at"],
        ended_at=row["ended_at"],
        last_status=row["last_status"],
        last_error=row["last_error"],
    )
