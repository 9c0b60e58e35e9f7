"""Running the processes: web, worker, migrations."""

import asyncio
import sys

import click
import msgspec

from control_plane.runtime.logging import configure_logging
from control_plane.runtime.settings import load_settings
from web.commands.failing import refusals


@click.command()
@click.option("--host", default=None, help="Address to listen on (TALLYARD_HOST).")
@click.option("--port", type=int, default=None, help="Port to listen on (TALLYARD_PORT).")
@click.option("--workers", type=int, default=1, show_default=True, help="Web processes.")
@refusals
def serve(host: str | None, port: int | None, workers: int) -> None:
    """Serve the API and the portal."""
    from web.server import serve as serve_processes  # noqa: PLC0415 - only this needs the server
    from web.server import server_config  # noqa: PLC0415

    settings = load_settings()
    configure_logging(settings.log_level)
    serve_processes(
        server_config("web.asgi:app", host or settings.host, port or settings.port, workers=workers)
    )


@click.command()
@refusals
def worker() -> None:
    """Run what is due: deliveries, billing, provisioning, test clocks."""
    from web.worker import run_worker  # noqa: PLC0415 - keeps the other commands quick

    settings = load_settings()
    configure_logging(settings.log_level)
    asyncio.run(run_worker(settings))


@click.command("migrate")
@refusals
def migrate_command() -> None:
    """Create roles and database where missing, and bring the schema up to date."""
    from control_plane.runtime.migrate import migrate, pending_migrations  # noqa: PLC0415

    settings = load_settings()
    migrate(settings)
    click.echo(f"The schema is up to date ({len(pending_migrations(settings))} pending).")


@click.command()
def openapi() -> None:
    """Print the API's OpenAPI document."""
    from web.asgi import create_app  # noqa: PLC0415
    from web.compose import compose  # noqa: PLC0415
    from web.docs.schema import published_schema  # noqa: PLC0415

    schema = published_schema(create_app(compose(load_settings())))
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n")
