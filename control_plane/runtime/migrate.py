"""Bring a database to the newest schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from control_plane.runtime.roles import Role, ensure_cluster, role_url
from control_plane.runtime.settings import Settings


def _config(settings: Settings) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["settings"] = settings
    return config


def migrate(settings: Settings) -> None:
    """Create roles and database where missing, then run what is pending. Safe to repeat."""
    ensure_cluster(settings)
    command.upgrade(_config(settings), "head")


def pending_migrations(settings: Settings) -> tuple[str, ...]:
    """Name the migrations this database has not seen, oldest first."""
    script = ScriptDirectory.from_config(_config(settings))
    engine = create_engine(role_url(settings, Role.OWNER))
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    engine.dispose()
    pending = [r.revision for r in script.iterate_revisions("head", current or "base")]
    return tuple(reversed(pending))
