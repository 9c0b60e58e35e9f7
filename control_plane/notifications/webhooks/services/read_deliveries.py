"""See endpoints and what was sent to them, and send again."""

from collections.abc import Mapping
from dataclasses import dataclass

from control_plane.audit.record import record
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, WebhookDeliveryId, WebhookEndpointId, format_id
from control_plane.notifications.webhooks.deliveries import DeliveryRepository
from control_plane.notifications.webhooks.domain import (
    Attempt,
    Delivery,
    DeliveryState,
    Endpoint,
)
from control_plane.notifications.webhooks.errors import WebhookDisabled
from control_plane.notifications.webhooks.repository import EndpointRepository
from control_plane.runtime.sealing import Sealer
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class EndpointSummary:
    """An endpoint, and how many deliveries to it are in each state."""

    endpoint: Endpoint
    counts: Mapping[DeliveryState, int]


@dataclass(frozen=True, slots=True)
class ListEndpoints:
    """List a tenant's endpoints."""

    work: UnitOfWork
    sealer: Sealer

    async def __call__(self, tenant_id: TenantId) -> tuple[EndpointSummary, ...]:
        """Return them in the order they were made."""
        async with self.work(tenant_id) as session:
            found = await EndpointRepository(session, self.sealer).all(tenant_id)
            counts = await DeliveryRepository(session).counts(tenant_id)
        return tuple(
            EndpointSummary(e, {s: counts.get((e.id, s.value), 0) for s in DeliveryState})
            for e in found
        )


@dataclass(frozen=True, slots=True)
class ListDeliveries:
    """List what was sent, the latest first."""

    work: UnitOfWork

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        endpoint_id: WebhookEndpointId | None = None,
        state: DeliveryState | None = None,
        after: WebhookDeliveryId | None = None,
        limit: int = 50,
    ) -> tuple[Delivery, ...]:
        """Return a page; ``after`` is the last one of the page before."""
        async with self.work(tenant_id) as session:
            deliveries = DeliveryRepository(session)
            return tuple(
                await deliveries.page(
                    tenant_id, endpoint_id=endpoint_id, state=state, after=after, limit=limit
                )
            )


@dataclass(frozen=True, slots=True)
class GetDelivery:
    """Show one delivery with every attempt."""

    work: UnitOfWork
    sealer: Sealer

    async def __call__(
        self, *, tenant_id: TenantId, delivery_id: WebhookDeliveryId
    ) -> tuple[Delivery, Endpoint, tuple[Attempt, ...]]:
        """Return the delivery, where it goes, and its attempts in order.

        Raises:
            WebhookDeliveryNotFound: the tenant has none of that id.
        """
        async with self.work(tenant_id) as session:
            deliveries = DeliveryRepository(session)
            delivery = await deliveries.get(tenant_id, delivery_id)
            endpoints = EndpointRepository(session, self.sealer)
            endpoint = await endpoints.get(tenant_id, delivery.endpoint_id)
            return delivery, endpoint, tuple(await deliveries.attempts(delivery))


@dataclass(frozen=True, slots=True)
class ReplayDeliveries:
    """Send again, under the same message id: one delivery that has ended, or all dead ones."""

    work: UnitOfWork
    sealer: Sealer
    clock: Clock

    async def one(
        self, *, tenant_id: TenantId, delivery_id: WebhookDeliveryId, actor: str
    ) -> Delivery:
        """Send one again; one that still waits for its next attempt stays as it is.

        Raises:
            WebhookDeliveryNotFound: the tenant has none of that id.
            WebhookDisabled: nothing is sent to its endpoint.
        """
        async with self.work(tenant_id) as session:
            deliveries = DeliveryRepository(session)
            delivery = await deliveries.get(tenant_id, delivery_id, lock=True)
            await self._send(
                deliveries, tenant_id, delivery.endpoint_id, actor, delivery_id=delivery_id
            )
            return await deliveries.get(tenant_id, delivery_id)

    async def all_dead(
        self, *, tenant_id: TenantId, endpoint_id: WebhookEndpointId, actor: str
    ) -> int:
        """Send every dead delivery of an endpoint again, and return how many.

        Raises:
            WebhookNotFound: the tenant has none of that id.
            WebhookDisabled: nothing is sent there.
        """
        async with self.work(tenant_id) as session:
            return await self._send(DeliveryRepository(session), tenant_id, endpoint_id, actor)

    async def _send(
        self,
        deliveries: DeliveryRepository,
        tenant_id: TenantId,
        endpoint_id: WebhookEndpointId,
        actor: str,
        delivery_id: WebhookDeliveryId | None = None,
    ) -> int:
        session, name = deliveries.session, format_id("whe", endpoint_id)
        endpoint = await EndpointRepository(session, self.sealer).get(tenant_id, endpoint_id)
        if endpoint.disabled_at is not None:
            raise WebhookDisabled(id=name)
        now = self.clock.now()
        replayed = await deliveries.replay(tenant_id, endpoint_id, now, delivery_id)
        if replayed:
            details = {"deliveries": replayed}
            await record(session, tenant_id, actor, "webhook.replayed", "webhook", name, details)
        return replayed
