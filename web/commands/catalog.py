"""``tallyard catalog``: the catalogue as code."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click

from billing.domain.life.fees import Held, recurring_fee
from control_plane.catalog.diff import Difference, Publication
from control_plane.catalog.policies import DEFAULTS
from control_plane.runtime.settings import load_settings
from web.commands.failing import refusals
from web.compose import Application, compose

R = TypeVar("R")
_ANY_ZONE = "UTC"
"""A whole period's fee is the same in every zone."""


@click.group()
def catalog() -> None:
    """Validate, compare, publish and show the catalogue."""


def run(use: Callable[[Application], Awaitable[R]]) -> R:
    """Run one use case in a fresh application and close it again."""

    async def inside() -> R:
        application = compose(load_settings())
        try:
            await application.check_stores()
            return await use(application)
        finally:
            await application.close()

    return asyncio.run(inside())


@catalog.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@refusals
def diff(file: Path) -> None:
    """Show what publishing FILE would change. Changes nothing."""
    source = file.read_text(encoding="utf-8")
    _show(run(lambda application: application.diff_catalog(source)))


@catalog.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@refusals
def apply(file: Path) -> None:
    """Publish FILE. Changed plans become new versions; what was sold stays as it is."""
    source = file.read_text(encoding="utf-8")
    _show(run(lambda application: application.apply_catalog(source)))


@catalog.command()
@refusals
def show() -> None:
    """Show what is on sale now."""
    current = run(lambda application: application.read_catalog())
    for plan in current.plans.values():
        click.secho(f"{plan.label}  {plan.name.en} / {plan.name.zh}", bold=True)
        click.echo(f"    modules: {', '.join(plan.modules)}")
        for price in plan.prices:
            policies = DEFAULTS.over(plan.policies, price.policies)
            listed = recurring_fee(Held(plan.label, price, {}, policies, _ANY_ZONE))
            fee = f"{listed.decimal_text()} {price.currency.code}"
            usage = ", ".join(c.code for c in price.charges if c.meter)
            per = price.interval.value if price.count == 1 else f"{price.count} {price.interval}s"
            click.echo(f"    {fee} a {per}" + (f" + {usage}" if usage else ""))
    for addon in current.addons.values():
        prices = ", ".join(f"{m.decimal_text()} {code}" for code, m in addon.prices.items())
        click.secho(f"{addon.label}  {addon.name.en} / {addon.name.zh}", bold=True)
        click.echo(f"    season {addon.season}: {prices}")


def difference_line(difference: Difference) -> str:
    """Say one difference in a line, and each changed value in a line below it."""
    version = "" if difference.version is None else f"@{difference.version}"
    head = f"{difference.effect.value:>9}  {difference.section} {difference.code}{version}"
    below = [f"             {f.path}: {f.before} → {f.after}" for f in difference.fields]
    return "\n".join([head, *below])


def _show(publication: Publication) -> None:
    for difference in publication.differences:
        click.echo(difference_line(difference))
    if not publication.differences:
        click.echo("Nothing would change.")
