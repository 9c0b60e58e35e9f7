"""``tallyard webhooks``: where organisations are told, what was sent, and sending it again."""

from collections.abc import Sequence
from typing import TextIO

import click

from control_plane.kernel.ids import TenantId, WebhookDeliveryId, WebhookEndpointId, format_id
from control_plane.kernel.instants import instant_text
from control_plane.notifications.webhooks.domain import Delivery, DeliveryState, EndpointKind
from control_plane.notifications.webhooks.events import EventType
from control_plane.notifications.webhooks.services.read_deliveries import EndpointSummary
from web.api.common import id_from
from web.commands.catalog import run
from web.commands.failing import refusals
from web.compose import Application

ACTOR = "cli"
MOST_LISTED = 200


@click.group()
def webhooks() -> None:
    """Add, disable and list webhook endpoints; see what was sent, and send it again."""


@webhooks.command("list")
@click.argument("tenant")
@refusals
def list_(tenant: str) -> None:
    """List the endpoints of TENANT (ten_…), in the order they were made."""
    owner = TenantId(id_from("ten", tenant))

    async def act(application: Application) -> Sequence[EndpointSummary]:
        await application.read_organisation(owner)
        return await application.list_webhooks(owner)

    for found in run(act):
        click.echo(_endpoint_line(found))


def _endpoint_line(found: EndpointSummary) -> str:
    one = found.endpoint
    state = "enabled" if one.disabled_at is None else f"disabled ({one.disabled_reason})"
    counts = ", ".join(f"{found.counts[state]} {state.value}" for state in DeliveryState)
    name, events = format_id("whe", one.id), ",".join(one.events)
    line = f"{name}  {one.kind.value}  {state}  {counts}  {events}  {one.url}"
    return f"{line}  {one.description}".rstrip()


@webhooks.command()
@click.argument("tenant")
@click.argument("url")
@click.option(
    "--event",
    "events",
    multiple=True,
    required=True,
    type=click.Choice([event.value for event in EventType]),
    help="What it is told of; as often as you like.",
)
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in EndpointKind]),
    default=EndpointKind.STANDARD.value,
    show_default=True,
    help="A program of its own, or the robot of a chat group.",
)
@click.option("--description", default="", help="What people call it.")
@click.option(
    "--secret-file",
    type=click.File("r"),
    help="Holds the secret of a DingTalk robot; - reads standard input.",
)
@refusals
def add(
    tenant: str,
    url: str,
    events: tuple[str, ...],
    kind: str,
    description: str,
    secret_file: TextIO | None,
) -> None:
    """Add an endpoint at URL to TENANT (ten_…); a program's secret is printed this once.

    Each call adds one: after an answer that never came, look at the list first.
    """
    owner = TenantId(id_from("ten", tenant))
    secret = "" if secret_file is None else secret_file.read().strip()

    async def act(application: Application) -> tuple[str, str | None]:
        await application.read_organisation(owner)
        endpoint, made = await application.create_webhook(
            tenant_id=owner,
            kind=EndpointKind(kind),
            url=url,
            events=events,
            actor=ACTOR,
            description=description,
            secret=secret,
        )
        return format_id("whe", endpoint.id), made

    name, made = run(act)
    click.echo(name)
    if made is not None:
        click.echo(made)


@webhooks.command()
@click.argument("tenant")
@click.argument("webhook")
@refusals
def disable(tenant: str, webhook: str) -> None:
    """Send nothing more to WEBHOOK (whe_…) of TENANT (ten_…); what waits is kept for a replay."""
    _switch(tenant, webhook, disabled=True)
    click.echo(f"{webhook} is disabled.")


@webhooks.command()
@click.argument("tenant")
@click.argument("webhook")
@refusals
def enable(tenant: str, webhook: str) -> None:
    """Send to WEBHOOK (whe_…) of TENANT (ten_…) again; what was kept is sent by a replay."""
    _switch(tenant, webhook, disabled=False)
    click.echo(f"{webhook} is enabled.")


def _switch(tenant: str, webhook: str, *, disabled: bool) -> None:
    owner, endpoint = TenantId(id_from("ten", tenant)), _endpoint(webhook)
    run(
        lambda application: application.change_webhook(
            tenant_id=owner, endpoint_id=endpoint, actor=ACTOR, disabled=disabled
        )
    )


@webhooks.command()
@click.argument("tenant")
@click.option("--webhook", help="Of one endpoint (whe_…) only.")
@click.option("--state", type=click.Choice([state.value for state in DeliveryState]))
@click.option("--after", help="The last delivery (whd_…) of the page before.")
@click.option("--limit", type=click.IntRange(1, MOST_LISTED), default=50, show_default=True)
@refusals
def deliveries(
    tenant: str, webhook: str | None, state: str | None, after: str | None, limit: int
) -> None:
    """List what was sent for TENANT (ten_…), the latest first."""
    owner = TenantId(id_from("ten", tenant))
    endpoint = None if webhook is None else _endpoint(webhook)
    last = None if after is None else _delivery(after)
    wanted = None if state is None else DeliveryState(state)

    async def act(application: Application) -> Sequence[Delivery]:
        await application.read_organisation(owner)
        return await application.list_webhook_deliveries(
            tenant_id=owner, endpoint_id=endpoint, state=wanted, after=last, limit=limit
        )

    for delivery in run(act):
        click.echo(_delivery_line(delivery))


def _delivery_line(one: Delivery) -> str:
    name, endpoint = format_id("whd", one.id), format_id("whe", one.endpoint_id)
    answer = one.last_error or one.last_status or "-"
    made = instant_text(one.message.created_at)
    told = f"{name}  {made}  {one.message.type}  {one.state.value}  {one.attempts} attempts"
    return f"{told}  {answer}  {endpoint}"


@webhooks.command()
@click.argument("tenant")
@click.argument("of")
@refusals
def replay(tenant: str, of: str) -> None:
    """Send OF again for TENANT (ten_…): one delivery (whd_…), or all dead ones of a whe_….

    Each goes out under its old message id; one that is still on its way stays as it is.
    """
    owner = TenantId(id_from("ten", tenant))

    async def act(application: Application) -> str:
        if of.startswith("whe_"):
            count = await application.replay_webhooks.all_dead(
                tenant_id=owner, endpoint_id=_endpoint(of), actor=ACTOR
            )
            return f"{count} sent again"
        one = await application.replay_webhooks.one(
            tenant_id=owner, delivery_id=_delivery(of), actor=ACTOR
        )
        return _delivery_line(one)

    click.echo(run(act))


def _endpoint(text: str) -> WebhookEndpointId:
    return WebhookEndpointId(id_from("whe", text))


def _delivery(text: str) -> WebhookDeliveryId:
    return WebhookDeliveryId(id_from("whd", text))
