"""``tallyard events import``: a file of events, taken in exactly once."""

from dataclasses import dataclass
from pathlib import Path

import click

from control_plane.kernel.ids import TenantId
from control_plane.runtime.settings import load_settings
from metering.sources.files import FORMS, EventFile, form_of
from metering.sources.shape import Shape
from web.api.common import id_from
from web.commands.catalog import run
from web.commands.events_importing import Import, Position
from web.commands.failing import refusals

_SOME_REFUSED = 3


@dataclass(frozen=True, slots=True)
class Pair(click.ParamType[tuple[str, str]]):
    """``ATTRIBUTE=VALUE``."""

    name = "pair"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Split at the first ``=``."""
        target, sign, rest = str(value).partition("=")
        if not (target and sign and rest):
            self.fail(f"{value!r} is not of the form ATTRIBUTE=VALUE", param, ctx)
        return target, rest


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tenant", required=True, help="The organisation (ten_…).")
@click.option("--format", "form", type=click.Choice(FORMS), help="By default, as FILE ends.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    type=Pair(),
    metavar="ATTRIBUTE=COLUMN",
    help="Read id, source, type, subject, time or data.<property> from this column.",
)
@click.option(
    "--set",
    "constants",
    multiple=True,
    type=Pair(),
    metavar="ATTRIBUTE=TEXT",
    help="The same for every row, such as type=tallyard.outbound.shipment_posted.",
)
@click.option("--source", help="Of rows that name none; /import/<FILE> by default.")
@click.option("--zone", help="The IANA zone of times without an offset; without, they are refused.")
@click.option("--delimiter", help="Between the cells of a CSV: a comma, or a tab in .tsv.")
@click.option("--batch", type=click.IntRange(1, 10_000), default=1_000, show_default=True)
@click.option("--dry-run", is_flag=True, help="Read, judge and count; change nothing.")
@click.option("--restart", is_flag=True, help="Begin at the first row, even after a run cut short.")
@click.option(
    "--refused",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where refused rows are written; <FILE>.refused.ndjson, here, by default.",
)
@refusals
def import_events(
    file: Path,
    tenant: str,
    form: str | None,
    columns: tuple[tuple[str, str], ...],
    constants: tuple[tuple[str, str], ...],
    source: str | None,
    zone: str | None,
    delimiter: str | None,
    batch: int,
    refused: Path | None,
    *,
    dry_run: bool,
    restart: bool,
) -> None:
    """Take in the events of FILE: CSV with a header, lines of JSON, or Parquet.

    Every event counts once, however often its file is imported. A run that was cut short is taken
    up where it ended. Ends with status 0 when every row was taken, 3 when some were refused, and 1
    when it could not be finished.
    """
    known = form or form_of(file)
    if known is None:
        raise click.UsageError(f"{file.name} does not end as any form does: say --format.")
    shape = Shape(source or f"/import/{file.name}", dict(columns), dict(constants), zone)
    usual = "\t" if file.suffix.lower() == ".tsv" else ","
    told = EventFile(file, known, shape, delimiter or usual, batch)
    position = Position.of(load_settings().var_dir / "imports", told, tenant)
    if restart:
        position.forget()
    doing = Import(
        file=told,
        tenant_id=TenantId(id_from("ten", tenant)),
        refused=refused or Path(f"{file.name}.refused.ndjson"),
        position=None if dry_run else position,
    )
    tally = run(doing)
    raise SystemExit(_SOME_REFUSED if tally.refused else 0)
