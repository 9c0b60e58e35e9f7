"""``tallyard demo`` and ``tallyard clean``."""

from pathlib import Path

import click

from web.commands.failing import refusals

folder_option = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var/demo"),
    envvar="TALLYARD_DEMO_FOLDER",
    show_default=True,
    help="What the demo keeps; emptied at its start. The database lies beside it.",
)


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
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8000,
    envvar="TALLYARD_DEMO_PORT",
    show_default=True,
    help="Where the portal answers; any free port where this one is taken.",
)
@folder_option
@refusals
def demo(*, once: bool, scale: float, runtime: str, port: int, folder: Path) -> None:
    """Live through a tenant's year on real sales data."""
    from web.demo.host import Host  # noqa: PLC0415 - keeps the other commands quick
    from web.demo.run import run_demo  # noqa: PLC0415

    host = Host(var_dir=folder.absolute(), runtime=runtime, preferred_port=port)
    raise SystemExit(run_demo(host, once=once, scale=scale))


@click.command()
@folder_option
def clean(folder: Path) -> None:
    """Remove a demo's folder and its database files."""
    from web.demo.host import clean_up  # noqa: PLC0415

    clean_up(folder.absolute())
