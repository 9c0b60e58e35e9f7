"""Rotate the secret of an endpoint, with an overlap."""

from dataclasses import dataclass
from datetime import timedelta

from control_plane.audit.record import record
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, WebhookEndpointId, format_id
from control_plane.notifications.webhooks.domain import LONGEST_OVERLAP, Endpoint, EndpointKind
from control_plane.notifications.webhooks.errors import RobotHasNoSecret, WebhookOverlapInvalid
from control_plane.notifications.webhooks.repository import EndpointRepository
from control_plane.notifications.webhooks.signing import new_secret
from control_plane.runtime.sealing import Sealer
from control_plane.runtime.unit_of_work import UnitOfWork

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class RotateSecret:
    """Make a new secret; for the overlap both sign, so that no call is refused meanwhile."""

    work: UnitOfWork
    sealer: Sealer
    clock: Clock

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        endpoint_id: WebhookEndpointId,
        actor: str,
        overlap_hours: int = 24,
    ) -> tuple[Endpoint, str]:
        """Return the endpoint and its new secret, which is shown this once.

        Raises:
            WebhookNotFound: the tenant has none of that id.
            RobotHasNoSecret: it is a robot's.
            WebhookOverlapInvalid: not between 0 and 72 hours.
        """
        longest = LONGEST_OVERLAP // _HOUR
        if not 0 <= overlap_hours <= longest:
            raise WebhookOverlapInvalid(value=overlap_hours, longest=longest, field="overlap_hours")
        made = new_secret()
        async with self.work(tenant_id) as session:
            endpoints = EndpointRepository(session, self.sealer)
            endpoint = await endpoints.get(tenant_id, endpoint_id, lock=True)
            if endpoint.kind is not EndpointKind.STANDARD:
                raise RobotHasNoSecret
            target = await endpoints.target(endpoint)
            now = self.clock.now()
            rotated = target.rotated(made, at=now, overlap=overlap_hours * _HOUR)
            await endpoints.reseal(endpoint, rotated)
            await record(
                session,
                tenant_id,
                actor,
                "webhook.secret_rotated",
                "webhook",
                format_id("whe", endpoint_id),
                {"overlap_hours": overlap_hours},
            )
        return endpoint, made
