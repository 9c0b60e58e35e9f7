"""``tallyard clock``: a sandbox's own time, read and moved."""

import asyncio
from datetime import datetime

import click

from control_plane.kernel.ids import TenantId, parse_id
from control_plane.kernel.instants import instant_text
from control_plane.tenancy.test_clocks import SandboxClock
from web.api.clocks import advance_target
from web.commands.catalog import run
from web.commands.failing import refusals, shell_language
from web.compose import Application
from web.i18n import N_, translate

ACTOR = "cli"
_SECONDS_BETWEEN_LOOKS = 0.2


@click.group()
def clock() -> None:
    """Read and move the test clock of a sandbox (TENANT is its id, ten_…)."""


@clock.command()
@click.argument("tenant")
@refusals
def show(tenant: str) -> None:
    """Say what time it is in the sandbox TENANT."""
    tenant_id = TenantId(parse_id("ten", tenant))
    _tell(run(lambda application: application.read_test_clock(tenant_id)))


@clock.command()
@click.argument("tenant")
@click.option("--at", help="When it begins (RFC 3339); now, without.")
@refusals
def create(tenant: str, at: str | None) -> None:
    """Give the sandbox TENANT a clock of its own, before anything is bought."""
    tenant_id = TenantId(parse_id("ten", tenant))
    begins = datetime.fromisoformat(at) if at else None
    _tell(
        run(
            lambda application: application.create_test_clock(
                tenant_id=tenant_id, actor=ACTOR, at=begins
            )
        )
    )


@clock.command()
@click.argument("tenant")
@click.option("--to", help="The instant to go to (RFC 3339).")
@click.option("--by", help="How far to go, such as P30D, P6M or P5Y.")
@click.option("--wait/--no-wait", default=True, help="Wait until everything due has happened.")
@refusals
def advance(tenant: str, to: str | None, by: str | None, *, wait: bool) -> None:
    """Move TENANT's clock forward. A running worker does what falls due on the way, in order."""
    tenant_id = TenantId(parse_id("ten", tenant))
    _tell(run(lambda application: _advance(application, tenant_id, to, by, wait=wait)))


async def _advance(
    application: Application, tenant_id: TenantId, to: str | None, by: str | None, *, wait: bool
) -> SandboxClock:
    target = await advance_target(application, tenant_id, to=to, by=by)
    moving = await application.request_clock_advance(tenant_id=tenant_id, to=target, actor=ACTOR)
    while wait and moving.target is not None and moving.last_error is None:
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
        moving = await application.read_test_clock(tenant_id)
    return moving


def _tell(found: SandboxClock) -> None:
    language = shell_language()
    click.echo(instant_text(found.now))
    if found.target is not None:
        said = translate(language, N_("on its way to {target}"), target=instant_text(found.target))
        click.echo(said)
    if found.last_error:
        click.secho(found.last_error, fg="red", err=True)
        raise SystemExit(1)
