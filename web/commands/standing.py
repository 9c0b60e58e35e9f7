"""``tallyard standing``: who does not pay, how one organisation stands, and holding its ladder."""

from datetime import datetime

import click

from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.instants import instant_text
from control_plane.sdk.snapshot import Standing
from web.api.common import id_from, instant_from
from web.commands.catalog import run
from web.commands.failing import refusals

ACTOR = "cli"


@click.group()
def standing() -> None:
    """See how organisations stand with their payments, and hold what would happen next."""


@standing.command("list")
@click.option("--standing", "only", type=click.Choice([one.value for one in Standing]))
@refusals
def list_(only: str | None) -> None:
    """List the organisations that do not stand well or are held, the lowest first."""
    wanted = None if only is None else Standing(only)
    for row in run(lambda application: application.list_standings(wanted)):
        tenant = format_id("ten", row.tenant_id)
        since, held = _text(row.overdue_since), _text(row.held_until)
        click.echo(f"{tenant}  {row.standing.value}  since {since}  held until {held}  {row.name}")


@standing.command()
@click.argument("tenant")
@refusals
def show(tenant: str) -> None:
    """Show how TENANT (ten_…) stands, what comes next, and what has happened."""
    owner = TenantId(id_from("ten", tenant))
    view = run(lambda application: application.read_standing(owner))
    click.echo(f"{view.standing.value}  overdue since {_text(view.overdue_since)}")
    if view.next is not None:
        told = "announced" if view.next.announced else "not announced yet"
        at = instant_text(view.next.effective_at)
        click.echo(f"next: {view.next.standing.value} at {at} ({told})")
    if view.hold is not None:
        click.echo(f"held until {_text(view.hold.effective_at)}: {view.hold.reason}")
    for step in view.steps:
        at, effective = instant_text(step.at), _text(step.effective_at)
        line = f"{step.number}  {at}  {step.kind.value}  {step.standing.value}  {effective}"
        click.echo(f"{line}  {step.actor}  {step.reason}")


@standing.command()
@click.argument("tenant")
@click.option("--until", required=True, help="An instant of its own time, with an offset.")
@click.option("--reason", required=True, help="Stays on record; staff alone read it.")
@refusals
def hold(tenant: str, until: str, reason: str) -> None:
    """Keep TENANT where it stands. Paying still restores it at once."""
    owner, end = TenantId(id_from("ten", tenant)), instant_from(until, field="until")
    run(
        lambda application: application.hold_standing(
            tenant_id=owner, reason=reason, until=end, actor=ACTOR
        )
    )
    click.echo(f"held until {instant_text(end)}")


@standing.command()
@click.argument("tenant")
@refusals
def release(tenant: str) -> None:
    """End TENANT's hold now. What was due meanwhile is announced first."""
    owner = TenantId(id_from("ten", tenant))
    run(lambda application: application.release_standing(tenant_id=owner, actor=ACTOR))
    click.echo("released")


def _text(at: datetime | None) -> str:
    return "-" if at is None else instant_text(at)
