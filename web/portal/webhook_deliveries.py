"""What was sent to endpoints: one delivery with every attempt, sent again."""

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from control_plane.identity.domain import Permission
from control_plane.kernel.ids import WebhookDeliveryId, format_id
from control_plane.notifications.webhooks.domain import Attempt, Delivery, DeliveryState
from web.api.common import id_from, principal, tenant
from web.compose import Application
from web.portal.page import Page, PageRequest, page, see
from web.portal.views.webhooks import AttemptRow, DeliveryRow, DeliveryView

URL = "/portal/webhook-deliveries"


@get(
    f"{URL}/{{delivery_id:str}}",
    opt={"permission": Permission.WEBHOOK_READ},
    include_in_schema=False,
)
async def delivery_page(
    request: PageRequest, delivery_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show a delivery: the body, and what every attempt brought."""
    delivery, endpoint, attempts = await application.get_webhook_delivery(
        tenant_id=tenant(request), delivery_id=WebhookDeliveryId(id_from("whd", delivery_id))
    )
    view = DeliveryView(
        row=delivery_row(delivery),
        endpoint_id=format_id("whe", endpoint.id),
        endpoint=endpoint.description or endpoint.url,
        enabled=endpoint.disabled_at is None,
        body=delivery.message.body,
        attempts=tuple(_attempt_row(one) for one in attempts),
    )
    return await page(request, application, "portal/webhook_delivery.html", "webhooks", view=view)


@post(
    f"{URL}/{{delivery_id:str}}/replays",
    opt={"permission": Permission.WEBHOOK_MANAGE},
    status_code=303,
    include_in_schema=False,
)
async def replay_delivery(
    request: PageRequest, delivery_id: FromPath[str], application: NamedDependency[Application]
) -> Redirect:
    """Send a delivery that has ended again."""
    await application.replay_webhooks.one(
        tenant_id=tenant(request),
        delivery_id=WebhookDeliveryId(id_from("whd", delivery_id)),
        actor=principal(request).actor,
    )
    return see(f"{URL}/{delivery_id}", done="webhook_sent")


def delivery_row(delivery: Delivery) -> DeliveryRow:
    """Show a delivery."""
    waits = delivery.state is DeliveryState.PENDING
    return DeliveryRow(
        delivery_id=format_id("whd", delivery.id),
        type=delivery.message.type,
        message_id=format_id("msg", delivery.message.id),
        state=f"delivery_{delivery.state.value}",
        attempts=delivery.attempts,
        created_at=delivery.message.created_at,
        next_at=delivery.next_at if waits else None,
        outcome=_outcome(delivery.last_status, delivery.last_error),
    )


def _attempt_row(attempt: Attempt) -> AttemptRow:
    return AttemptRow(
        number=attempt.number,
        at=attempt.at,
        milliseconds=attempt.milliseconds,
        outcome=_outcome(attempt.status, attempt.error),
        answer=attempt.answer,
    )


def _outcome(status: int | None, error: str | None) -> str:
    """Say what came: the code of a failure, else the status."""
    if error is not None and error != f"status_{status}":
        return error
    return "" if status is None else str(status)
