"""``tallyard tax``: legal entities and tax rates as code."""

from pathlib import Path

import click

from control_plane.kernel.exact import quantity_text
from web.commands.catalog import run
from web.commands.failing import refusals


@click.group()
def tax() -> None:
    """Publish and show legal entities and tax rates."""


@tax.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@refusals
def apply(file: Path, *, dry_run: bool) -> None:
    """Publish FILE. Rates are never overwritten; what FILE leaves out stays."""
    source = file.read_text(encoding="utf-8")
    changes = run(lambda application: application.apply_tax_sheet(source, dry_run=dry_run))
    for change in changes:
        click.echo(f"{change.effect:>8}  {change.what} {change.label}")
    if not changes:
        click.echo("Nothing would change.")


@tax.command()
@refusals
def show() -> None:
    """Show who sells, and the rates that are known."""
    tables = run(lambda application: application.read_tax())
    for entity in tables.entities:
        taxed = f"taxed in {entity.country}" if entity.tax is not None else "untaxed"
        click.secho(f"{entity.code}  {entity.name or '(vendor name)'}", bold=True)
        click.echo(f"    numbers {entity.prefix}-…, {taxed}, prepaid {entity.prepaid_policy.value}")
    for rate in tables.rates:
        ends = f" to {rate.valid_to}" if rate.valid_to else ""
        click.echo(
            f"{rate.jurisdiction:>6}  {rate.category:<12} {rate.code:<2} "
            f"{quantity_text(rate.rate):>6} %  from {rate.valid_from}{ends}"
        )
