"""``tallyard entitlements audit``: do the lease accounts add up?"""

import click

from web.commands.catalog import run
from web.commands.failing import refusals, shell_language
from web.i18n import N_, translate


@click.command()
@refusals
def audit() -> None:
    """Hold every lease account against its leases; the status is 1 where one does not add up."""
    found = run(lambda application: application.audit_leases())
    for wrong in found:
        click.echo(f"{wrong.tenant_id}  {wrong.feature}  {wrong.period}  {wrong.wrong}")
    if found:
        raise SystemExit(1)
    click.echo(translate(shell_language(), N_("All lease accounts add up.")))
