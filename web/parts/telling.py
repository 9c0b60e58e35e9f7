"""Webhooks out."""

from functools import cached_property

from control_plane.notifications.webhooks.calling import Caller
from control_plane.notifications.webhooks.guard import Guard
from control_plane.notifications.webhooks.jobs import PurgeWebhooks, SendWebhooks
from control_plane.notifications.webhooks.services.change_endpoint import (
    ChangeEndpoint,
    RemoveEndpoint,
)
from control_plane.notifications.webhooks.services.create_endpoint import CreateEndpoint
from control_plane.notifications.webhooks.services.deliver import DeliverWebhook
from control_plane.notifications.webhooks.services.fan_out import FanOut, SendTest
from control_plane.notifications.webhooks.services.read_deliveries import (
    GetDelivery,
    ListDeliveries,
    ListEndpoints,
    ReplayDeliveries,
)
from control_plane.notifications.webhooks.services.rotate_secret import RotateSecret
from control_plane.runtime.jobs import Job
from control_plane.runtime.sealing import Sealer
from web.parts.identity import IdentityPart


class TellingPart(IdentityPart):
    """Use cases of webhooks."""

    @cached_property
    def webhook_sealer(self) -> Sealer:
        return Sealer(self.settings.secret_key, "webhooks")

    @cached_property
    def webhook_guard(self) -> Guard:
        return Guard(self.settings.webhooks_allow_private)

    @cached_property
    def webhook_caller(self) -> Caller:
        return Caller(self.webhook_guard)

    @cached_property
    def create_webhook(self) -> CreateEndpoint:
        return CreateEndpoint(self.work, self.webhook_sealer, self.webhook_guard, self.clock)

    @cached_property
    def change_webhook(self) -> ChangeEndpoint:
        return ChangeEndpoint(self.work, self.webhook_sealer, self.clock)

    @cached_property
    def remove_webhook(self) -> RemoveEndpoint:
        return RemoveEndpoint(self.work, self.webhook_sealer)

    @cached_property
    def rotate_webhook_secret(self) -> RotateSecret:
        return RotateSecret(self.work, self.webhook_sealer, self.clock)

    @cached_property
    def list_webhooks(self) -> ListEndpoints:
        return ListEndpoints(self.work, self.webhook_sealer)

    @cached_property
    def list_webhook_deliveries(self) -> ListDeliveries:
        return ListDeliveries(self.work)

    @cached_property
    def get_webhook_delivery(self) -> GetDelivery:
        return GetDelivery(self.work, self.webhook_sealer)

    @cached_property
    def replay_webhooks(self) -> ReplayDeliveries:
        return ReplayDeliveries(self.work, self.webhook_sealer, self.clock)

    @cached_property
    def test_webhook(self) -> SendTest:
        return SendTest(self.work, self.webhook_sealer, self.clock)

    @cached_property
    def tell_webhooks(self) -> FanOut:
        return FanOut(self.work, self.webhook_sealer, self.clock)

    @cached_property
    def send_webhooks(self) -> SendWebhooks:
        deliver = DeliverWebhook(
            self.work,
            self.webhook_sealer,
            self.webhook_caller,
            self.clock,
            self.settings.public_url,
        )
        return SendWebhooks(self.system, deliver, self.clock)

    @property
    def telling_jobs(self) -> tuple[Job, ...]:
        """What webhooks need done."""
        return (self.send_webhooks, PurgeWebhooks(self.system, self.clock))

    async def close_telling(self) -> None:
        """Let go of connections to endpoints."""
        if "webhook_caller" in vars(self):
            await self.webhook_caller.close()
