"""``tallyard report``: finance's reports as a table, CSV or Excel; ``tallyard vouchers``."""

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from billing.domain.numbers import grouped
from billing.domain.reports.sheet import Cell, Column, ColumnKind, Sheet
from billing.reporting.sheet_csv import plain, sheet_csv
from billing.reporting.sheet_excel import sheet_excel
from billing.repositories.revenue import Scope
from control_plane.kernel.ids import TenantId
from control_plane.kernel.money import Money
from web.api.common import id_from
from web.commands.catalog import run
from web.commands.failing import refusals, shell_language
from web.compose import Application
from web.reports.asking import asked_from
from web.reports.words import REPORTS, word

_WIDE = 240
_RIGHT = {ColumnKind.MONEY, ColumnKind.COUNT, ColumnKind.RATIO}


@click.command()
@click.argument("name", type=click.Choice(list(REPORTS)))
@click.option("--from", "first", default=None, help="First day, such as 2026-01-01.")
@click.option("--to", "last", default=None, help="Last day; a balance is that of its end.")
@click.option("--tenant", default=None, help="Only this organisation (ten_…).")
@click.option("--entity", default=None, help="Another legal entity than the live one.")
@click.option("--currency", default=None, help="Only this currency.")
@click.option("--by", default=None, help="Revenue by account, plan, module or charge.")
@click.option("--account", default=None, help="The general ledger's account.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="A .csv or .xlsx file."
)
@refusals
def report(
    name: str,
    first: str | None,
    last: str | None,
    tenant: str | None,
    entity: str | None,
    currency: str | None,
    by: str | None,
    account: str | None,
    out: Path | None,
) -> None:
    """Run the report NAME over all live organisations, or one."""
    said = {
        "first": first,
        "last": last,
        "tenant_id": tenant,
        "entity": entity,
        "currency": currency,
        "by": by,
        "account": account,
    }
    sheets = run(lambda application: _sheets(application, name, said))
    if out is None:
        for sheet in sheets:
            show_sheet(sheet)
        return
    _write(sheets, out)
    click.echo(out)


async def _sheets(application: Application, name: str, said: dict[str, str | None]) -> list[Sheet]:
    asked = asked_from(said, application.clock.now().date())
    return await application.run_report(name, asked)


def _write(sheets: Sequence[Sheet], out: Path) -> None:
    """Write one workbook; or a CSV file for each sheet, further ones named after their sheets."""
    language = shell_language()
    if out.suffix == ".xlsx":
        out.write_bytes(sheet_excel(sheets, lambda key: word(key, language)))
        return
    for place, sheet in enumerate(sheets):
        path = out if place == 0 else out.with_stem(f"{out.stem}-{sheet.code}")
        with path.open("wb") as file:
            file.writelines(sheet_csv(sheet))


def show_sheet(sheet: Sheet) -> None:
    """Print a sheet as a table, in the reader's language."""
    language = shell_language()
    table = Table(title=word(sheet.code, language), title_justify="left", box=None)
    for column in sheet.columns:
        right = column.kind in _RIGHT
        title = word(column.key, language)
        table.add_column(title, justify="right" if right else "left", no_wrap=right)
    for row in sheet.rows:
        table.add_row(*_texts(sheet.columns, row, language))
    if sheet.sums:
        table.add_section()
    for row in sheet.sums:
        table.add_row(*_texts(sheet.columns, row, language), style="bold")
    # Into a pipe or a file nothing is cut off: there is no screen to fit.
    console = Console() if sys.stdout.isatty() else Console(width=_WIDE)
    console.print(table)


def _texts(columns: Sequence[Column], row: Sequence[Cell], language: str) -> list[str]:
    return [_text(c, cell, language) for c, cell in zip(columns, row, strict=True)]


def _text(column: Column, cell: Cell, language: str) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Money):
        return f"{grouped(cell.decimal_text())} {cell.currency.code}"
    if column.kind is ColumnKind.RATIO:
        return f"{plain(column, cell)} %"
    return word(str(cell), language) if column.kind is ColumnKind.CODE else plain(column, cell)


@click.command()
@click.argument("mapping", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--from", "first", required=True, help="The first month, such as 2026-10.")
@click.option("--to", "last", default=None, help="The last month; the first by default.")
@click.option("--tenant", default=None, help="Only this organisation (ten_…).")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("vouchers.csv"),
    show_default=True,
)
@refusals
def vouchers(mapping: Path, first: str, last: str | None, tenant: str | None, out: Path) -> None:
    """Export whole months as accounting vouchers (凭证), by the accounts of MAPPING (YAML)."""
    source = mapping.read_text(encoding="utf-8")
    begin, end = _month(first), _month(last or first)
    scope = Scope(tenant_id=TenantId(id_from("ten", tenant)) if tenant else None)
    found = run(lambda application: application.export_vouchers(source, begin, end, scope))
    with out.open("wb") as file:
        file.writelines(found)
    click.echo(out)


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise click.BadParameter(f"“{text}” is not a month such as 2026-10.") from error
