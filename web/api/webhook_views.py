"""Bodies of webhooks and usage alerts."""

from datetime import datetime

import msgspec

from control_plane.kernel.exact import quantity_text
from control_plane.kernel.ids import format_id
from control_plane.notifications.webhooks.domain import (
    Attempt,
    Delivery,
    DeliveryState,
    Endpoint,
)
from control_plane.notifications.webhooks.services.read_deliveries import EndpointSummary
from metering.domain.alerts import AlertSettings
from metering.services.alert_settings import UsageAlert


class WebhookRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A new endpoint. ``kind`` is standard, dingtalk or wecom.

    ``events`` are types of ``GET /v1/webhook-event-types``. ``secret`` is what DingTalk made for
    its robot; a program's secret is made here.
    """

    url: str
    events: list[str]
    kind: str = "standard"
    description: str = ""
    secret: str = ""


class WebhookChange(msgspec.Struct, forbid_unknown_fields=True):
    """What changes of an endpoint; null leaves it as it is."""

    events: list[str] | None = None
    description: str | None = None
    disabled: bool | None = None


class WebhookView(msgspec.Struct):
    """An endpoint. ``disabled_reason`` is person, gone (it answered 410) or failing."""

    id: str
    kind: str
    url: str
    description: str
    events: list[str]
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: str | None
    failing_since: datetime | None


class ListedWebhookView(msgspec.Struct):
    """An endpoint, and how many deliveries to it are in each state."""

    webhook: WebhookView
    pending: int
    delivered: int
    dead: int


class NewWebhookView(msgspec.Struct):
    """An endpoint just made. ``secret`` is shown this once; a robot has none of ours."""

    webhook: WebhookView
    secret: str | None


class RotationRequest(msgspec.Struct, forbid_unknown_fields=True):
    """For how many hours the secret before goes on signing beside the new one: 0 to 72."""

    overlap_hours: int = 24


class WebhookTestView(msgspec.Struct):
    """The message that is on its way."""

    message_id: str


class ReplayedDeliveriesView(msgspec.Struct):
    """How many dead deliveries are on their way again."""

    replayed: int


class WebhookDeliveryView(msgspec.Struct):
    """One message on its way to one endpoint. ``state`` is pending, delivered or dead."""

    id: str
    message_id: str
    webhook_id: str
    type: str
    state: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    ended_at: datetime | None
    last_status: int | None
    last_error: str | None


class WebhookAttemptView(msgspec.Struct):
    """What one call brought: a status and the beginning of the answer, or why there was none."""

    number: int
    at: datetime
    milliseconds: int
    status: int | None
    error: str | None
    answer: str


class WebhookDeliveryDetail(msgspec.Struct):
    """A delivery with the message's body, exactly as it is sent, and every attempt."""

    delivery: WebhookDeliveryView
    body: str
    attempts: list[WebhookAttemptView]


class AlertSettingsBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is told: percentages of each limit, and whether a forecast is; which roles by mail."""

    thresholds: list[int]
    forecast: bool
    mail_roles: list[str]


class UsageAlertView(msgspec.Struct):
    """What was told. ``mark`` is a percentage of the limit, or ``forecast``."""

    feature: str
    period: str
    mark: str
    used: str
    limit: str
    forecast: str | None
    found_at: datetime


class UsageAlertsView(msgspec.Struct):
    """The settings, and the latest alerts."""

    settings: AlertSettingsBody
    alerts: list[UsageAlertView]


def webhook_view(endpoint: Endpoint) -> WebhookView:
    """Show an endpoint."""
    return WebhookView(
        id=format_id("whe", endpoint.id),
        kind=endpoint.kind.value,
        url=endpoint.url,
        description=endpoint.description,
        events=list(endpoint.events),
        created_at=endpoint.created_at,
        disabled_at=endpoint.disabled_at,
        disabled_reason=endpoint.disabled_reason,
        failing_since=endpoint.failing_since,
    )


def listed_view(found: EndpointSummary) -> ListedWebhookView:
    """Show an endpoint with its counts."""
    counts = (found.counts[state] for state in DeliveryState)
    return ListedWebhookView(webhook_view(found.endpoint), *counts)


def delivery_view(delivery: Delivery) -> WebhookDeliveryView:
    """Show a delivery."""
    waits = delivery.state is DeliveryState.PENDING
    return WebhookDeliveryView(
        id=format_id("whd", delivery.id),
        message_id=format_id("msg", delivery.message.id),
        webhook_id=format_id("whe", delivery.endpoint_id),
        type=delivery.message.type,
        state=delivery.state.value,
        attempts=delivery.attempts,
        created_at=delivery.message.created_at,
        next_attempt_at=delivery.next_at if waits else None,
        ended_at=delivery.ended_at,
        last_status=delivery.last_status,
        last_error=delivery.last_error,
    )


def attempt_view(attempt: Attempt) -> WebhookAttemptView:
    """Show an attempt."""
    return WebhookAttemptView(
        number=attempt.number,
        at=attempt.at,
        milliseconds=attempt.milliseconds,
        status=attempt.status,
        error=attempt.error,
        answer=attempt.answer,
    )


def settings_body(settings: AlertSettings) -> AlertSettingsBody:
    """Show settings."""
    return AlertSettingsBody(
        list(settings.thresholds), settings.forecast, list(settings.mail_roles)
    )


def alert_view(alert: UsageAlert) -> UsageAlertView:
    """Show an alert."""
    return UsageAlertView(
        feature=alert.feature,
        period=alert.period,
        mark=alert.mark,
        used=quantity_text(alert.used),
        limit=quantity_text(alert.limit),
        forecast=None if alert.forecast is None else quantity_text(alert.forecast),
        found_at=alert.found_at,
    )
