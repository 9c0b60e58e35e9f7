"""``tallyard usage export``: a tenant's events, written to a file."""

from pathlib import Path

import click

from control_plane.kernel.ids import TenantId
from metering.sources.writing import writing
from web.api.common import id_from
from web.api.usage_series import period_from
from web.commands.catalog import run
from web.commands.failing import refusals, shell_language
from web.compose import Application
from web.i18n import N_, translate


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--tenant", required=True, help="The organisation (ten_…).")
@click.option("--from", "from_", required=True, help="The first instant, with its offset.")
@click.option("--to", required=True, help="The instant at which it ends, with its offset.")
@refusals
def export(file: Path, tenant: str, from_: str, to: str) -> None:
    """Write the events of a time to FILE: .parquet, or lines of JSON under any other name.

    Events are as they were sent, exact in every digit; those that were taken back are among
    them, and so is what takes them back. `tallyard events import` reads both forms.
    """
    owner, period = TenantId(id_from("ten", tenant)), period_from(from_, to)

    async def written(application: Application) -> int:
        count = 0
        with writing(file) as writer:
            async for batch in application.export_usage(owner, period):
                writer.write(batch)
                count += len(batch)
        return count

    said = translate(shell_language(), N_("{count} event(s) written."), count=run(written))
    click.echo(said, err=True)
