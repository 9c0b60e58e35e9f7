"""``tallyard billing``: organisations whose billing is halted, and letting it go on."""

import click

from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.instants import instant_text
from web.api.common import id_from
from web.commands.catalog import run
from web.commands.failing import refusals, shell_language
from web.i18n import N_, told, translate

ACTOR = "cli"


@click.group()
def billing() -> None:
    """See whose billing is halted, and let it go on."""


@billing.command()
@refusals
def halted() -> None:
    """List organisations whose billing is halted, since when, and why."""
    for account in run(lambda application: application.list_halted_accounts()):
        tenant = format_id("ten", account.tenant_id)
        why = told(shell_language(), account.reason)
        click.echo(f"{tenant}  {instant_text(account.parked_at)}  {why}")


@billing.command()
@click.argument("tenant")
@refusals
def resume(tenant: str) -> None:
    """Let TENANT's billing go on, when its cause is mended. What fell due is invoiced then."""
    owner = TenantId(id_from("ten", tenant))
    run(lambda application: application.resume_billing(tenant_id=owner, actor=ACTOR))
    said = N_("Billing goes on. What fell due is invoiced within a minute.")
    click.echo(translate(shell_language(), said))
