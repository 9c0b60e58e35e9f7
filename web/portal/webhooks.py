"""Webhooks: endpoints added, changed, tried, and their secrets, shown once."""

from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect

from control_plane.identity.domain import Permission
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import WebhookDeliveryId, WebhookEndpointId, format_id
from control_plane.notifications.webhooks.domain import DeliveryState, EndpointKind
from control_plane.notifications.webhooks.errors import WebhookNotFound
from control_plane.notifications.webhooks.events import EventType
from control_plane.notifications.webhooks.services.read_deliveries import EndpointSummary
from web.api.common import choice_from, id_from, principal, tenant
from web.compose import Application
from web.portal import labels
from web.portal.forms import attempt, refused, submitted
from web.portal.page import Page, PageRequest, language_of, page, query, see
from web.portal.views.shell import Choice, Form
from web.portal.views.webhooks import EndpointRow, EndpointsView, EndpointView, SecretView
from web.portal.webhook_deliveries import delivery_row

URL = "/portal/webhooks"
READ = {"permission": Permission.WEBHOOK_READ}
MANAGE = {"permission": Permission.WEBHOOK_MANAGE}
SHOWN = 50

State = Annotated[str, QueryParameter(name="state")]
_USUAL = (EventType.THRESHOLD_REACHED.value, EventType.FORECAST_EXCEEDS.value)


@get(URL, opt=READ, include_in_schema=False)
async def webhooks_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """List the endpoints, and offer a new one."""
    return await _list(request, application, Form(), _USUAL)


async def _list(
    request: PageRequest,
    application: Application,
    form: Form,
    ticked: tuple[str, ...],
    status: int = 200,
) -> Page:
    found = await application.list_webhooks(tenant(request))
    view = EndpointsView(
        rows=tuple(endpoint_row(one) for one in found),
        kinds=tuple(
            Choice(kind.value, labels.ENDPOINT_KINDS[kind.value], kind is EndpointKind.STANDARD)
            for kind in EndpointKind
        ),
        events=event_choices(ticked),
    )
    return await page(
        request,
        application,
        "portal/webhooks.html",
        "webhooks",
        status=status,
        view=view,
        form=form,
    )


@post(
    URL,
    opt={**MANAGE, "shown_once": ("secret",)},
    status_code=201,
    include_in_schema=False,
)
async def create_webhook(
    request: PageRequest, application: NamedDependency[Application]
) -> Page | Redirect:
    """Add an endpoint; show a program's secret, this once."""
    form = await submitted(request)
    try:
        endpoint, secret = await application.create_webhook(
            tenant_id=tenant(request),
            kind=choice_from(EndpointKind, form.one("kind"), field="kind"),
            url=form.one("url"),
            events=form.many("events"),
            description=form.one("description"),
            secret=form.one("secret"),
            actor=principal(request).actor,
        )
    except TallyardError as error:
        again, status = refused(error, form, language_of(request))
        return await _list(request, application, again, form.many("events"), status)
    endpoint_id = format_id("whe", endpoint.id)
    if secret is None:
        return see(f"{URL}/{endpoint_id}", done="webhook")
    view = SecretView(endpoint_id, endpoint.description or endpoint.url, secret)
    return await page(
        request, application, "portal/webhook_secret.html", "webhooks", status=201, view=view
    )


@get(f"{URL}/{{webhook_id:str}}", opt=READ, include_in_schema=False)
async def webhook_page(
    request: PageRequest,
    webhook_id: FromPath[str],
    application: NamedDependency[Application],
    state_: State = "",
    after: FromQuery[str] = "",
) -> Page:
    """Show an endpoint and what was sent to it."""
    return await _one(request, application, webhook_id, Form(), state=state_, after=after)


async def _one(
    request: PageRequest,
    application: Application,
    webhook_id: str,
    form: Form,
    *,
    state: str = "",
    after: str = "",
    status: int = 200,
) -> Page:
    endpoint_id = _id(webhook_id)
    found = await application.list_webhooks(tenant(request))
    summary = next((one for one in found if one.endpoint.id == endpoint_id), None)
    if summary is None:
        raise WebhookNotFound(id=webhook_id)
    sent = await application.list_webhook_deliveries(
        tenant_id=tenant(request),
        endpoint_id=endpoint_id,
        state=choice_from(DeliveryState, state, field="state") if state else None,
        after=WebhookDeliveryId(id_from("whd", after)) if after else None,
        limit=SHOWN + 1,
    )
    endpoint, rows = summary.endpoint, tuple(delivery_row(one) for one in sent[:SHOWN])
    following = {"state": state, "after": rows[-1].delivery_id if len(sent) > SHOWN else None}
    view = EndpointView(
        row=endpoint_row(summary),
        description=endpoint.description,
        disabled_reason=endpoint.disabled_reason,
        failing_since=endpoint.failing_since,
        signs=endpoint.kind is EndpointKind.STANDARD,
        events=event_choices(endpoint.events),
        deliveries=rows,
        chosen=state,
        more=query(f"{URL}/{webhook_id}", following) if following["after"] else None,
    )
    return await page(
        request,
        application,
        "portal/webhook.html",
        "webhooks",
        status=status,
        view=view,
        form=form,
    )


