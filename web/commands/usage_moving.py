"""``tallyard usage migrate``: a live organisation's usage, from one store to another."""

import click

from control_plane.kernel.ids import TenantId
from metering.stores.moving import Stage
from metering.stores.routes import StoreName
from web.api.common import id_from
from web.commands.catalog import run
from web.commands.failing import refusals, shell_language
from web.compose import Application
from web.i18n import N_, translate


@click.command()
@click.option("--tenant", required=True, help="The organisation (ten_…).")
@click.option(
    "--to", type=click.Choice([name.value for name in StoreName]), help="The store to move to."
)
@click.option("--abandon", is_flag=True, help="Give up the move that is under way.")
@refusals
def migrate(tenant: str, to: str | None, *, abandon: bool) -> None:
    """Move an organisation's usage to another store, while it goes on being written and read.

    What comes meanwhile is written to both. The copy is compared with what it was made of, type by
    type and month by month; where anything differs, nothing is switched. Run it again after it was
    cut short: it goes on where it was.
    """
    if abandon is (to is not None):
        raise click.UsageError("Give either --to or --abandon.")
    owner = TenantId(id_from("ten", tenant))
    if to is None:
        stays = run(lambda application: _abandon(application, owner))
        said = N_("The move to the store {store} was given up; everything is where it was.")
        click.echo(translate(shell_language(), said, store=stays))
        return
    rows = run(lambda application: _move(application, owner, StoreName(to)))
    said = N_("The usage is kept in the store {store} now; {rows} rows were copied.")
    click.echo(translate(shell_language(), said, store=to, rows=rows))


async def _move(application: Application, owner: TenantId, to: StoreName) -> int:
    await application.read_organisation(owner)
    move = await application.move_usage()
    return await move(owner, to, progress=_told)


async def _abandon(application: Application, owner: TenantId) -> str:
    await application.read_organisation(owner)
    move = await application.move_usage()
    return (await move.abandon(owner)).value


def _told(stage: Stage, rows: int) -> None:
    click.echo(f"\r{stage.value}  {rows}", nl=False, err=True)
