"""``tallyard demo`` and ``tallyard clean``."""

import click

from web.commands.failing import refusals


@click.command()
@click.option("--once", is_flag=True, help="Exit at the end; status 0 only if the books agree.")
@click.option(
    "--scale",
    type=click.FloatRange(0.01, 1.0),
    default=1.0,
    show_default=True,
    help="Share of the year's days to replay.",
)
@click.option(
    "--runtime",
    type=click.Choice(["process", "docker"]),
    default="process",
    show_default=True,
    help="Where the module services run.",
)
@refusals
def demo(*, once: bool, scale: float, runtime: str) -> None:
    """Live through a tenant's year on real sales data."""
    from web.demo.run import run_demo  # noqa: PLC0415 - keeps the other commands quick

    raise SystemExit(run_demo(once=once, scale=scale, runtime=runtime))


@click.command()
def clean() -> None:
    """Stop what a demo left behind and remove this clone's database files."""
    from web.demo.run import clean_up  # noqa: PLC0415

    clean_up()
