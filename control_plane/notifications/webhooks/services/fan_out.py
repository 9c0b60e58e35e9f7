"""From what happened to one delivery for each endpoint that asked to be told."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.audit.record import record
from control_plane.kernel.calendar import instant_text
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import (
    OutboxId,
    TenantId,
    WebhookEndpointId,
    WebhookMessageId,
    format_id,
    new_id,
)
from control_plane.notifications.webhooks.deliveries import DeliveryRepository
from control_plane.notifications.webhooks.domain import Message
from control_plane.notifications.webhooks.errors import WebhookDisabled
from control_plane.notifications.webhooks.events import TEST
from control_plane.notifications.webhooks.repository import EndpointRepository
from control_plane.notifications.webhooks.requests import body_text
from control_plane.runtime.sealing import Sealer
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class FanOut:
    """The outbox handler of `WEBHOOK_EVENT`.

    The message's id is the outbox row's: handled again after a crash it is the same message, and
    no endpoint gets it under a second id. Calling is not done here: an endpoint that hangs holds
    up no other work.
    """

    work: UnitOfWork
    sealer: Sealer
    clock: Clock

    async def __call__(
        self, tenant_id: TenantId, payload: dict[str, object], delivery_id: OutboxId
    ) -> None:
        """Write the message and a delivery for each endpoint."""
        event, at = str(payload["type"]), str(payload["at"])
        await self._tell(tenant_id, WebhookMessageId(delivery_id), event, at, payload["data"])

    async def _tell(
        self, tenant_id: TenantId, message_id: WebhookMessageId, event: str, at: str, data: object
    ) -> None:
        body = body_text(event, at, data)
        async with self.work(tenant_id) as session:
            endpoints = await EndpointRepository(session, self.sealer).all(tenant_id)
            wanted = [e for e in endpoints if event in e.events and e.disabled_at is None]
            if wanted:
                message = Message(message_id, event, body, self.clock.now())
                await _write(session, tenant_id, message, [e.id for e in wanted])


@dataclass(frozen=True, slots=True)
class SendTest:
    """Send a test message to one endpoint."""

    work: UnitOfWork
    sealer: Sealer
    clock: Clock

    async def __call__(
        self, *, tenant_id: TenantId, endpoint_id: WebhookEndpointId, actor: str
    ) -> WebhookMessageId:
        """Put the message on its way and return its id.

        Raises:
            WebhookNotFound: the tenant has none of that id.
            WebhookDisabled: nothing is sent there.
        """
        now = self.clock.now()
        message_id = WebhookMessageId(new_id())
        name = format_id("whe", endpoint_id)
        body = body_text(TEST, instant_text(now), {"endpoint": name})
        async with self.work(tenant_id) as session:
            endpoint = await EndpointRepository(session, self.sealer).get(tenant_id, endpoint_id)
            if endpoint.disabled_at is not None:
                raise WebhookDisabled(id=name)
            message = Message(message_id, TEST, body, now)
            await _write(session, tenant_id, message, [endpoint_id])
            await record(session, tenant_id, actor, "webhook.tested", "webhook", name)
        return message_id


async def _write(
    session: AsyncSession, tenant_id: TenantId, message: Message, to: list[WebhookEndpointId]
) -> None:
    deliveries = DeliveryRepository(session)
    await deliveries.add_message(tenant_id, message)
    for endpoint_id in to:
        await deliveries.add(tenant_id, message, endpoint_id)
