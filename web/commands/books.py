"""``tallyard books``: whether the books agree."""

import click

from billing.services.check_books import Finding
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.logging import configure_logging
from control_plane.runtime.settings import load_settings
from web.api.common import id_from
from web.commands.catalog import run
from web.commands.failing import refusals
from web.compose import Application

_PAGE = 500


@click.group()
def books() -> None:
    """Check the books: every invariant of billing, as queries."""


@books.command()
@click.option("--tenant", default=None, help="Only this organisation (ten_…).")
@refusals
def check(tenant: str | None) -> None:
    """Check every organisation's books, and the numbers of every legal entity.

    What ended months earned is posted first. Ends with status 1 when anything is broken.
    """
    configure_logging(load_settings().log_level)
    findings = run(lambda application: _check(application, tenant))
    for whose, finding in findings:
        click.secho(f"{whose}: {finding.rule}", fg="red")
        for place in finding.where:
            click.echo(f"    {place}")
    if findings:
        raise SystemExit(1)
    click.echo("The books agree.")


async def _check(application: Application, tenant: str | None) -> list[tuple[str, Finding]]:
    if tenant is not None:
        owner = TenantId(id_from("ten", tenant))
        await application.read_organisation(owner)
        return [(tenant, finding) for finding in await application.audit_books(owner)]
    gaps = await application.check_numbers()
    findings = [(format_id("ten", owner), gap) for owner, found in gaps.items() for gap in found]
    after: TenantId | None = None
    while page := await application.list_organisations(text=None, after=after, limit=_PAGE):
        for organisation in page:
            name = format_id("ten", organisation.id)
            findings += [(name, f) for f in await application.audit_books(organisation.id)]
        after = page[-1].id
    return findings
