"""Webhooks out and usage alerts: endpoints, what was sent to them, what is told of usage."""

from typing import Annotated

from litestar import Router, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from control_plane.identity.domain import Permission
from control_plane.kernel.ids import WebhookDeliveryId, WebhookEndpointId, format_id
from control_plane.notifications.webhooks.domain import DeliveryState, EndpointKind
from control_plane.notifications.webhooks.events import EventType
from control_plane.tenancy.domain import Role
from web.api.common import ApiRequest, choice_from, id_from, principal, tenant
from web.api.webhook_views import (
    AlertSettingsBody,
    ListedWebhookView,
    NewWebhookView,
    ReplayedDeliveriesView,
    RotationRequest,
    UsageAlertsView,
    WebhookChange,
    WebhookDeliveryDetail,
    WebhookDeliveryView,
    WebhookRequest,
    WebhookTestView,
    WebhookView,
    alert_view,
    attempt_view,
    delivery_view,
    listed_view,
    settings_body,
    webhook_view,
)
from web.compose import Application

READ = {"permission": Permission.WEBHOOK_READ}
MANAGE = {"permission": Permission.WEBHOOK_MANAGE}
SECRET = {**MANAGE, "shown_once": ("secret",)}
MOST_LISTED = 200

State = Annotated[str | None, QueryParameter(name="state")]


@get("/webhook-event-types", opt=READ)
async def list_webhook_event_types() -> list[str]:
    """List the types of event that an endpoint can ask to be told of."""
    return [event.value for event in EventType]


@get("/webhooks", opt=READ)
async def list_webhooks(
    request: ApiRequest, application: NamedDependency[Application]
) -> list[ListedWebhookView]:
    """List the endpoints of your organisation."""
    return [listed_view(found) for found in await application.list_webhooks(tenant(request))]


@post("/webhooks", opt=SECRET)
async def create_webhook(
    request: ApiRequest, data: JSONBody[WebhookRequest], application: NamedDependency[Application]
) -> NewWebhookView:
    """Add an endpoint: a program that speaks Standard Webhooks, or a robot of DingTalk or WeCom."""
    endpoint, secret = await application.create_webhook(
        tenant_id=tenant(request),
        kind=choice_from(EndpointKind, data.kind, field="kind"),
        url=data.url,
        events=data.events,
        description=data.description,
        secret=data.secret,
        actor=principal(request).actor,
    )
    return NewWebhookView(webhook_view(endpoint), secret)


@patch("/webhooks/{webhook_id:str}", opt=MANAGE)
async def change_webhook(
    request: ApiRequest,
    webhook_id: FromPath[str],
    data: JSONBody[WebhookChange],
    application: NamedDependency[Application],
) -> WebhookView:
    """Change what an endpoint is told of, or switch it off and on."""
    endpoint = await application.change_webhook(
        tenant_id=tenant(request),
        endpoint_id=_endpoint(webhook_id),
        events=data.events,
        description=data.description,
        disabled=data.disabled,
        actor=principal(request).actor,
    )
    return webhook_view(endpoint)


@delete("/webhooks/{webhook_id:str}", opt=MANAGE)
async def remove_webhook(
    request: ApiRequest, webhook_id: FromPath[str], application: NamedDependency[Application]
) -> None:
    """Remove an endpoint with the record of everything that was sent to it."""
    await application.remove_webhook(
        tenant_id=tenant(request),
        endpoint_id=_endpoint(webhook_id),
        actor=principal(request).actor,
    )


@post("/webhooks/{webhook_id:str}/secrets", opt=SECRET)
async def rotate_webhook_secret(
    request: ApiRequest,
    webhook_id: FromPath[str],
    data: JSONBody[RotationRequest],
    application: NamedDependency[Application],
) -> NewWebhookView:
    """Make a new secret; the one before goes on signing for the overlap."""
    endpoint, secret = await application.rotate_webhook_secret(
        tenant_id=tenant(request),
        endpoint_id=_endpoint(webhook_id),
        overlap_hours=data.overlap_hours,
        actor=principal(request).actor,
    )
    return NewWebhookView(webhook_view(endpoint), secret)


