"""Create a webhook endpoint."""

from collections.abc import Collection
from dataclasses import dataclass

from control_plane.audit.record import record
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, WebhookEndpointId, format_id, new_id
from control_plane.notifications.webhooks.domain import Endpoint, EndpointKind, Secret, Target
from control_plane.notifications.webhooks.errors import TooManyWebhooks
from control_plane.notifications.webhooks.guard import Guard
from control_plane.notifications.webhooks.repository import EndpointRepository
from control_plane.notifications.webhooks.services.editing import (
    checked_description,
    checked_events,
    checked_robot_secret,
    shown_url,
)
from control_plane.notifications.webhooks.signing import new_secret
from control_plane.runtime.sealing import Sealer
from control_plane.runtime.unit_of_work import UnitOfWork

MOST_ENDPOINTS = 20


@dataclass(frozen=True, slots=True)
class CreateEndpoint:
    """Add an endpoint; a program's secret is made here, and shown this once."""

    work: UnitOfWork
    sealer: Sealer
    guard: Guard
    clock: Clock

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        kind: EndpointKind,
        url: str,
        events: Collection[str],
        actor: str,
        description: str = "",
        secret: str = "",
    ) -> tuple[Endpoint, str | None]:
        """Return the endpoint and, for a program, the secret that signs.

        ``secret`` is what the chat program made for a DingTalk robot.

        Raises:
            WebhookUrlInvalid, WebhookAddressPrivate, RobotUrlInvalid: it cannot be called.
            RobotSecretInvalid, WebhookEventsInvalid, WebhookDescriptionInvalid: as they say.
            TooManyWebhooks: there are ``MOST_ENDPOINTS`` already.
        """
        address = self.guard.require_url(kind, url.strip())
        given = checked_robot_secret(kind, secret)
        made = new_secret() if kind is EndpointKind.STANDARD else None
        signing = made or given
        endpoint = Endpoint(
            tenant_id=tenant_id,
            id=WebhookEndpointId(new_id()),
            kind=kind,
            description=checked_description(description),
            url=shown_url(kind, address),
            events=checked_events(events),
            created_at=self.clock.now(),
        )
        async with self.work(tenant_id) as session:
            endpoints = EndpointRepository(session, self.sealer)
            if len(await endpoints.all(tenant_id)) >= MOST_ENDPOINTS:
                raise TooManyWebhooks(most=MOST_ENDPOINTS)
            await endpoints.add(
                endpoint, Target(address, () if signing is None else (Secret(signing),))
            )
            await record(
                session,
                tenant_id,
                actor,
                "webhook.created",
                "webhook",
                format_id("whe", endpoint.id),
                {"kind": kind.value, "url": endpoint.url, "events": list(endpoint.events)},
            )
        return endpoint, made
