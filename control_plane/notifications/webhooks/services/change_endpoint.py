"""Change a webhook endpoint: what it is told of, its words, whether anything is sent to it."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from control_plane.audit.record import record
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, WebhookEndpointId, format_id
from control_plane.notifications.webhooks.deliveries import DeliveryRepository
from control_plane.notifications.webhooks.domain import DisabledReason, Endpoint
from control_plane.notifications.webhooks.repository import EndpointRepository
from control_plane.notifications.webhooks.services.editing import (
    checked_description,
    checked_events,
)
from control_plane.runtime.sealing import Sealer
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ChangeEndpoint:
    """What is None stays as it is. Disabled, what waits for it waits for a replay."""

    work: UnitOfWork
    sealer: Sealer
    clock: Clock

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        endpoint_id: WebhookEndpointId,
        actor: str,
        events: Collection[str] | None = None,
        description: str | None = None,
        disabled: bool | None = None,
    ) -> Endpoint:
        """Return the endpoint as it became.

        Raises:
            WebhookNotFound: the tenant has none of that id.
            WebhookEventsInvalid, WebhookDescriptionInvalid: as they say.
        """
        async with self.work(tenant_id) as session:
            endpoints = EndpointRepository(session, self.sealer)
            before = await endpoints.get(tenant_id, endpoint_id, lock=True)
            after = self._switched(_edited(before, events, description), disabled=disabled)
            if after == before:
                return before
            await endpoints.update(after)
            if after.disabled_at is not None and before.disabled_at is None:
                await DeliveryRepository(session).give_up(tenant_id, endpoint_id, self.clock.now())
            await record(
                session,
                tenant_id,
                actor,
                "webhook.changed",
                "webhook",
                format_id("whe", endpoint_id),
                {"events": list(after.events), "disabled": after.disabled_at is not None},
            )
            return after

    def _switched(self, endpoint: Endpoint, *, disabled: bool | None) -> Endpoint:
        if disabled is None or disabled == (endpoint.disabled_at is not None):
            return endpoint
        if disabled:
            return replace(
                endpoint, disabled_at=self.clock.now(), disabled_reason=DisabledReason.PERSON
            )
        return replace(endpoint, disabled_at=None, disabled_reason=None, failing_since=None)


def _edited(
    endpoint: Endpoint, events: Collection[str] | None, description: str | None
) -> Endpoint:
    if events is not None:
        endpoint = replace(endpoint, events=checked_events(events))
    if description is not None:
        endpoint = replace(endpoint, description=checked_description(description))
    return endpoint


@dataclass(frozen=True, slots=True)
class RemoveEndpoint:
    """Delete an endpoint with everything that was sent to it."""

    work: UnitOfWork
    sealer: Sealer

    async def __call__(
        self, *, tenant_id: TenantId, endpoint_id: WebhookEndpointId, actor: str
    ) -> None:
        """Delete it.

        Raises:
            WebhookNotFound: the tenant has none of that id.
        """
        async with self.work(tenant_id) as session:
            endpoints = EndpointRepository(session, self.sealer)
            endpoint = await endpoints.get(tenant_id, endpoint_id, lock=True)
            await endpoints.remove(endpoint)
            name = format_id("whe", endpoint_id)
            details = {"url": endpoint.url}
            await record(session, tenant_id, actor, "webhook.removed", "webhook", name, details)
