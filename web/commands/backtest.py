"""``tallyard backtest``: real history under another catalogue, as table, chart and CSV."""

from datetime import datetime
from pathlib import Path

import click
from rich.progress import Progress

from billing.domain.whatif.backtest import Backtest, days_in
from billing.reporting.backtest_chart import backtest_chart
from billing.reporting.backtest_sheets import backtest_sheets
from billing.reporting.sheet_csv import sheet_csv
from control_plane.kernel.calendar import Period
from control_plane.kernel.currency import currency
from web.commands.catalog import run
from web.commands.failing import refusals, shell_language
from web.commands.report import show_sheet
from web.compose import Application
from web.i18n import N_, translate

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command()
@click.option(
    "--catalog",
    "file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The catalogue to try.",
)
@click.option("--from", "first", required=True, type=_DAY, help="First day, such as 2026-01-01.")
@click.option("--to", "last", required=True, type=_DAY, help="Last day, included.")
@click.option("--zone", default="Asia/Shanghai", show_default=True, help="Whose days these are.")
@click.option("--sandboxes", is_flag=True, help="Count sandboxes too.")
@click.option("--csv", "csv_file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--chart", "svg_file", type=click.Path(dir_okay=False, path_type=Path))
@refusals
def backtest(
    file: Path,
    first: datetime,
    last: datetime,
    zone: str,
    csv_file: Path | None,
    svg_file: Path | None,
    *,
    sandboxes: bool,
) -> None:
    """Rate the real history of all organisations under another catalogue. Changes nothing."""
    period = days_in(first.date(), last.date(), zone)
    source = file.read_text(encoding="utf-8")
    found = run(lambda application: _found(application, source, period, sandboxes=sandboxes))
    sheets = backtest_sheets(found)
    for sheet in sheets:
        show_sheet(sheet)
    if csv_file is not None:
        csv_file.write_bytes(b"".join(sheet_csv(sheets[1])))
        click.echo(csv_file)
    if svg_file is not None:
        _draw(found, svg_file, f"{first:%Y-%m-%d} … {last:%Y-%m-%d}")


async def _found(
    application: Application, source: str, period: Period, *, sandboxes: bool
) -> Backtest:
    with Progress(transient=True) as bar:
        task = bar.add_task("", total=None)
        return await application.run_backtest(
            source,
            period,
            sandboxes=sandboxes,
            progress=lambda done, of: bar.update(task, completed=done, total=of),
        )


def _draw(found: Backtest, file: Path, span: str) -> None:
    """Write one drawing for each currency, further ones named after theirs."""
    language = shell_language()
    for place, summed in enumerate(found.summaries()):
        code = summed.before.currency.code
        path = file if place == 0 else file.with_stem(f"{file.stem}-{code}")
        title = translate(language, N_("What customers would have paid more or less"))
        path.write_text(
            backtest_chart(found, currency(code), f"{title} · {code}", span), encoding="utf-8"
        )
        click.echo(path)