@post(f"{URL}/{{webhook_id:str}}", opt=MANAGE, status_code=303, include_in_schema=False)
async def change_webhook(
    request: PageRequest, webhook_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Change what an endpoint is told of, and what it is called."""
    form = await submitted(request)

    async def change() -> None:
        await application.change_webhook(
            tenant_id=tenant(request),
            endpoint_id=_id(webhook_id),
            events=form.many("events"),
            description=form.one("description"),
            actor=principal(request).actor,
        )

    async def again(shown: Form, status: int) -> Page:
        return await _one(request, application, webhook_id, shown, status=status)

    return await attempt(
        request, form, change, again, see(f"{URL}/{webhook_id}", done="webhook_kept")
    )


@post(f"{URL}/{{webhook_id:str}}/switch", opt=MANAGE, status_code=303, include_in_schema=False)
async def switch_webhook(
    request: PageRequest, webhook_id: FromPath[str], application: NamedDependency[Application]
) -> Redirect:
    """Disable an endpoint, or enable it again."""
    form = await submitted(request)
    await application.change_webhook(
        tenant_id=tenant(request),
        endpoint_id=_id(webhook_id),
        disabled=form.one("to") == "disabled",
        actor=principal(request).actor,
    )
    return see(f"{URL}/{webhook_id}", done="webhook_kept")


@post(f"{URL}/{{webhook_id:str}}/removal", opt=MANAGE, status_code=303, include_in_schema=False)
async def remove_webhook(
    request: PageRequest, webhook_id: FromPath[str], application: NamedDependency[Application]
) -> Redirect:
    """Remove an endpoint with the record of what was sent to it."""
    await application.remove_webhook(
        tenant_id=tenant(request), endpoint_id=_id(webhook_id), actor=principal(request).actor
    )
    return see(URL, done="webhook_removed")


@post(
    f"{URL}/{{webhook_id:str}}/secrets",
    opt={**MANAGE, "shown_once": ("secret",)},
    status_code=201,
    include_in_schema=False,
)
async def rotate_secret(
    request: PageRequest, webhook_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Make a new secret and show it, this once."""
    form = await submitted(request)
    text = form.one("overlap_hours")
    hours = int(text) if text.isascii() and text.isdigit() and len(text) < len("1000") else -1
    try:
        endpoint, secret = await application.rotate_webhook_secret(
            tenant_id=tenant(request),
            endpoint_id=_id(webhook_id),
            overlap_hours=hours,
            actor=principal(request).actor,
        )
    except TallyardError as error:
        again, status = refused(error, form, language_of(request))
        return await _one(request, application, webhook_id, again, status=status)
    view = SecretView(webhook_id, endpoint.description or endpoint.url, secret, hours)
    return await page(
        request, application, "portal/webhook_secret.html", "webhooks", status=201, view=view
    )


@post(f"{URL}/{{webhook_id:str}}/tests", opt=MANAGE, status_code=303, include_in_schema=False)
async def test_webhook(
    request: PageRequest, webhook_id: FromPath[str], application: NamedDependency[Application]
) -> Redirect:
    """Send a test message."""
    await application.test_webhook(
        tenant_id=tenant(request), endpoint_id=_id(webhook_id), actor=principal(request).actor
    )
    return see(f"{URL}/{webhook_id}", done="webhook_sent")


@post(f"{URL}/{{webhook_id:str}}/replays", opt=MANAGE, status_code=303, include_in_schema=False)
async def replay_all(
    request: PageRequest, webhook_id: FromPath[str], application: NamedDependency[Application]
) -> Redirect:
    """Send every dead delivery again."""
    await application.replay_webhooks.all_dead(
        tenant_id=tenant(request), endpoint_id=_id(webhook_id), actor=principal(request).actor
    )
    return see(f"{URL}/{webhook_id}", done="webhook_sent")


def event_choices(ticked: tuple[str, ...]) -> tuple[Choice, ...]:
    """Offer every type of event."""
    return tuple(
        Choice(event.value, labels.EVENT_TYPES[event.value], event.value in ticked)
        for event in EventType
    )


def endpoint_row(found: EndpointSummary) -> EndpointRow:
    """Show an endpoint."""
    endpoint = found.endpoint
    state = "webhook_failing" if endpoint.failing_since else "active"
    return EndpointRow(
        endpoint_id=format_id("whe", endpoint.id),
        kind=labels.ENDPOINT_KINDS[endpoint.kind.value],
        title=endpoint.description or endpoint.url,
        url=endpoint.url,
        state="webhook_disabled" if endpoint.disabled_at else state,
        pending=found.counts[DeliveryState.PENDING],
        delivered=found.counts[DeliveryState.DELIVERED],
        dead=found.counts[DeliveryState.DEAD],
    )


def _id(text: str) -> WebhookEndpointId:
    return WebhookEndpointId(id_from("whe", text))