@post("/webhooks/{webhook_id:str}/tests", opt=MANAGE, status_code=202)
async def test_webhook(
    request: ApiRequest, webhook_id: FromPath[str], application: NamedDependency[Application]
) -> WebhookTestView:
    """Send a message of the type webhook.test to an endpoint."""
    message_id = await application.test_webhook(
        tenant_id=tenant(request),
        endpoint_id=_endpoint(webhook_id),
        actor=principal(request).actor,
    )
    return WebhookTestView(format_id("msg", message_id))


@post("/webhooks/{webhook_id:str}/replays", opt=MANAGE, status_code=202)
async def replay_dead_webhook_deliveries(
    request: ApiRequest, webhook_id: FromPath[str], application: NamedDependency[Application]
) -> ReplayedDeliveriesView:
    """Send every dead delivery of an endpoint again, each under its old message id."""
    replayed = await application.replay_webhooks.all_dead(
        tenant_id=tenant(request),
        endpoint_id=_endpoint(webhook_id),
        actor=principal(request).actor,
    )
    return ReplayedDeliveriesView(replayed)


@get("/webhook-deliveries", opt=READ)
async def list_webhook_deliveries(
    request: ApiRequest,
    application: NamedDependency[Application],
    webhook_id: FromQuery[str | None] = None,
    state_: State = None,
    after: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> list[WebhookDeliveryView]:
    """List what was sent, the latest first; ``after`` is the last id of the page before."""
    found = await application.list_webhook_deliveries(
        tenant_id=tenant(request),
        endpoint_id=None if webhook_id is None else _endpoint(webhook_id),
        state=None if state_ is None else choice_from(DeliveryState, state_, field="state"),
        after=None if after is None else _delivery(after),
        limit=max(1, min(limit, MOST_LISTED)),
    )
    return [delivery_view(delivery) for delivery in found]


@get("/webhook-deliveries/{delivery_id:str}", opt=READ)
async def get_webhook_delivery(
    request: ApiRequest, delivery_id: FromPath[str], application: NamedDependency[Application]
) -> WebhookDeliveryDetail:
    """Show a delivery: the body, and what every attempt brought."""
    delivery, _, attempts = await application.get_webhook_delivery(
        tenant_id=tenant(request), delivery_id=_delivery(delivery_id)
    )
    return WebhookDeliveryDetail(
        delivery_view(delivery), delivery.message.body, [attempt_view(a) for a in attempts]
    )


@post("/webhook-deliveries/{delivery_id:str}/replays", opt=MANAGE, status_code=202)
async def replay_webhook_delivery(
    request: ApiRequest, delivery_id: FromPath[str], application: NamedDependency[Application]
) -> WebhookDeliveryView:
    """Send one delivery that has ended again, under its old message id."""
    delivery = await application.replay_webhooks.one(
        tenant_id=tenant(request),
        delivery_id=_delivery(delivery_id),
        actor=principal(request).actor,
    )
    return delivery_view(delivery)


@get("/usage-alerts", opt=READ)
async def read_usage_alerts(
    request: ApiRequest, application: NamedDependency[Application]
) -> UsageAlertsView:
    """Show what is told of usage, and what was told lately."""
    settings, alerts = await application.read_usage_alerts(tenant(request))
    return UsageAlertsView(settings_body(settings), [alert_view(a) for a in alerts])


@put("/usage-alerts", opt=MANAGE)
async def set_usage_alerts(
    request: ApiRequest,
    data: JSONBody[AlertSettingsBody],
    application: NamedDependency[Application],
) -> AlertSettingsBody:
    """Set what is told of usage. What was told already is not told again."""
    settings = await application.set_usage_alerts(
        tenant_id=tenant(request),
        thresholds=data.thresholds,
        forecast=data.forecast,
        mail_roles=[choice_from(Role, role, field="mail_roles") for role in data.mail_roles],
        actor=principal(request).actor,
    )
    return settings_body(settings)


def _endpoint(text: str) -> WebhookEndpointId:
    return WebhookEndpointId(id_from("whe", text))


def _delivery(text: str) -> WebhookDeliveryId:
    return WebhookDeliveryId(id_from("whd", text))


router = Router(
    "/v1",
    tags=["Webhooks"],
    route_handlers=[
        list_webhook_event_types,
        list_webhooks,
        create_webhook,
        change_webhook,
        remove_webhook,
        rotate_webhook_secret,
        test_webhook,
        replay_dead_webhook_deliveries,
        list_webhook_deliveries,
        get_webhook_delivery,
        replay_webhook_delivery,
        read_usage_alerts,
        set_usage_alerts,
    ],
)
